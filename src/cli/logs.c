#include "cli/cli.h"

#include "cli/format.h"
#include "cli/report.h"
#include "util/cleanup.h"

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

int verb_logs(struct cli *cli)
{
	const char *tail = args_value(&cli->args, "tail");
	const char *since = args_value(&cli->args, "since");
	struct logs_options options = {
		.boxes = &cli->args.words,
		.follow = args_has(&cli->args, "follow"),
		.tail = SIZE_MAX,
	};
	struct printer printer = {
		.json = cli->json,
		.is_terminal = isatty(STDOUT_FILENO),
		.has_times = args_has(&cli->args, "timestamps"),
		.has_names = cli->args.words.count > 1,
		.flushes = options.follow,
	};
	uint64_t number;
	struct err err = {0};

	if (tail && str_to_u64(tail, &number) < 0)
		return cli_value_fail(cli, "tail", "a number of lines");
	if (tail)
		options.tail = number;
	if (since &&
	    (str_to_duration_us(since, &number) < 0 || number / 1000 > (uint64_t)now_ms()))
		return cli_value_fail(cli, "since", "a duration such as 10m");
	if (since)
		options.since_ms = now_ms() - (int64_t)(number / 1000);

	if (cli_open(cli, &err) < 0 ||
	    devbox_logs(cli->devbox, &options, put_line, &printer, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}
