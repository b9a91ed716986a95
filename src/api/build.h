#ifndef API_BUILD_H
#define API_BUILD_H

#include "api/api.h"
#include "image/store.h"

/*
 * `packages` and `build.steps`: each a command that runs as root in a throw-away box over the
 * base and the layers so far. What it writes is a layer, found again by the key of what went
 * into it (image/buildkey.h).
 */

/**
 * struct build_base - what the steps start from; borrowed
 * @id:		what stands for it in the keys: digest of the image; NULL: @lower is one folder
 * of the host, recognized by itself (build_folder_id())
 * @lower:	its folders, topmost first
 * @lower_root:	as struct prepare_request
 * @env:	NAME=VALUE of the image; may be NULL
 * @platform:	"linux/amd64"
 * @lease:	gets the layers of the steps; NULL: the caller does not keep them
 */
struct build_base {
	const char *id;
	const struct strv *lower;
	const uint32_t *lower_root;
	const struct strv *env;
	const char *platform;
	struct layer_lease *lease;
};

/**
 * struct build_options - how to build
 * @no_cache:	run every step
 * @from:	run this number of build.steps and what follows; 0: none
 * @dry_run:	only say what is cached; *out_layers are those that are
 * @debug:	a shell in the box of the failed step; it needs a terminal
 */
struct build_options {
	bool no_cache;
	size_t from;
	bool dry_run;
	bool debug;
	bool allow_degraded;
};

/** api_has_build() - the profile has packages or steps. */
bool api_has_build(const struct spec *spec);

/**
 * api_build() - the layers of the profile's packages and steps, those that are missing made
 * @options:	NULL: none
 * @out_layers:	ids on top of the base, bottom first
 * @err:	step, line of the profile, how the command ended, what to do
 */
/* NOLINTNEXTLINE(readability-function-size): who, what, on what, how, and the results. */
int api_build(struct devbox *devbox, const struct spec *spec, const struct project *project,
	      const struct build_base *base, const struct build_options *options,
	      struct strv *out_layers, struct err *err);

/** build_folder_id() - a folder that is a root, for the keys: its path and inode, and the times
 * of change of it and of what its package manager writes. free() it. */
int build_folder_id(const char *dir, char **out_id, struct err *err);

/**
 * devbox_build() - the image of the profile and the layers on it, without starting a box
 * @pull:	as pull_policy `always`
 */
int devbox_build(struct devbox *devbox, const struct build_options *options, bool pull,
		 struct err *err);

#endif
