#include "api/top.h"

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/table.h"
#include "util/cleanup.h"

#include <string.h>

/* @text on one line, and nothing a terminal would obey: a program chooses its own arguments. */
static char *escape(const char *text)
{
	struct buf out = {0};

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '\n')
			buf_puts(&out, "\\n");
		else if (*c == '\t')
			buf_puts(&out, "\\t");
		else if (*c < 0x20 || *c == 0x7f)
			buf_printf(&out, "\\x%02x", *c);
		else
			buf_putc(&out, (char)*c);
	}
	return buf_take(&out);
}

static void put_table(const struct box_processes *processes)
{
	static const char *const titles[] = {"PID", "IN BOX", "USER", "STATE",  "CPU",
					     "RSS", "PSS",    "TIME", "COMMAND"};
	AUTO_TABLE struct table table = {0};
	struct strv *head = table_row(&table);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		strv_add(head, titles[i]);
	for (size_t i = 0; i < processes->count; i++) {
		const struct box_process *process = &processes->items[i];
		struct strv *row = table_row(&table);
		char duration[STR_DURATION_MAX];

		strv_addf(row, "%d", (int)process->pid);
		strv_addf(row, "%d", (int)process->inner_pid);
		strv_take(row, escape(process->user));
		strv_addf(row, "%c", process->state);
		strv_take(row, share_words(process->cpu_millicores, 1000));
		strv_take(row, size_words(process->rss_bytes));
		strv_take(row, size_words(process->pss_bytes));
		strv_add(row, str_format_duration(process->cpu_us, duration));
		strv_take(row, escape(process->command));
	}
	table_print(&table);
}

static void put_json(const struct box_processes *processes)
{
	AUTO_JSON struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = 0; i < processes->count; i++) {
		const struct box_process *process = &processes->items[i];
		const char state[2] = {process->state, '\0'};

		json_object_begin(&j, NULL);
		json_text(&j, "box", processes->box);
		json_i64(&j, "pid", process->pid);
		json_i64(&j, "pid_in_box", process->inner_pid);
		json_i64(&j, "parent_pid", process->parent);
		json_text(&j, "user", process->user);
		json_text(&j, "state", state);
		json_stat(&j, "cpu_millicores", process->cpu_millicores);
		json_stat(&j, "cpu_usage_us", process->cpu_us);
		json_stat(&j, "rss_bytes", process->rss_bytes);
		json_stat(&j, "pss_bytes", process->pss_bytes);
		json_stat(&j, "threads", process->threads);
		json_text(&j, "command", process->command);
		json_object_end(&j);
	}
	json_array_end(&j);
	cli_put_json(&j);
}

int verb_top(struct cli *cli)
{
	const char *box = cli->args.words.count ? cli->args.words.items[0] : NULL;
	struct box_processes processes;
	struct err err = {0};

	if (cli_open(cli, &err) < 0 || devbox_top(cli->devbox, box, &processes, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->json)
		put_json(&processes);
	else
		put_table(&processes);
	box_processes_done(&processes);
	return 0;
}
