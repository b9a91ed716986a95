#include "cli/cli.h"

#include "util/cleanup.h"

#include <stdio.h>
#include <unistd.h>

/* A command was started, or devbox says why it was not: 126 and 127 are the command's fault. */
static int finish(const struct cli *cli, int result, int status, const struct err *err)
{
	if (result == 0)
		return status;
	(void)cli_fail(cli, err);
	return status ? status : EXIT_BEFORE_COMMAND;
}

/*
 * After `exec` and `shell` this process is in the box's namespaces, whose /proc does not show
 * it: nothing may run at exit (a leak checker would look for itself there for ever).
 */
__attribute__((noreturn)) static void leave(const struct cli *cli, int result, int status,
					    const struct err *err)
{
	status = finish(cli, result, status, err);
	(void)fflush(NULL);
	_exit(status);
}

static enum tty_mode tty_wanted(const struct cli *cli)
{
	return args_has(&cli->args, "no-tty") ? TTY_NEVER : TTY_AUTO;
}

/* The variables of -e, each with a name that can be one. Return: 0 or -1. */
static int take_env(const struct cli *cli, struct strv *out_env, struct err *err)
{
	args_values(&cli->args, "env", out_env);
	for (size_t i = 0; i < out_env->count; i++)
		if (!*out_env->items[i] || *out_env->items[i] == '=')
			return err_set(err, "%s: option '--env': '%s' has no name",
				       cli->args.verb->name, out_env->items[i]);
	return 0;
}

int verb_shell(struct cli *cli)
{
	static const struct strv login_shell = {0};
	const struct exec_options options = {
		.box = cli->args.words.count ? cli->args.words.items[0] : NULL,
		.argv = &login_shell,
		.tty = TTY_AUTO,
		.working_dir = args_value(&cli->args, "workdir"),
		.env = &login_shell,
		.user = args_value(&cli->args, "user"),
		.start = true,
	};
	struct err err = {0};
	int status = 0, result;

	if (cli_open(cli, &err) < 0)
		return cli_fail(cli, &err);
	result = devbox_exec(cli->devbox, &options, &status, &err);
	leave(cli, result, status, &err);
}

static int no_command(const struct cli *cli)
{
	struct err err = {0};

	(void)err_set(&err, "%s: no command", cli->args.verb->name);
	(void)err_hint(&err, "devbox %s %s", cli->args.verb->name, cli->args.verb->synopsis);
	return cli_usage(cli, &err);
}

/* The words from @first on, borrowed. */
static struct strv words_from(const struct args *args, size_t first)
{
	return (struct strv){args->words.items + first, args->words.count - first};
}

int verb_exec(struct cli *cli)
{
	const bool has_box = cli->args.dashes == 1;
	const struct strv argv = words_from(&cli->args, has_box ? 1 : 0);
	AUTO_STRV struct strv env = {0};
	const struct exec_options options = {
		.box = has_box ? cli->args.words.items[0] : NULL,
		.argv = &argv,
		.tty = tty_wanted(cli),
		.working_dir = args_value(&cli->args, "workdir"),
		.env = &env,
		.user = args_value(&cli->args, "user"),
	};
	struct err err = {0};
	int status = 0, result;

	if (!argv.count)
		return no_command(cli);
	if (take_env(cli, &env, &err) < 0)
		return cli_usage(cli, &err);
	if (cli_open(cli, &err) < 0)
		return cli_fail(cli, &err);
	result = devbox_exec(cli->devbox, &options, &status, &err);
	leave(cli, result, status, &err);
}

/* `run TASK` is another thing than `run -- COMMAND`, also while there are no tasks. */
static int refuse_task(const struct cli *cli)
{
	struct err err = {0};

	(void)err_set(&err, "run: '%s' would be a task, and tasks are not built yet",
		      cli->args.words.items[0]);
	(void)err_hint(&err, "a command comes after '--': devbox run -- %s",
		       cli->args.words.items[0]);
	return cli_usage(cli, &err);
}

int verb_run(struct cli *cli)
{
	AUTO_STRV struct strv env = {0};
	const struct run_options options = {
		.image = args_value(&cli->args, "image"),
		.network = args_value(&cli->args, "network"),
		.platform = args_value(&cli->args, "platform"),
		.pull = args_has(&cli->args, "pull"),
		.argv = &cli->args.words,
		.tty = tty_wanted(cli),
		.working_dir = args_value(&cli->args, "workdir"),
		.env = &env,
		.user = args_value(&cli->args, "user"),
		.allow_degraded = args_has(&cli->args, "allow-degraded"),
	};
	struct err err = {0};
	int status = 0, result;

	if (cli->args.words.count && cli->args.dashes != 0)
		return refuse_task(cli);
	if (take_env(cli, &env, &err) < 0)
		return cli_usage(cli, &err);
	if (cli_open(cli, &err) < 0)
		return cli_fail(cli, &err);
	result = devbox_run(cli->devbox, &options, &status, &err);
	return finish(cli, result, status, &err);
}
