#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "api/api.h"
#include "cli/args.h"
#include "cli/build_view.h"
#include "cli/progress.h"
#include "util/err.h"
#include "util/json.h"
#include "util/str.h"

#include <stdbool.h>

/* Exit codes of devbox itself. */
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_BEFORE_COMMAND 125

/**
 * struct cli - one invocation
 * @devbox:	NULL until cli_open()
 * @has_colour:	of stderr
 */
struct cli {
	struct args args;
	struct devbox *devbox;
	struct devbox_options options;
	struct progress_view *progress;
	struct build_view *build_view;
	bool json;
	bool quiet;
	bool verbose;
	bool out_colour;
	bool err_colour;
};

/** cli_main() - everything but what only main() may do. Return: exit status. */
int cli_main(int argc, char **argv);

/** cli_open() - cli->devbox from the global options. */
int cli_open(struct cli *cli, struct err *err);

/** cli_fail() - say what is in @err. Return: the exit status of a verb that failed. */
int cli_fail(const struct cli *cli, const struct err *err);

/** cli_usage() - say that the command line is wrong. Return: the exit status for that. */
int cli_usage(const struct cli *cli, const struct err *err);

/** cli_value_fail() - the value of an option is wrong. Return: the exit status for that. */
int cli_value_fail(const struct cli *cli, const char *option, const char *accepted);

/** cli_put() - results: text to stdout. */
void cli_put(const char *text);
/** cli_put_json() - one JSON text and a newline; finishes with @j. */
void cli_put_json(struct json *j);

/* One function a verb. */
int verb_up(struct cli *cli);
int verb_down(struct cli *cli);
int verb_start(struct cli *cli);
int verb_stop(struct cli *cli);
int verb_restart(struct cli *cli);
int verb_kill(struct cli *cli);
int verb_pause(struct cli *cli);
int verb_unpause(struct cli *cli);
int verb_update(struct cli *cli);
int verb_shell(struct cli *cli);
int verb_exec(struct cli *cli);
int verb_run(struct cli *cli);
int verb_ps(struct cli *cli);
int verb_stats(struct cli *cli);
int verb_top(struct cli *cli);
int verb_port(struct cli *cli);
int verb_network(struct cli *cli);
int verb_logs(struct cli *cli);
int verb_events(struct cli *cli);
int verb_metrics(struct cli *cli);
int verb_inspect(struct cli *cli);
int verb_tui(struct cli *cli);
int verb_build(struct cli *cli);
int verb_pull(struct cli *cli);
int verb_load(struct cli *cli);
int verb_save(struct cli *cli);
int verb_images(struct cli *cli);
int verb_rmi(struct cli *cli);
int verb_history(struct cli *cli);
int verb_prune(struct cli *cli);
int verb_du(struct cli *cli);
int verb_config(struct cli *cli);
int verb_plan(struct cli *cli);
int verb_doctor(struct cli *cli);
int verb_completion(struct cli *cli);
int verb_version(struct cli *cli);
int verb_help(struct cli *cli);
int verb_complete(struct cli *cli);

/** devbox_alone() - `devbox` without a verb: the dashboard on a terminal, else project_show().
 */
int devbox_alone(struct cli *cli);

/** project_show() - how the project is. */
int project_show(struct cli *cli);

#endif
