#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>

struct cli;

/**
 * struct option - one option, for the parser, the help, completion and the manual
 * @name:	long name without "--"
 * @letter:	0: none
 * @argument:	its name in the help; NULL: the option takes none
 * @variable:	environment variable that stands in for it (global options), or NULL
 */
struct option {
	const char *name;
	char letter;
	const char *argument;
	const char *summary;
	const char *variable;
};

enum verb_group {
	GROUP_BOXES,
	GROUP_COMMANDS,
	GROUP_LOOK,
	GROUP_IMAGES,
	GROUP_PROFILE,
	GROUP_OTHER,
	GROUP_COUNT
};

enum verb_flags {
	VERB_JSON = 1U << 0, /* takes --json */
	VERB_COMMAND =
		1U << 1, /* its words are a command: what comes after the first is not ours */
	VERB_STATUS = 1U << 2, /* exits with a command's status; 125 when devbox fails */
	VERB_HIDDEN = 1U << 3, /* for completion and tests */
	VERB_LATER = 1U << 4,  /* not built yet: refused by name */
};

#define WORDS_ANY SIZE_MAX

/**
 * struct verb - one verb; everything that is said about it anywhere comes from here
 * @run:	returns the exit status
 * @options:	ended by one without a name
 */
struct verb {
	const char *name;
	const char *synopsis;
	const char *summary;
	int (*run)(struct cli *cli);
	const struct option *options;
	enum verb_group group;
	unsigned int flags;
	size_t words_min, words_max;
};

/** verbs_all() - the table, ended by one without a name. */
const struct verb *verbs_all(void);
/** verbs_find() - NULL when there is none of that name. */
const struct verb *verbs_find(const char *name);
/** options_global() - those of every verb. */
const struct option *options_global(void);
/** verb_is_shown() - built, and not one of completion's own. */
bool verb_is_shown(const struct verb *verb);
/** verb_takes() - may this global option be given with @verb? NULL is no verb at all. */
bool verb_takes(const struct verb *verb, const struct option *global);

struct given {
	const struct option *option;
	const char *value; /* NULL: it takes none; borrowed from argv */
};

/**
 * struct args - what was typed
 * @verb:	NULL: none
 * @words:	what is neither verb nor option
 * @dashes:	how many words stood before "--"; SIZE_MAX: there was none
 */
struct args {
	const struct verb *verb;
	struct given *given;
	size_t given_count;
	struct strv words;
	size_t dashes;
};

/**
 * args_parse() - take the command line apart
 * @err:	what is wrong, with the nearest word that would be right
 * *out_args->verb is set on failure too, as soon as it is known: the exit code depends on it.
 * args_done() it in any case.
 */
int args_parse(int argc, char *const *argv, struct args *out_args, struct err *err);
void args_done(struct args *args);

/** args_has() - an option was given, or its variable says so. */
bool args_has(const struct args *args, const char *name);
/** args_value() - the value of an option, the last one given; else of its variable; else NULL.
 */
const char *args_value(const struct args *args, const char *name);
/** args_values() - all values that were given for an option, in order. */
void args_values(const struct args *args, const char *name, struct strv *out_values);

#endif
