#include "cli/cli.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <signal.h>

/* A duration option in microseconds. Return: 0, or -1 for a wrong value; @out stays when there
 * is none. */
static int take_duration(const struct cli *cli, const char *name, uint64_t *out)
{
	const char *text = args_value(&cli->args, name);
	uint64_t us;

	if (!text)
		return 0;
	if (str_to_duration_us(text, &us) < 0 || us > INT64_MAX)
		return -1;
	*out = us;
	return 0;
}

int verb_up(struct cli *cli)
{
	AUTO_FREE char *plan = NULL;
	AUTO_STRV struct strv profiles = {0};
	struct up_options options = {
		.boxes = &cli->args.words,
		.profiles = &profiles,
		.dry_run = args_has(&cli->args, "dry-run"),
		.allow_degraded = args_has(&cli->args, "allow-degraded"),
		.pull = args_has(&cli->args, "pull"),
		.rebuild = args_has(&cli->args, "rebuild"),
	};
	struct err err = {0};

	args_values(&cli->args, "profile", &profiles);
	if (take_duration(cli, "wait-timeout", &options.wait_timeout_us) < 0 ||
	    (args_value(&cli->args, "wait-timeout") && !options.wait_timeout_us))
		return cli_value_fail(cli, "wait-timeout", "a duration such as 1m30s");
	if (cli_open(cli, &err) < 0 || devbox_up(cli->devbox, &options, &plan, &err) < 0)
		return cli_fail(cli, &err);
	if (options.dry_run && plan)
		cli_put(plan);
	return 0;
}

int verb_down(struct cli *cli)
{
	const struct down_options options = {.volumes = args_has(&cli->args, "volumes")};
	struct err err = {0};

	if (cli_open(cli, &err) < 0 || devbox_down(cli->devbox, &options, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}

int verb_start(struct cli *cli)
{
	struct err err = {0};

	if (cli_open(cli, &err) < 0 || devbox_start(cli->devbox, &cli->args.words, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}

typedef int stop_function(struct devbox *devbox, const struct strv *boxes, int64_t timeout_us,
			  struct err *err);

static int stop(struct cli *cli, stop_function *function)
{
	uint64_t timeout_us = UINT64_MAX;
	struct err err = {0};

	if (take_duration(cli, "timeout", &timeout_us) < 0)
		return cli_value_fail(cli, "timeout", "a duration such as 10s");
	if (cli_open(cli, &err) < 0 ||
	    function(cli->devbox, &cli->args.words,
		     timeout_us == UINT64_MAX ? -1 : (int64_t)timeout_us, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}

int verb_stop(struct cli *cli)
{
	return stop(cli, devbox_stop);
}

int verb_restart(struct cli *cli)
{
	return stop(cli, devbox_restart);
}

int verb_kill(struct cli *cli)
{
	const char *name = args_value(&cli->args, "signal");
	const int number = name ? signal_from_name(name) : SIGKILL;
	struct err err = {0};

	if (number <= 0)
		return cli_value_fail(cli, "signal", "the name or number of a signal");
	if (cli_open(cli, &err) < 0 ||
	    devbox_kill(cli->devbox, &cli->args.words, number, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}

static int freeze(struct cli *cli, bool paused)
{
	struct err err = {0};

	if (cli_open(cli, &err) < 0 ||
	    devbox_pause(cli->devbox, &cli->args.words, paused, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}

int verb_pause(struct cli *cli)
{
	return freeze(cli, true);
}

int verb_unpause(struct cli *cli)
{
	return freeze(cli, false);
}
