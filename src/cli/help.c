#include "cli/help.h"

#include "cli/cli.h"
#include "util/cleanup.h"

#include <stdio.h>
#include <string.h>

#ifndef DEVBOX_VERSION
#define DEVBOX_VERSION "unknown"
#endif

static const char *const group_titles[GROUP_COUNT] = {
	[GROUP_BOXES] = "Boxes",   [GROUP_COMMANDS] = "Commands in a box",
	[GROUP_LOOK] = "Looking",  [GROUP_PROFILE] = "The profile",
	[GROUP_IMAGES] = "Images", [GROUP_OTHER] = "Other",
};

/* "-f, --file FILE" */
static char *option_words(const struct option *option)
{
	struct buf text = {0};

	if (option->letter)
		buf_printf(&text, "-%c, ", option->letter);
	else
		buf_puts(&text, "    ");
	buf_printf(&text, "--%s", option->name);
	if (option->argument)
		buf_printf(&text, " %s", option->argument);
	return buf_take(&text);
}

static void put_options(const struct option *options, struct buf *out)
{
	size_t width = 0;

	for (const struct option *option = options; option->name; option++) {
		AUTO_FREE char *words = option_words(option);

		if (strlen(words) > width)
			width = strlen(words);
	}
	for (const struct option *option = options; option->name; option++) {
		AUTO_FREE char *words = option_words(option);

		buf_printf(out, "  %-*s  %s", (int)width, words, option->summary);
		if (option->variable)
			buf_printf(out, " (%s)", option->variable);
		buf_putc(out, '\n');
	}
}

static void put_group(enum verb_group group, size_t width, struct buf *out)
{
	buf_printf(out, "\n%s\n", group_titles[group]);
	for (const struct verb *verb = verbs_all(); verb->name; verb++)
		if (verb->group == group && verb_is_shown(verb))
			buf_printf(out, "  %-*s  %s\n", (int)width, verb->name, verb->summary);
}

static void put_overview(struct buf *out)
{
	size_t width = 0;

	buf_puts(out,
		 "usage: devbox [OPTION...] [VERB [ARG...]]\n\n"
		 "A box of its own for every project. Without a verb: how the project is.\n");
	for (const struct verb *verb = verbs_all(); verb->name; verb++)
		if (verb_is_shown(verb) && strlen(verb->name) > width)
			width = strlen(verb->name);
	for (int group = 0; group < GROUP_COUNT; group++)
		put_group((enum verb_group)group, width, out);
	buf_puts(out, "\nOptions of every verb, before or after it\n");
	put_options(options_global(), out);
	buf_puts(out, "\n'devbox help VERB' says more, 'man devbox' most.\n");
}

void help_write(const struct verb *verb, struct buf *out)
{
	if (!verb) {
		put_overview(out);
		return;
	}
	buf_printf(out, "usage: devbox %s%s%s%s\n\n%s\n", verb->name,
		   verb->options ? " [OPTION...]" : "", *verb->synopsis ? " " : "",
		   verb->synopsis, verb->summary);
	if (verb->options) {
		buf_puts(out, "\nOptions\n");
		put_options(verb->options, out);
	}
	if (verb->flags & VERB_JSON)
		buf_puts(out, "\nIt takes --json.");
	buf_printf(out, "%s'devbox help' lists the options of every verb.\n",
		   verb->flags & VERB_JSON ? " " : "\n");
}

int help_show(const struct verb *verb)
{
	AUTO_BUF struct buf text = {0};

	help_write(verb, &text);
	cli_put(text.data);
	return 0;
}

int verb_help(struct cli *cli)
{
	const char *name = cli->args.words.count ? cli->args.words.items[0] : NULL;
	const struct verb *verb = name ? verbs_find(name) : NULL;
	struct err err = {0};

	if (!name || (verb && !(verb->flags & VERB_LATER)))
		return help_show(verb);
	if (verb) {
		(void)err_set(&err, "verb '%s' is not built yet", name);
	} else {
		(void)err_set(&err, "unknown verb '%s'", name);
		(void)err_hint(&err, "'devbox help' lists them");
	}
	return cli_usage(cli, &err);
}

int verb_version(struct cli *cli)
{
	(void)cli;
	cli_put("devbox " DEVBOX_VERSION "\n");
	return 0;
}
