#include "cli/cli.h"

#include "cli/format.h"
#include "cli/select.h"
#include "cli/stats_csv.h"
#include "cli/stats_json.h"
#include "cli/table.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define STREAM_US 1000000
#define INTERVAL_MIN_US 10000
#define DAY_US UINT64_C(86400000000)
/* Cursor home, and all below it gone. */
#define REDRAW "\033[H\033[J"

/* "0.12" of hundredths of a percent. */
static void put_pressure(struct buf *out, uint64_t hundredths)
{
	if (hundredths == STAT_UNKNOWN)
		buf_puts(out, "-");
	else
		buf_printf(out, "%u.%u", (unsigned int)(hundredths / 100),
			   (unsigned int)(hundredths % 100 / 10));
}

static char *pressure_words(const struct cgroup_stats *stats)
{
	struct buf text = {0};

	put_pressure(&text, stats->cpu_pressure.some_avg10);
	buf_putc(&text, '/');
	put_pressure(&text, stats->memory_pressure.some_avg10);
	buf_putc(&text, '/');
	put_pressure(&text, stats->io_pressure.some_avg10);
	return buf_take(&text);
}

static char *rate_words(const struct box_status *before, const struct box_status *now,
			uint64_t old_value, uint64_t new_value)
{
	if (!before || !before->has_stats || !now->has_stats)
		return xstrdup("-");
	return size_words(
		stat_rate(old_value, new_value, now->sampled_ns - before->sampled_ns));
}

static char *traffic_words(const struct box_status *before, const struct box_status *now,
			   uint64_t old_value, uint64_t new_value)
{
	if (!before || !before->has_counters || !now->has_counters)
		return xstrdup("-");
	return size_words(
		stat_rate(old_value, new_value, now->counted_ns - before->counted_ns));
}

static void add_row(struct table *table, const struct box_status *before,
		    const struct box_status *now)
{
	static const struct cgroup_stats none;
	const struct cgroup_stats *old = before ? &before->stats : &none;
	const struct cgroup_stats *stats = &now->stats;
	const uint64_t cpu = cpu_rate(before, now);
	struct strv *row = table_row(table);

	strv_add(row, now->name);
	strv_take(row, share_words(cpu, 1000));
	strv_take(row, share_words(cpu, cpu_limit(stats)));
	strv_take(row, memory_words(stats));
	strv_take(row, share_words(memory_used(stats), stats->memory_max));
	strv_take(row, number_words(pids_used(stats)));
	strv_take(row, rate_words(before, now, old->io_read_bytes, stats->io_read_bytes));
	strv_take(row, rate_words(before, now, old->io_write_bytes, stats->io_write_bytes));
	strv_take(row, traffic_words(before, now, before ? before->counters.received_bytes : 0,
				     now->counters.received_bytes));
	strv_take(row, traffic_words(before, now, before ? before->counters.sent_bytes : 0,
				     now->counters.sent_bytes));
	strv_take(row, share_words(stat_rate(before ? old->cpu_throttled_periods : STAT_UNKNOWN,
					     stats->cpu_throttled_periods, 1),
				   stat_rate(before ? old->cpu_periods : STAT_UNKNOWN,
					     stats->cpu_periods, 1)));
	strv_take(row, pressure_words(stats));
}

static void put_table(const struct box_list *before, const struct box_list *list)
{
	static const char *const titles[] = {"BOX",  "CPU",  "LIM%",      "MEM",
					     "MEM%", "PIDS", "READ/s",    "WRITE/s",
					     "RX/s", "TX/s", "THROTTLED", "PRESSURE"};
	AUTO_TABLE struct table table = {0};
	struct strv *head = table_row(&table);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		strv_add(head, titles[i]);
	for (size_t i = 0; i < list->count; i++)
		add_row(&table, box_find(before, list->items[i].name), &list->items[i]);
	table_print(&table);
}

/* Which columns have dashes for all boxes, and why: once, not in every line. */
static void say_missing(const struct box_list *list)
{
	bool has_group = false;
	AUTO_BUF struct buf names = {0};

	for (size_t i = 0; i < list->count && !has_group; i++) {
		const struct cgroup_stats *stats = &list->items[i].stats;

		has_group = list->items[i].has_stats;
		if (!has_group)
			continue;
		if (stats->cpu_periods == STAT_UNKNOWN)
			buf_puts(&names, " cpu");
		if (stats->io_read_bytes == STAT_UNKNOWN)
			buf_puts(&names, " io");
		if (stats->memory_current == STAT_UNKNOWN)
			buf_puts(&names, " memory");
		if (stats->pids_current == STAT_UNKNOWN)
			buf_puts(&names, " pids");
	}
	if (list->count && !has_group)
		log_note("devbox: boxes have no cgroup here, which counts what they use; "
			 "'devbox doctor' says why");
	else if (names.len)
		log_note(
			"devbox: '-' is what this session's cgroup does not count, without:%s; "
			"'devbox doctor' says what brings it",
			names.data);
}

/**
 * struct show - how readings are shown
 * @interval_ns:	between two of them; 0 with @once: there is no second
 */
struct show {
	bool once, csv;
	uint64_t interval_ns;
	bool has_said;
};

static void put_list(const struct cli *cli, struct show *how, const struct box_list *before,
		     const struct box_list *list)
{
	if (how->csv) {
		stats_put_csv(before, list);
	} else if (cli->json && how->once) {
		stats_put_array(before, list);
	} else if (cli->json) {
		stats_put_lines(before, list);
	} else {
		if (!how->once && cli->out_colour && isatty(STDOUT_FILENO))
			cli_put(REDRAW);
		put_table(before, list);
		if (list->count && !how->has_said) {
			say_missing(list);
			how->has_said = true;
		}
	}
	(void)fflush(stdout);
}

static void pause_for(const struct show *how)
{
	const struct timespec pause = {.tv_sec = (time_t)(how->interval_ns / NS_PER_S),
				       .tv_nsec = (long)(how->interval_ns % NS_PER_S)};

	(void)nanosleep(&pause, NULL);
}

/* With --once and an interval the first reading is only what the second is compared with. */
static int show(struct cli *cli, const struct selection *selection, struct show *how,
		struct err *err)
{
	const bool is_single = how->once && !how->interval_ns;
	struct box_list before = {0}, list = {0};
	int result = select_read(cli, selection, &list, err);

	if (result == 0 && how->csv)
		stats_put_csv_head();
	if (result == 0 && (!how->once || is_single))
		put_list(cli, how, &before, &list);
	while (result == 0 && !is_single && !ferror(stdout)) {
		box_list_done(&before);
		before = list;
		list = (struct box_list){0};
		pause_for(how);
		result = select_read(cli, selection, &list, err);
		if (result == 0)
			put_list(cli, how, &before, &list);
		if (how->once)
			break;
	}
	box_list_done(&before);
	box_list_done(&list);
	return result;
}

int verb_stats(struct cli *cli)
{
	const char *interval = args_value(&cli->args, "interval");
	struct show how = {
		.once = args_has(&cli->args, "once"),
		.csv = args_has(&cli->args, "csv"),
	};
	struct selection selection = {0};
	uint64_t us = how.once ? 0 : STREAM_US;
	struct err err = {0};
	int result = -1;

	if (interval &&
	    (str_to_duration_us(interval, &us) < 0 || us < INTERVAL_MIN_US || us > DAY_US))
		return cli_value_fail(cli, "interval", "a duration from 10ms to a day");
	if (how.csv && cli->json) {
		(void)err_set(&err, "stats: '--csv' and '--json' are two formats");
		(void)err_hint(&err, "leave one of them out");
		return cli_usage(cli, &err);
	}
	how.interval_ns = us * 1000;
	if (cli_open(cli, &err) == 0 && select_boxes(cli, &selection, &err) == 0)
		result = show(cli, &selection, &how, &err);
	selection_done(&selection);
	return result < 0 ? cli_fail(cli, &err) : 0;
}
