#include "api/events.h"

#include "cli/format.h"
#include "cli/report.h"
#include "cli/select.h"
#include "util/cleanup.h"

#include <stdio.h>

static void put_json(const struct event *event)
{
	AUTO_JSON struct json j = {0};

	event_put(event, &j);
	cli_put_json(&j);
}

static void put_text(const struct event *event)
{
	AUTO_FREE char *words = event_words(event);
	AUTO_BUF struct buf line = {0};
	AUTO_BUF struct buf clean = {0};

	time_put(&line, event->time_ms);
	buf_printf(&line, "  %-16s %-10s %s", event->box, event->name, words);
	while (line.len && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	text_put_plain(&clean, line.data);
	buf_putc(&clean, '\n');
	cli_put(clean.data);
}

/* Return: 1 when stdout takes no more. */
static int put_event(void *arg, const struct event *event)
{
	const struct cli *cli = arg;

	if (cli->json)
		put_json(event);
	else
		put_text(event);
	if (args_has(&cli->args, "follow"))
		(void)fflush(stdout);
	return ferror(stdout) ? 1 : 0;
}

int verb_events(struct cli *cli)
{
	struct events_options options = {.follow = args_has(&cli->args, "follow")};
	struct selection selection = {0};
	struct err err = {0};
	int result = -1;

	if (since_parse(args_value(&cli->args, "since"), &options.since_ms) < 0)
		return cli_value_fail(cli, "since", "a duration such as 10m");
	if (cli_open(cli, &err) == 0 && select_boxes(cli, &selection, &err) == 0) {
		options.project_id = selection.project_id;
		options.boxes = &selection.names;
		result = devbox_events(cli->devbox, &options, put_event, cli, &err);
	}
	selection_done(&selection);
	return result < 0 ? cli_fail(cli, &err) : 0;
}
