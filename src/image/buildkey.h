#ifndef IMAGE_BUILDKEY_H
#define IMAGE_BUILDKEY_H

#include "image/buildfiles.h"

/**
 * struct build_facts - what a build step depends on; borrowed
 * @parent:	key of the step before, or what stands for the image
 * @command:	exactly what runs
 * @env:	NAME=VALUE, in any order; declared ones only
 * @packages:	what @command installs, only for words; may be NULL
 */
struct build_facts {
	const char *parent;
	const char *command;
	const struct strv *env;
	const char *working_dir;
	const char *user;
	const char *platform;
	bool network;
	const struct build_files *files;
	const struct strv *packages;
};

/**
 * build_key() - SHA-256 over all of them, each with its length in front, so that no two
 * different steps look the same
 */
void build_key(const struct build_facts *facts, char out_key[SHA256_HEX_MAX]);

/** build_facts_text() - as JSON, for struct build_entry.inputs, to compare later. @project,
 * @step: whose it is. free() it. */
char *build_facts_text(const struct build_facts *facts, const char *project, const char *step);

/* When nothing else than the parent is new. */
#define BUILD_PARENT_DIFFERS "what it stands on changed"

/**
 * build_facts_differ() - what is new since @text, in words: "requirements.txt changed",
 * "git is new". free() it; NULL when nothing is, or @text is none.
 */
char *build_facts_differ(const char *text, const struct build_facts *facts);
/** build_facts_are_of() - @text was made for this step of this project. */
bool build_facts_are_of(const char *text, const char *project, const char *step);

#endif
