#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/spec.h"
#include "util/json.h"

/**
 * struct config_request - what to read
 * @start_dir:	absolute folder to look for a profile from, upwards (-C or the current one)
 * @files:	-f files in order, replacing the search; may be empty
 * @env:	"NAME=VALUE" vector for ${VAR}, env_pass and valueless environment names
 * @home:	the user's home on the host, for ~
 * @config_dir:	$XDG_CONFIG_HOME/devbox
 * @data_dirs:	folders that hold shipped profiles (…/profiles), searched after
 * @config_dir/profiles
 * @require:	fail when there is no profile (else defaults rule: `devbox run` needs none)
 */
struct config_request {
	const char *start_dir;
	const struct strv *files;
	const struct strv *env;
	const char *home;
	const char *config_dir;
	const struct strv *data_dirs;
	bool require;
};

struct config; /* the merged tree with the origin of every value */

/**
 * config_load() - find, read, merge and interpolate the profile files
 * Order: user's `defaults:` <- extends <- devbox.yaml <- devbox.local.yaml <- -f files; maps
 * deep, scalars last wins, lists append, !override and !reset as in the Compose specification.
 * @err:	names file, line and column; unknown keys name the nearest one
 */
int config_load(const struct config_request *request, struct config **out_config,
		struct err *err);
void config_free(struct config *config);

/** config_to_spec() - check types and ranges and fill *out_spec (spec_done() it). A key that is
 * not built yet is refused by name. */
int config_to_spec(const struct config *config, struct spec *out_spec, struct err *err);

/** config_print() - the merged profile as YAML, each scalar with its origin as a comment when
 * @with_origin. */
void config_print(const struct config *config, bool with_origin, struct buf *out);
/** config_print_json() - {"key": {"value": …, "file": …, "line": …, "column": …}, …}. */
void config_print_json(const struct config *config, struct json *out);

/** struct config_key - one key of the profile, for help, completion, man page tests. */
struct config_key {
	const char *name; /* "mem_limit", nested: "blkio_config.weight", "build.steps" */
	const char *type; /* "size", "string", … */
	bool is_built;    /* false: refused by name for now */
	bool is_live;     /* `up` applies a change to a running box without restarting it */
	const char *summary;
};
/** config_keys() - the table all of it is checked against, ended by a NULL name. */
const struct config_key *config_keys(void);

#endif
