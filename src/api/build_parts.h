#ifndef API_BUILD_PARTS_H
#define API_BUILD_PARTS_H

#include "api/build.h"
#include "api/internal.h"
#include "image/buildkey.h"

#include <time.h>

/* Between the files of a build: private to build*.c. */

/**
 * struct build_step - one step, worked out; owned
 * @name:	"packages", or its number from 1
 * @words:	"packages", "step 1"
 * @what:	for people, one line
 * @caches:	words and folders
 * @inputs:	host paths, each once
 * @spec:	NULL: packages
 */
struct build_step {
	char *name;
	char *words;
	char *what;
	char *command;
	struct strv env;
	struct strv packages;
	struct strv caches;
	struct strv inputs;
	struct build_files files;
	bool network;
	size_t number; /* 0: packages */
	const struct spec_build_step *spec;
	struct origin at;
	char key[SHA256_HEX_MAX];
};
void build_step_done(struct build_step *step);

/** struct build - one call of api_build() */
struct build {
	struct devbox *devbox;
	const struct spec *spec;
	const struct project *project;
	const struct build_base *base;
	const struct build_options *options;
	struct prepared maps; /* only the maps */
	struct image_store store;
	struct file_hashes *hashes;
	struct strv lower; /* of the next step, topmost first */
	char *parent;      /* key of the step before, or what stands for the base */
	int64_t parent_made_ms;
	const char *again; /* words of the last step that ran, or would; NULL: none */
	int64_t began_ms;  /* CLOCK_REALTIME */
	struct build_step *steps;
	size_t step_count;
	struct strv layers;
};

/** build_steps_make() - all steps of the profile. @err: at the profile's line. */
int build_steps_make(struct build *build, struct err *err);
/** build_step_facts() - what goes into the key of @step; borrows of both. */
struct build_facts build_step_facts(const struct build *build, const struct build_step *step);
/** build_has_file() - there is a regular file @path in the root made of @lower. */
bool build_has_file(const struct strv *lower, const char *path);
/** build_find_packager() - of the image; PACKAGER_ANY: it has none that is known. */
enum packager build_find_packager(const struct strv *lower);

int64_t build_now_us(clockid_t clock);
/** build_tell() - @event of @step, to who watches. */
void build_tell(const struct build *build, struct build_event *event,
		const struct build_step *step);
/** build_stand_on() - the next step goes on from @entry. ENOENT: its layer was thrown away just
 * now. */
int build_stand_on(struct build *build, const struct build_entry *entry, bool is_leased,
		   struct err *err);
/** build_use_done() - Return: 1 the step was done and is used, 0 it must be made. */
int build_use_done(struct build *build, const struct build_step *step);
/** build_why() - in words, why it is not there. free() it. */
char *build_why(const struct build *build, const struct build_step *step);
/** build_make_step() - run it, and keep its layer. */
int build_make_step(struct build *build, struct build_step *step, struct err *err);

/** struct build_mounts - what a step gets from outside, and the locks on it; owned */
struct build_mounts {
	struct spec_volume *volumes;
	size_t count;
	bool has_workspace; /* the whole of it is an input */
	int *locks;
	size_t lock_count;
};
/** build_mounts_make() - makes and locks caches, waiting for others. @scratch: a folder for
 * files to mount. */
int build_mounts_make(struct build *build, const struct build_step *step, const char *scratch,
		      struct build_mounts *out_mounts, struct err *err);
void build_mounts_done(struct build_mounts *mounts);

/**
 * struct build_place - where a step runs; owned
 * @upper:	what it writes, `diff` of a layer; @upper_fd: open, borrowed
 * @work:	of overlayfs, beside it
 * @scratch:	files to mount; removed at the end
 * @before:	memory file: what was in @upper when the command began, which is what mounting
 * made
 */
struct build_place {
	char *upper;
	int upper_fd;
	char *scratch;
	char *work;
	int before;
};

#define BUILD_OUTPUT_MAX (1024 * 1024)
/** struct build_ran - how the command ended; @output: the last BUILD_OUTPUT_MAX bytes */
struct build_ran {
	int status; /* shell convention */
	struct buf output;
};

/** build_run() - the command of @step in a box over @place. -1: it was not even started, or
 * interrupted (EINTR). */
int build_run(struct build *build, const struct build_step *step,
	      const struct build_mounts *mounts, struct build_place *place,
	      struct build_ran *out_ran, struct err *err);
/** build_shell() - a shell in the same place, for who looks for a failure. */
int build_shell(struct build *build, const struct build_step *step,
		const struct build_mounts *mounts, struct build_place *place, struct err *err);

/** struct build_left - what a step left */
struct build_left {
	uint64_t bytes; /* allocated, hard links once */
	uint64_t apparent;
	uint64_t entries; /* 0: nothing */
};
/** build_upper_look() - fill @place->before. */
int build_upper_look(struct build *build, const struct build_place *place, struct err *err);
/** build_upper_clean() - take away what mounts and overlayfs left, and count the rest. */
int build_upper_clean(struct build *build, const struct build_place *place,
		      struct build_left *out_left, struct err *err);

/** build_in_userns() - @work as root of the boxes, for files of theirs. */
int build_in_userns(struct build *build, int (*work)(void *arg, struct err *err), void *arg,
		    struct err *err);

#endif
