#include "cli/args.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/** struct parser - where in the command line we are */
struct parser {
	char *const *argv;
	int argc;
	int at;
	struct args *args;
	struct err *err;
};

static const char *verb_prefix(const struct args *args, char out[64])
{
	out[0] = '\0';
	if (args->verb)
		(void)snprintf(out, 64, "%s: ", args->verb->name);
	return out;
}

static const struct option *find_in(const struct option *options, const char *name, size_t len)
{
	for (; options && options->name; options++)
		if (strncmp(options->name, name, len) == 0 && options->name[len] == '\0')
			return options;
	return NULL;
}

static const struct option *find_letter(const struct option *options, char letter)
{
	for (; options && options->name; options++)
		if (options->letter == letter)
			return options;
	return NULL;
}

/* The verb's own options come before those of every verb. */
static const struct option *find_long(const struct args *args, const char *name, size_t len)
{
	const struct option *own = args->verb ? find_in(args->verb->options, name, len) : NULL;

	return own ? own : find_in(options_global(), name, len);
}

static const struct option *find_short(const struct args *args, char letter)
{
	const struct option *own = args->verb ? find_letter(args->verb->options, letter) : NULL;

	return own ? own : find_letter(options_global(), letter);
}

static void add_names(const struct option *options, struct strv *names)
{
	for (; options && options->name; options++)
		strv_addf(names, "--%s", options->name);
}

static int fail_unknown_option(const struct parser *p, const char *text)
{
	AUTO_STRV struct strv names = {0};
	char prefix[64];
	const char *nearest;

	(void)err_set(p->err, "%sunknown option '%s'", verb_prefix(p->args, prefix), text);
	add_names(p->args->verb ? p->args->verb->options : NULL, &names);
	add_names(options_global(), &names);
	nearest = str_starts(text, "--") ? str_nearest(text, (const char *const *)names.items)
					 : NULL;
	if (nearest)
		return err_hint(p->err, "did you mean '%s'?", nearest);
	if (p->args->verb)
		return err_hint(p->err, "'devbox help %s' lists them", p->args->verb->name);
	return err_hint(p->err, "'devbox help' lists them; a verb's own come after the verb");
}

static int fail_unknown_verb(const struct parser *p, const char *word)
{
	AUTO_STRV struct strv names = {0};
	const char *nearest;

	(void)err_set(p->err, "unknown verb '%s'", word);
	for (const struct verb *verb = verbs_all(); verb->name; verb++)
		if (!(verb->flags & VERB_HIDDEN))
			strv_add(&names, verb->name);
	nearest = str_nearest(word, (const char *const *)names.items);
	if (nearest)
		return err_hint(p->err, "did you mean '%s'?", nearest);
	return err_hint(p->err, "'devbox help' lists them");
}

static int add_given(const struct parser *p, const struct option *option, const char *value)
{
	struct args *args = p->args;
	char prefix[64];

	if (!verb_takes(args->verb, option))
		return err_set(p->err, "%soption '--%s' has no meaning here",
			       verb_prefix(args, prefix), option->name);
	args->given = xrealloc(args->given, (args->given_count + 1) * sizeof(*args->given));
	args->given[args->given_count++] = (struct given){option, value};
	return 0;
}

/* The argument of an option that stands alone: the next word, whatever it looks like. */
static int take_argument(struct parser *p, const struct option *option, const char *shown,
			 const char **out_value)
{
	char prefix[64];

	if (p->at >= p->argc) {
		(void)err_set(p->err, "%soption '%s' needs an argument",
			      verb_prefix(p->args, prefix), shown);
		return err_hint(p->err, "%s %s", shown, option->argument);
	}
	*out_value = p->argv[p->at++];
	return 0;
}

/* "--name", "--name=value", "--name value" */
static int parse_long(struct parser *p, const char *text)
{
	const char *name = text + 2;
	const size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	const struct option *option = find_long(p->args, name, len);
	AUTO_FREE char *shown = xstrndup(text, len + 2);
	char prefix[64];

	if (!option)
		return fail_unknown_option(p, shown);
	if (!option->argument && value)
		return err_set(p->err, "%soption '%s' takes no argument",
			       verb_prefix(p->args, prefix), shown);
	if (option->argument && !value && take_argument(p, option, shown, &value) < 0)
		return -1;
	return add_given(p, option, value);
}

/* "-a", "-abc", "-avalue", "-a value" */
static int parse_short(struct parser *p, const char *text)
{
	for (const char *c = text + 1; *c; c++) {
		const struct option *option = find_short(p->args, *c);
		const char shown[] = {'-', *c, '\0'};
		const char *value = NULL;

		if (!option)
			return fail_unknown_option(p, text[2] && c == text + 1 ? text : shown);
		if (option->argument && c[1])
			value = c + 1;
		else if (option->argument && take_argument(p, option, shown, &value) < 0)
			return -1;
		if (add_given(p, option, value) < 0)
			return -1;
		if (option->argument)
			break;
	}
	return 0;
}

static void take_rest(struct parser *p)
{
	while (p->at < p->argc)
		strv_add(&p->args->words, p->argv[p->at++]);
}

/* Of a command only "BOX --" may stand before it: all else belongs to the command. */
static void parse_command(struct parser *p, const char *word)
{
	strv_add(&p->args->words, word);
	if (p->at < p->argc && strcmp(p->argv[p->at], "--") == 0) {
		p->args->dashes = 1;
		p->at++;
	}
	take_rest(p);
}

static int parse_word(struct parser *p, const char *word)
{
	if (!p->args->verb) {
		p->args->verb = verbs_find(word);
		return p->args->verb ? 0 : fail_unknown_verb(p, word);
	}
	if (p->args->verb->flags & VERB_COMMAND)
		parse_command(p, word);
	else
		strv_add(&p->args->words, word);
	return 0;
}

static int check_words(const struct parser *p)
{
	const struct args *args = p->args;
	const struct verb *verb = args->verb;
	const char *what = "unexpected word";

	if (!verb || (verb->flags & VERB_LATER) || args_has(args, "help"))
		return 0;
	if (args->words.count < verb->words_min)
		(void)err_set(p->err, "%s: too few words", verb->name);
	else if (args->words.count > verb->words_max)
		(void)err_set(p->err, "%s: %s '%s'", verb->name, what,
			      args->words.items[verb->words_max]);
	else
		return 0;
	return err_hint(p->err, "devbox %s%s%s", verb->name, *verb->synopsis ? " " : "",
			verb->synopsis);
}

/* A global option that came before a verb which has no use for it. */
static int check_given(const struct parser *p)
{
	const struct args *args = p->args;
	const struct verb *verb = args->verb;

	for (size_t i = 0; verb && i < args->given_count; i++)
		if (!verb_takes(verb, args->given[i].option))
			return err_set(p->err, "%s: option '--%s' has no meaning here",
				       verb->name, args->given[i].option->name);
	return 0;
}

int args_parse(int argc, char *const *argv, struct args *out_args, struct err *err)
{
	struct parser p = {.argv = argv, .argc = argc, .at = 1, .args = out_args, .err = err};

	*out_args = (struct args){.dashes = SIZE_MAX};
	while (p.at < argc) {
		const char *text = argv[p.at++];
		int result;

		if (strcmp(text, "--") == 0) {
			if (!out_args->verb)
				return err_set(err, "'--' comes after a verb");
			out_args->dashes = out_args->words.count;
			take_rest(&p);
			break;
		}
		if (str_starts(text, "--"))
			result = parse_long(&p, text);
		else if (text[0] == '-' && text[1])
			result = parse_short(&p, text);
		else
			result = parse_word(&p, text);
		if (result < 0)
			return -1;
		/* The words of a verb that is to come are not ours to judge. */
		if (out_args->verb && (out_args->verb->flags & VERB_LATER))
			break;
	}
	if (check_given(&p) < 0)
		return -1;
	return check_words(&p);
}

void args_done(struct args *args)
{
	free(args->given);
	strv_done(&args->words);
	*args = (struct args){0};
}

static const struct given *find_given(const struct args *args, const char *name)
{
	for (size_t i = args->given_count; i > 0; i--)
		if (strcmp(args->given[i - 1].option->name, name) == 0)
			return &args->given[i - 1];
	return NULL;
}

static const char *variable_of(const char *name)
{
	const struct option *option = find_in(options_global(), name, strlen(name));
	const char *value = option && option->variable ? getenv(option->variable) : NULL;

	return value && *value ? value : NULL;
}

bool args_has(const struct args *args, const char *name)
{
	const char *value;

	if (find_given(args, name))
		return true;
	value = variable_of(name);
	return value && strcmp(value, "0") != 0 && strcmp(value, "no") != 0 &&
	       strcmp(value, "false") != 0;
}

const char *args_value(const struct args *args, const char *name)
{
	const struct given *given = find_given(args, name);

	return given ? given->value : variable_of(name);
}

void args_values(const struct args *args, const char *name, struct strv *out_values)
{
	for (size_t i = 0; i < args->given_count; i++)
		if (strcmp(args->given[i].option->name, name) == 0)
			strv_add(out_values, args->given[i].value);
}
