#include "cli/cli.h"

#include "cli/format.h"
#include "cli/port_words.h"
#include "cli/report.h"
#include "cli/table.h"
#include "util/cleanup.h"

#include <string.h>
#include <time.h>

/* Between the two readings that a rate of CPU time takes. */
#define SAMPLE_NS 50000000

static bool is_exited(const struct box_status *status)
{
	return strcmp(status->state, "exited") == 0;
}

/* "oom-killed at 6.0G, 3m ago" */
static char *exit_words(const struct box_status *status, int64_t now)
{
	AUTO_FREE char *age = age_words(status->finished_ms, now);
	const bool has_age = strcmp(age, "-") != 0;

	if (!status->reason)
		return has_age ? xasprintf("%s ago", age) : xstrdup("-");
	return has_age ? xasprintf("%s, %s ago", status->reason, age) : xstrdup(status->reason);
}

static void add_row(struct table *table, const struct box_status *before,
		    const struct box_status *status, int64_t now)
{
	struct strv *row = table_row(table);

	strv_add(row, status->name);
	strv_take(row, state_words(status));
	if (is_exited(status)) {
		strv_take(row, exit_words(status, now));
		return;
	}
	strv_take(row, age_words(status->started_ms, now));
	strv_take(row, share_words(cpu_rate(before, status), 1000));
	strv_take(row, memory_words(&status->stats));
	strv_take(row, number_words(pids_used(&status->stats)));
	strv_take(row, ports_words(&status->ports));
}

/* Below the table: there is no room in it for who was killed and what to do. */
static void put_troubles(const struct box_list *list)
{
	AUTO_BUF struct buf text = {0};
	AUTO_BUF struct buf clean = {0};

	for (size_t i = 0; i < list->count; i++)
		for (size_t t = 0; t < list->items[i].troubles.count; t++)
			buf_printf(&text, "%s: %s\n", list->items[i].name,
				   list->items[i].troubles.items[t]);
	if (!text.len)
		return;
	text_put_clean(&clean, text.data);
	cli_put(clean.data);
}

static void put_table(const struct box_list *before, const struct box_list *list)
{
	static const char *const titles[] = {"BOX", "STATE", "UP",   "CPU",
					     "MEM", "PIDS",  "PORTS"};
	AUTO_TABLE struct table table = {0};
	const int64_t now = now_ms();
	struct strv *head = table_row(&table);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		strv_add(head, titles[i]);
	for (size_t i = 0; i < list->count; i++)
		add_row(&table, box_find(before, list->items[i].name), &list->items[i], now);
	table_print(&table);
	put_troubles(list);
}

static void put_json_box(struct json *j, const struct box_status *status)
{
	json_object_begin(j, NULL);
	json_text(j, "name", status->name);
	json_text(j, "project", status->project);
	json_text(j, "box", status->box);
	json_text(j, "state", status->state);
	json_text(j, "health", status->health);
	if (status->has_exit)
		json_i64(j, "exit_code", status->exit_code);
	else
		json_none(j, "exit_code");
	json_text(j, "reason", status->reason);
	json_array_begin(j, "troubles");
	for (size_t i = 0; i < status->troubles.count; i++)
		json_text(j, NULL, status->troubles.items[i]);
	json_array_end(j);
	json_text(j, "image", status->image);
	json_text(j, "root", status->root_kind);
	json_text(j, "network", status->network);
	json_text(j, "folder", status->folder);
	json_stat(j, "pid", is_exited(status) ? STAT_UNKNOWN : (uint64_t)status->init_pid);
	json_stat(j, "started_ms",
		  status->started_ms ? (uint64_t)status->started_ms : STAT_UNKNOWN);
	json_stat(j, "finished_ms",
		  status->finished_ms ? (uint64_t)status->finished_ms : STAT_UNKNOWN);
	json_stat(j, "cpu_usage_us", status->stats.cpu_usage_us);
	json_stat(j, "memory_bytes", memory_used(&status->stats));
	json_stat(j, "memory_limit_bytes", status->stats.memory_max);
	json_stat(j, "pids", pids_used(&status->stats));
	json_stat(j, "pids_limit", status->stats.pids_max);
	json_array_begin(j, "ports");
	for (size_t i = 0; i < status->ports.count; i++)
		port_json(j, NULL, &status->ports.items[i]);
	json_array_end(j);
	json_object_end(j);
}

static void put_json(const struct box_list *list)
{
	AUTO_JSON struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = 0; i < list->count; i++)
		put_json_box(&j, &list->items[i]);
	json_array_end(&j);
	cli_put_json(&j);
}

static bool has_rates(const struct box_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].has_stats)
			return true;
	return false;
}

/* Print the boxes of @project_id, NULL: of all projects. Return: 0 or -1. */
static int show(struct cli *cli, const char *project_id, bool with_exited, size_t *out_count,
		struct err *err)
{
	const struct timespec pause = {.tv_nsec = SAMPLE_NS};
	const char *runtime = cli->devbox->dirs.runtime;
	struct box_list before = {0}, list = {0};
	int result = box_list_read(runtime, project_id, with_exited, &list, err);

	if (result == 0 && !cli->json && has_rates(&list)) {
		before = list;
		list = (struct box_list){0};
		(void)nanosleep(&pause, NULL);
		result = box_list_read(runtime, project_id, with_exited, &list, err);
	}
	if (result == 0) {
		*out_count = list.count;
		if (cli->json)
			put_json(&list);
		else if (list.count || !project_id)
			put_table(&before, &list);
	}
	box_list_done(&before);
	box_list_done(&list);
	return result;
}

static int show_one(struct cli *cli, bool with_exited)
{
	struct project project;
	struct err err = {0};
	size_t count;
	int result;

	if (devbox_project(cli->devbox, &project, &err) < 0)
		return cli_fail(cli, &err);
	result = show(cli, project.id, with_exited, &count, &err);
	if (result == 0 && !count && !cli->json) {
		AUTO_FREE char *text = xasprintf("%s: %s; 'devbox up' starts it\n", project.id,
						 with_exited ? "no box" : "no box that runs");

		cli_put(text);
	}
	project_done(&project);
	return result < 0 ? cli_fail(cli, &err) : 0;
}

int verb_ps(struct cli *cli)
{
	const bool all = args_has(&cli->args, "all");
	struct err err = {0};
	size_t count;

	if (cli_open(cli, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->options.project)
		return show_one(cli, all);
	return show(cli, NULL, all, &count, &err) < 0 ? cli_fail(cli, &err) : 0;
}

int project_show(struct cli *cli)
{
	struct err err = {0};

	return cli_open(cli, &err) < 0 ? cli_fail(cli, &err) : show_one(cli, true);
}
