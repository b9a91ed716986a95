#include "puller/options.h"

#include "puller/message.h"
#include "util/cleanup.h"

#include <limits.h>
#include <string.h>

#define VERB(v) (1U << (v))
#define PULL VERB(PULLER_PULL)
#define LOAD VERB(PULLER_LOAD)
#define SAVE VERB(PULLER_SAVE)

static const char *const verbs[] = {"pull", "load", "save", NULL};
static const char *const formats[] = {"oci-archive", "oci", "docker-archive", NULL};
static const char *const compressions[] = {"none", "gzip", "zstd", NULL};

#define NOT_SAID ((enum layer_compression)99)

enum option { ALWAYS, COMPRESS, DATA, FORMAT, INSECURE, NAMES, OUTPUT, PLATFORM, USERNS };
static const struct {
	const char *name;
	bool has_value;
	unsigned int verbs;
} known[] = {
	[ALWAYS] = {"--always", false, PULL | LOAD},
	[COMPRESS] = {"--compress", true, SAVE},
	[DATA] = {"--data", true, PULL | LOAD | SAVE},
	[FORMAT] = {"--format", true, SAVE},
	[INSECURE] = {"--insecure", false, PULL},
	[NAMES] = {"--names", false, LOAD},
	[OUTPUT] = {"--output", true, SAVE},
	[PLATFORM] = {"--platform", true, PULL | LOAD},
	[USERNS] = {"--userns", true, PULL | LOAD | SAVE},
};

static int find_word(const char *const *words, const char *text, const char *what,
		     unsigned int *out, struct err *err)
{
	for (unsigned int i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return 0;
		}
	}
	return err_set(err, "unknown %s '%s'", what, text);
}

static void replace(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static int set_userns(struct puller_options *o, const char *value, struct err *err)
{
	int64_t number;

	if (str_to_i64(value, &number) < 0 || number < -1 || number > INT_MAX)
		return err_set(err, "'--userns %s' is no descriptor", value);
	o->userns_fd = (int)number;
	return 0;
}

static int set_option(struct puller_options *o, enum option option, const char *value,
		      struct err *err)
{
	unsigned int word = 0;

	switch (option) {
	case ALWAYS:
		o->always = true;
		return 0;
	case COMPRESS:
		if (find_word(compressions, value, "compression", &word, err) < 0)
			return -1;
		o->compression = (enum layer_compression)word;
		return 0;
	case DATA:
		if (value[0] != '/')
			return err_set(err, "'--data %s' is no absolute path", value);
		replace(&o->data, value);
		return 0;
	case FORMAT:
		if (find_word(formats, value, "format", &word, err) < 0)
			return -1;
		o->format = (enum save_format)word;
		return 0;
	case INSECURE:
		o->insecure = true;
		return 0;
	case NAMES:
		o->names = true;
		return 0;
	case OUTPUT:
		replace(&o->output, value);
		return 0;
	case PLATFORM:
		replace(&o->platform, value);
		return 0;
	case USERNS:
		return set_userns(o, value, err);
	}
	return 0;
}

/* @argv: at an option. Return: how many words it has, or -1. */
static int take_option(struct puller_options *o, const char *const *argv, struct err *err)
{
	const char *equals = strchr(argv[0], '=');
	size_t len = equals ? (size_t)(equals - argv[0]) : strlen(argv[0]);

	for (unsigned int i = 0; i < ARRAY_LEN(known); i++) {
		const char *value = equals ? equals + 1 : argv[1];

		if (strlen(known[i].name) != len || strncmp(known[i].name, argv[0], len) != 0)
			continue;
		if ((known[i].verbs & VERB(o->verb)) == 0)
			return err_set(err, "'%s' is not an option of '%s'", known[i].name,
				       verbs[o->verb]);
		if (!known[i].has_value && equals)
			return err_set(err, "'%s' takes no value", known[i].name);
		if (known[i].has_value && !value)
			return err_set(err, "'%s' needs a value", known[i].name);
		if (set_option(o, (enum option)i, value, err) < 0)
			return -1;
		return known[i].has_value && !equals ? 2 : 1;
	}
	return err_set(err, "unknown option '%s'", argv[0]);
}

static int take_words(struct puller_options *o, const char *const *argv, struct err *err)
{
	bool only_operands = false;

	while (*argv) {
		int n = 1;

		if (!only_operands && strcmp(*argv, "--") == 0)
			only_operands = true;
		else if (!only_operands && argv[0][0] == '-' && argv[0][1])
			n = take_option(o, argv, err);
		else
			strv_add(&o->operands, *argv);
		if (n < 0)
			return -1;
		argv += n;
	}
	return 0;
}

static int check(const struct puller_options *o, struct err *err)
{
	if (o->operands.count == 0)
		return err_set(err, "'%s' needs an image", verbs[o->verb]);
	if (o->verb != PULLER_SAVE && o->operands.count > 1)
		return err_set(err, "'%s' takes one image", verbs[o->verb]);
	if (o->verb == PULLER_SAVE && !o->output)
		return err_set(err, "'save' needs '--output'");
	if (o->verb == PULLER_SAVE && o->format == SAVE_OCI && strcmp(o->output, "-") == 0)
		return err_set(err,
			       "format 'oci' is a folder and cannot go to standard output");
	return 0;
}

int puller_options_parse(const char *const *argv, struct puller_options *out_options,
			 struct err *err)
{
	struct puller_options options = {.userns_fd = PULLER_USERNS_FD,
					 .compression = NOT_SAID};
	unsigned int verb = 0;

	if (!argv[0])
		return err_set(err, "a verb is missing");
	if (find_word(verbs, argv[0], "verb", &verb, err) < 0)
		return -1;
	options.verb = (enum puller_verb)verb;
	if (take_words(&options, argv + 1, err) < 0 || check(&options, err) < 0) {
		puller_options_done(&options);
		return -1;
	}
	/* As docker and podman write them. */
	if (options.compression == NOT_SAID)
		options.compression =
			options.format == SAVE_DOCKER_ARCHIVE ? LAYER_PLAIN : LAYER_GZIP;
	*out_options = options;
	return 0;
}

void puller_options_done(struct puller_options *options)
{
	free(options->data);
	free(options->platform);
	free(options->output);
	strv_done(&options->operands);
	*options = (struct puller_options){.userns_fd = -1};
}
