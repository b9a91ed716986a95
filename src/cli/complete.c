#include "cli/cli.h"

#include "api/images.h"
#include "api/status.h"
#include "util/cleanup.h"

#include <stdio.h>
#include <string.h>

/* completion_blob.S: the files of completions/ as they are installed. */
extern const char cli_completion_bash[], cli_completion_zsh[], cli_completion_fish[];

int verb_completion(struct cli *cli)
{
	static const struct {
		const char *shell;
		const char *text;
	} shells[] = {
		{"bash", cli_completion_bash},
		{"zsh", cli_completion_zsh},
		{"fish", cli_completion_fish},
	};
	const char *shell = cli->args.words.items[0];
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(shell, shells[i].shell) == 0) {
			cli_put(shells[i].text);
			return 0;
		}
	}
	(void)err_set(&err, "completion: there is none for '%s'", shell);
	(void)err_hint(&err, "there is one for bash, zsh and fish");
	return cli_usage(cli, &err);
}

static void put_options(const struct option *options)
{
	for (; options && options->name; options++) {
		(void)printf("--%s\n", options->name);
		if (options->letter)
			(void)printf("-%c\n", options->letter);
	}
}

static int complete_options(struct cli *cli)
{
	const struct verb *verb = NULL;

	if (cli->args.words.count < 2) {
		put_options(options_global());
		return 0;
	}
	verb = verbs_find(cli->args.words.items[1]);
	if (!verb)
		return EXIT_USAGE;
	put_options(verb->options);
	return 0;
}

/* Somebody is typing: no box is better than a complaint. */
static int complete_boxes(struct cli *cli)
{
	struct box_list list;
	struct err ignored = {0};

	if (cli_open(cli, &ignored) < 0 ||
	    box_list_read(cli->devbox->dirs.runtime, NULL, true, &list, &ignored) < 0)
		return EXIT_FAILED;
	for (size_t i = 0; i < list.count; i++)
		(void)printf("%s\n", list.items[i].name);
	box_list_done(&list);
	return 0;
}

static int complete_images(struct cli *cli)
{
	struct image_rows rows;
	struct err ignored = {0};

	if (cli_open(cli, &ignored) < 0 ||
	    devbox_images(cli->devbox, false, &rows, &ignored) < 0)
		return EXIT_FAILED;
	for (size_t i = 0; i < rows.count; i++)
		(void)printf("%s\n", rows.items[i].name);
	image_rows_done(&rows);
	return 0;
}

int verb_complete(struct cli *cli)
{
	const char *what = cli->args.words.items[0];

	if (strcmp(what, "boxes") == 0)
		return complete_boxes(cli);
	if (strcmp(what, "images") == 0)
		return complete_images(cli);
	if (strcmp(what, "options") == 0)
		return complete_options(cli);
	if (strcmp(what, "verbs") == 0) {
		for (const struct verb *verb = verbs_all(); verb->name; verb++)
			if (verb_is_shown(verb))
				(void)printf("%s\n", verb->name);
		return 0;
	}
	if (strcmp(what, "keys") == 0) {
		for (const struct config_key *key = config_keys(); key->name; key++)
			if (key->is_built)
				(void)printf("%s\n", key->name);
		return 0;
	}
	return EXIT_USAGE;
}
