#include "cli/cli.h"

#include "cli/report.h"
#include "util/cleanup.h"

#include <string.h>

#define NAME_WIDTH 26

static const char *const verdict_words[] = {"ok", "warn", "FAIL"};
static const char *const verdict_json[] = {"ok", "warning", "failure"};
static const char *const verdict_colours[] = {"\033[32m", "\033[33m", "\033[1;31m"};

/* "        mend: first line", the others below its first word. */
static void put_detail(struct buf *out, const char *title, const char *text)
{
	const size_t indent = 8 + strlen(title);

	if (!text || !*text)
		return;
	buf_printf(out, "        %s", title);
	for (; *text; text++) {
		buf_putc(out, *text);
		for (size_t i = 0; *text == '\n' && text[1] && i < indent; i++)
			buf_putc(out, ' ');
	}
	if (text[-1] != '\n')
		buf_putc(out, '\n');
}

static void put_check(const struct host_check *check, bool colour, struct buf *out)
{
	const char *word = verdict_words[check->verdict];

	buf_printf(out, "%s%-4s%s  %-*s %s\n", colour ? verdict_colours[check->verdict] : "",
		   word, colour ? "\033[0m" : "", NAME_WIDTH, check->name,
		   check->found ? check->found : "");
	put_detail(out, "lost: ", check->lost);
	put_detail(out, "mend: ", check->mend);
}

static void put_count(struct buf *out, size_t count, const char *one, const char *many)
{
	if (count)
		buf_printf(out, ", %zu %s", count, count == 1 ? one : many);
}

static void put_report(const struct host_report *report, bool colour)
{
	size_t counts[ARRAY_LEN(verdict_words)] = {0};
	AUTO_BUF struct buf text = {0};

	for (size_t i = 0; i < report->count; i++) {
		AUTO_BUF struct buf clean = {0};
		struct host_check check = report->checks[i];

		text_put_clean(&clean, check.found ? check.found : "");
		check.found = clean.data;
		put_check(&check, colour, &text);
		counts[check.verdict]++;
	}
	buf_printf(&text, "%zu ok", counts[HOST_OK]);
	put_count(&text, counts[HOST_WARN], "warning", "warnings");
	put_count(&text, counts[HOST_FAIL], "failure", "failures");
	buf_putc(&text, '\n');
	cli_put(text.data);
}

static void put_json(const struct host_report *report)
{
	AUTO_JSON struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = 0; i < report->count; i++) {
		const struct host_check *check = &report->checks[i];

		json_object_begin(&j, NULL);
		json_text(&j, "id", check->id);
		json_text(&j, "verdict", verdict_json[check->verdict]);
		json_text(&j, "name", check->name);
		json_text(&j, "found", check->found);
		json_text(&j, "lost", check->lost);
		json_text(&j, "mend", check->mend);
		json_object_end(&j);
	}
	json_array_end(&j);
	cli_put_json(&j);
}

int verb_doctor(struct cli *cli)
{
	struct host_report report;
	struct err err = {0};
	int status = 0;

	if (cli_open(cli, &err) < 0 || devbox_doctor(cli->devbox, &report, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->json)
		put_json(&report);
	else
		put_report(&report, cli->out_colour);
	for (size_t i = 0; i < report.count; i++)
		if (report.checks[i].verdict == HOST_FAIL)
			status = EXIT_FAILED;
	host_report_done(&report);
	return status;
}
