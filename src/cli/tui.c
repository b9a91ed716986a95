#include "cli/cli.h"

#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "devbox-tui"

/* Beside us in the tree it was built in, else in ../libexec/<our name>. free() both. */
static int find_program(char **out_path, char **out_self, struct err *err)
{
	AUTO_FREE char *self = realpath("/proc/self/exe", NULL);
	const char *name = self ? strrchr(self, '/') + 1 : "devbox";
	AUTO_FREE char *dir =
		self ? xstrndup(self, (size_t)(name - self)) : xstrdup("/usr/bin/");
	AUTO_FREE char *beside = xasprintf("%s" PROGRAM, dir);
	AUTO_FREE char *installed = xasprintf("%s../libexec/%s/" PROGRAM, dir, name);

	if (access(beside, X_OK) == 0)
		*out_path = STEAL(beside);
	else if (access(installed, X_OK) == 0)
		*out_path = STEAL(installed);
	else {
		(void)err_set(err,
			      "the program '" PROGRAM "' is not there, which is the dashboard");
		return err_hint(err,
				"it belongs to devbox and lies beside it or in '%s': install "
				"devbox again",
				installed);
	}
	*out_self = self ? STEAL(self) : xstrdup(name);
	return 0;
}

static void add_pair(struct strv *argv, const char *name, const char *value)
{
	if (!value)
		return;
	strv_add(argv, name);
	strv_add(argv, value);
}

static void add_options(const struct cli *cli, struct strv *argv)
{
	static const char *const values[] = {"model", "script", "size"};
	static const char *const flags[] = {"headless", "ascii", "plain"};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		AUTO_FREE char *name = xasprintf("--%s", values[i]);

		add_pair(argv, name, args_value(&cli->args, values[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (args_has(&cli->args, flags[i]))
			strv_addf(argv, "--%s", flags[i]);
	add_pair(argv, "--color", args_value(&cli->args, "color"));
}

/* Return: only when it could not be started. */
static int start(struct cli *cli, struct err *err)
{
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *self = NULL;
	AUTO_STRV struct strv argv = {0};

	if (find_program(&program, &self, err) < 0 || cli_open(cli, err) < 0)
		return -1;
	strv_add(&argv, program);
	add_pair(&argv, "--runtime", cli->devbox->dirs.runtime);
	add_pair(&argv, "--state", cli->devbox->dirs.state);
	add_pair(&argv, "--config", cli->devbox->dirs.config);
	add_pair(&argv, "--devbox", self);
	add_options(cli, &argv);
	(void)execv(program, argv.items);
	return err_sys(err, "start '%s'", program);
}

int verb_tui(struct cli *cli)
{
	struct err err = {0};

	(void)start(cli, &err);
	return cli_fail(cli, &err);
}

int devbox_alone(struct cli *cli)
{
	const char *name = getenv("TERM");
	struct err err = {0};

	if (!cli->json && !cli->quiet && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	    name && *name && strcmp(name, "dumb") != 0)
		(void)start(cli, &err);
	/* Without it the same in short. */
	return project_show(cli);
}
