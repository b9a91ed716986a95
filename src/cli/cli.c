#include "cli/cli.h"

#include "cli/help.h"
#include "cli/report.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One write a line: those of several processes do not mix. */
static void put_stderr(const struct buf *text)
{
	if (text->len)
		(void)fd_write_all(STDERR_FILENO, text->data, text->len);
}

static void put_log(void *arg, enum log_level level, const char *text)
{
	const struct cli *cli = arg;
	AUTO_BUF struct buf line = {0};

	if ((level == LOG_LEVEL_NOTE && cli->quiet) ||
	    (level == LOG_LEVEL_DEBUG && !cli->verbose))
		return;
	/* Results that were printed before stay before. */
	(void)fflush(stdout);
	progress_view_clear(cli->progress);
	build_view_clear(cli->build_view);
	report_log(level, text, cli->err_colour, &line);
	put_stderr(&line);
}

static void put_error(const struct cli *cli, const struct err *err)
{
	AUTO_BUF struct buf text = {0};
	struct err full = *err;

	/* Wherever it happens there is one thing to do about it. */
	if ((err->code == ENOSPC || err->code == EDQUOT) && !*err->hint)
		(void)err_hint(&full, "make room there: 'df -h' and 'quota' say what is full");
	(void)fflush(stdout);
	report_error(&full, cli->err_colour, &text);
	put_stderr(&text);
}

static bool has_status(const struct cli *cli)
{
	return cli->args.verb && (cli->args.verb->flags & VERB_STATUS);
}

int cli_fail(const struct cli *cli, const struct err *err)
{
	put_error(cli, err);
	return has_status(cli) ? EXIT_BEFORE_COMMAND : EXIT_FAILED;
}

int cli_usage(const struct cli *cli, const struct err *err)
{
	put_error(cli, err);
	return has_status(cli) ? EXIT_BEFORE_COMMAND : EXIT_USAGE;
}

int cli_value_fail(const struct cli *cli, const char *option, const char *accepted)
{
	const char *verb = cli->args.verb ? cli->args.verb->name : NULL;
	struct err err = {0};

	(void)err_set(&err, "%s%soption '--%s': '%s' is not %s", verb ? verb : "",
		      verb ? ": " : "", option, args_value(&cli->args, option), accepted);
	return cli_usage(cli, &err);
}

void cli_put(const char *text)
{
	(void)fputs(text, stdout);
}

void cli_put_json(struct json *j)
{
	char *text;

	buf_putc(&j->text, '\n');
	text = buf_take(&j->text);
	cli_put(text);
	free(text);
}

int cli_open(struct cli *cli, struct err *err)
{
	if (cli->devbox)
		return 0;
	if (devbox_open(&cli->options, &cli->devbox, err) < 0)
		return -1;
	cli->devbox->progress =
		(struct progress){.event = progress_view_event, .arg = cli->progress};
	cli->devbox->build_watch =
		(struct build_watch){.event = build_view_event, .arg = cli->build_view};
	return 0;
}

/* DEVBOX_FILE may hold several, like PATH. */
static void take_files(struct cli *cli)
{
	AUTO_FREE char *list = NULL;
	const char *value;
	char *rest, *file;

	args_values(&cli->args, "file", &cli->options.files);
	value = args_value(&cli->args, "file");
	if (cli->options.files.count || !value)
		return;
	list = xstrdup(value);
	rest = list;
	while ((file = strsep(&rest, ":")))
		if (*file)
			strv_add(&cli->options.files, file);
}

/* Anything but a yes is a no, the end of input too. */
static bool ask(void *arg, const char *question)
{
	char answer[16] = "";

	(void)arg;
	(void)fprintf(stderr, "%s [y/N] ", question);
	(void)fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin)) {
		(void)fputc('\n', stderr);
		return false;
	}
	return strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0;
}

/* Return: 0, or the exit status for a wrong value. */
/* Verbs that are about the steps of a build, and not on the way to something else. */
static bool shows_cached(const struct verb *verb)
{
	return verb && (strcmp(verb->name, "build") == 0 || strcmp(verb->name, "plan") == 0);
}

static int take_globals(struct cli *cli)
{
	static const char *const whens[] = {"auto", "always", "never", NULL};
	const char *when = args_value(&cli->args, "color");
	enum progress_mode mode;
	bool known = !when;

	for (size_t i = 0; when && whens[i]; i++)
		known = known || strcmp(when, whens[i]) == 0;
	cli->err_colour = report_colour(known ? when : NULL, STDERR_FILENO);
	cli->out_colour = report_colour(known ? when : NULL, STDOUT_FILENO);
	cli->json = args_has(&cli->args, "json");
	cli->quiet = args_has(&cli->args, "quiet");
	cli->verbose = args_has(&cli->args, "verbose");
	cli->options.start_dir = args_value(&cli->args, "directory");
	cli->options.project = args_value(&cli->args, "project");
	cli->options.yes = args_has(&cli->args, "yes");
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		cli->options.ask = ask;
	take_files(cli);
	if (!known)
		return cli_value_fail(cli, "color", "auto, always or never");
	if (progress_mode_parse(args_value(&cli->args, "progress"), &mode) < 0)
		return cli_value_fail(cli, "progress", "auto, tty, plain, json or quiet");
	cli->progress = progress_view_new(cli->quiet ? SHOW_QUIET : mode);
	cli->build_view = build_view_new(cli->quiet ? SHOW_QUIET : mode,
					 cli->verbose || shows_cached(cli->args.verb));
	return 0;
}

static int refuse_later(const struct cli *cli)
{
	struct err err = {0};

	(void)err_set(&err, "verb '%s' is not built yet", cli->args.verb->name);
	return cli_usage(cli, &err);
}

static int run_verb(struct cli *cli)
{
	const struct verb *verb = cli->args.verb;
	int status = take_globals(cli);

	if (status)
		return status;
	if (verb && (verb->flags & VERB_LATER))
		return refuse_later(cli);
	if (args_has(&cli->args, "help"))
		return help_show(verb);
	if (args_has(&cli->args, "version"))
		return verb_version(cli);
	log_to(put_log, cli);
	return verb ? verb->run(cli) : devbox_alone(cli);
}

/* A full disk or a closed stdout is a failure of every verb but those that hand on a status. */
static int finish_stdout(const struct cli *cli, int status)
{
	struct err err = {0};
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return status;
	(void)(errno ? err_sys(&err, "write output") : err_set(&err, "write output: failed"));
	put_error(cli, &err);
	return status ? status : EXIT_FAILED;
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {0};
	struct err err = {0};
	int status;

	if (args_parse(argc, argv, &cli.args, &err) < 0) {
		cli.err_colour = report_colour(NULL, STDERR_FILENO);
		status = cli_usage(&cli, &err);
	} else {
		status = run_verb(&cli);
	}
	status = finish_stdout(&cli, status);

	log_to(NULL, NULL);
	devbox_close(cli.devbox);
	progress_view_free(cli.progress);
	build_view_free(cli.build_view);
	strv_done(&cli.options.files);
	args_done(&cli.args);
	return status;
}
