#include "cli/cli.h"

#include "cli/format.h"
#include "cli/report.h"
#include "util/cleanup.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/**
 * struct printer - how lines are shown
 * @is_terminal:	what a program wrote must not reach the terminal as it is
 * @has_names:		several boxes were asked for: each line says whose it is
 */
struct printer {
	bool json;
	bool is_terminal;
	bool has_times;
	bool has_names;
	bool flushes;
};

static void put_json(const char *box, int64_t time_ms, const char *stream, const char *text)
{
	AUTO_JSON struct json j = {0};

	json_object_begin(&j, NULL);
	json_text(&j, "box", box);
	json_i64(&j, "time_ms", time_ms);
	json_text(&j, "stream", stream);
	json_text(&j, "text", text);
	json_object_end(&j);
	cli_put_json(&j);
}

static void put_text(const struct printer *printer, const char *box, int64_t time_ms,
		     const char *text)
{
	AUTO_BUF struct buf line = {0};

	if (printer->has_times) {
		time_put(&line, time_ms);
		buf_putc(&line, ' ');
	}
	if (printer->has_names || strchr(box, '/'))
		buf_printf(&line, "%s | ", box);
	if (printer->is_terminal)
		text_put_plain(&line, text);
	else
		buf_puts(&line, text);
	buf_putc(&line, '\n');
	cli_put(line.data);
}

/* Return: 1 when stdout takes no more. */
static int put_line(void *arg, const char *box, int64_t time_ms, const char *stream,
		    const char *text)
{
	const struct printer *printer = arg;

	if (printer->json)
		put_json(box, time_ms, stream, text);
	else
		put_text(printer, box, time_ms, text);
	if (printer->flushes)
		(void)fflush(stdout);
	return ferror(stdout) ? 1 : 0;
}

static int compile(const struct cli *cli, const char *pattern, regex_t *out, struct err *err)
{
	int code = regcomp(out, pattern, REG_EXTENDED | REG_NOSUB);
	char words[128];

	if (code == 0)
		return 0;
	(void)regerror(code, out, words, sizeof(words));
	(void)err_set(err, "%s: option '--grep': '%s': %s", cli->args.verb->name, pattern,
		      words);
	return err_hint(err, "an extended regular expression, see regex(7)");
}

static bool is_found(void *arg, const char *text)
{
	return regexec(arg, text, 0, NULL, 0) == 0;
}

int verb_logs(struct cli *cli)
{
	const char *tail = args_value(&cli->args, "tail");
	struct logs_options options = {
		.boxes = &cli->args.words,
		.follow = args_has(&cli->args, "follow"),
		.net = args_has(&cli->args, "net"),
		.tail = SIZE_MAX,
	};
	struct printer printer = {
		.json = cli->json,
		.is_terminal = isatty(STDOUT_FILENO),
		.has_times = args_has(&cli->args, "timestamps"),
		.has_names = cli->args.words.count > 1,
		.flushes = options.follow,
	};
	const char *pattern = args_value(&cli->args, "grep");
	uint64_t number;
	regex_t regex;
	struct err err = {0};
	int result;

	if (tail && str_to_u64(tail, &number) < 0)
		return cli_value_fail(cli, "tail", "a number of lines");
	if (tail)
		options.tail = number;
	if (since_parse(args_value(&cli->args, "since"), &options.since_ms) < 0)
		return cli_value_fail(cli, "since", "a duration such as 10m");
	if (since_parse(args_value(&cli->args, "until"), &options.until_ms) < 0)
		return cli_value_fail(cli, "until", "a duration such as 10m");
	if (options.follow && options.until_ms) {
		(void)err_set(&err, "logs: '--until' is in the past, and '--follow' goes on");
		(void)err_hint(&err, "leave one of them out");
		return cli_usage(cli, &err);
	}
	if (pattern && compile(cli, pattern, &regex, &err) < 0)
		return cli_usage(cli, &err);
	if (pattern) {
		options.wants = is_found;
		options.wants_arg = &regex;
	}

	result = cli_open(cli, &err);
	if (result == 0)
		result = devbox_logs(cli->devbox, &options, put_line, &printer, &err);
	if (pattern)
		regfree(&regex);
	return result < 0 ? cli_fail(cli, &err) : 0;
}
