#ifndef CONFIG_PARTS_H
#define CONFIG_PARTS_H

#include "config/config.h"
#include "config/node.h"

/* Private to config: the steps from text to the merged tree. */

#define CONFIG_FILE_MAX (1024 * 1024)
#define CONFIG_VALUES_MAX 10000
#define CONFIG_DEPTH_MAX 32
#define CONFIG_FILES_MAX 64
#define CONFIG_EXPANDED_MAX (4U * 1024 * 1024)

/** struct config - the merged tree and what it came from; everything owned */
struct config {
	struct node *root; /* a map */
	struct source **sources;
	size_t source_count;
	struct strv env;
	char *home;
	char *project_dir;
	char *profile_file;
};

/** text_letter() - the UTF-8 sequence at @text. Return: its bytes, 0 when it is none. */
size_t text_letter(const char *text, size_t left, uint32_t *out_letter);
/** text_check() - refuse what is not UTF-8 text. */
int text_check(const char *text, size_t len, const struct source *source, struct err *err);
/** tree_read() - one YAML document; an empty file is an empty map. */
int tree_read(const char *text, size_t len, const struct source *source, struct node **out_root,
	      struct err *err);

/** keys_check() - refuse unknown keys of a profile, and drop the x-* ones. */
int keys_check(struct node *root, struct err *err);
/** keys_find() - NULL when there is no such key. */
const struct config_key *keys_find(const char *name);

/**
 * struct interpolation - what ${NAME} is replaced from
 * @env, @more:	"NAME=VALUE"; @more is asked first and may be NULL
 * @budget:	how many bytes results may still have, over all calls
 * @warn:	told of each variable that is not set and has no default; may be NULL
 */
struct interpolation {
	const struct strv *env;
	const struct strv *more;
	size_t budget;
	void (*warn)(void *arg, const char *name, size_t offset);
	void *warn_arg;
};

/**
 * interpolate_text() - replace ${NAME} and its forms, $NAME and $$
 * @out_offset:	on failure: where in @text it is
 */
int interpolate_text(struct interpolation *in, const char *text, char **out_text,
		     size_t *out_offset, struct err *err);
/** interpolate_tree() - every scalar of the tree, keys excepted. */
int interpolate_tree(struct interpolation *in, struct node *node, struct err *err);

/** merge_into() - @over on top of @base as the Compose specification says; @over is emptied.
 * Both are maps. */
void merge_into(struct node *base, struct node *over);

/**
 * struct found - the profile files of a project
 * @profile:	absolute; NULL when there is none
 * @local:	its devbox.local.yaml; NULL when there is none
 * @project_dir: the folder that holds the profile or its .config
 */
struct found {
	char *profile;
	char *local;
	char *project_dir;
};
int find_profile(const char *start_dir, struct found *out_found, struct err *err);
void found_done(struct found *found);
/** find_named() - file of the profile @name for `extends`. */
int find_named(const struct config_request *request, const char *name, char **out_path,
	       struct err *err);
/** find_project_dir() - folder of the profile @path, or the one above when that is .config.
 * free() it. */
char *find_project_dir(const char *path);
/** find_shown() - @path as a user in @start_dir would write it. free() it. */
char *find_shown(const char *path, const char *start_dir, const char *home);

#endif
