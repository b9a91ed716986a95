#include "cli/cli.h"

#include "cli/format.h"
#include "cli/select.h"
#include "cli/stats_json.h"
#include "cli/table.h"
#include "util/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ONCE_NS 100000000
#define STREAM_NS 999999999
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
	strv_take(row, share_words(stat_rate(before ? old->cpu_throttled_periods : STAT_UNKNOWN,
					     stats->cpu_throttled_periods, 1),
				   stat_rate(before ? old->cpu_periods : STAT_UNKNOWN,
					     stats->cpu_periods, 1)));
	strv_take(row, pressure_words(stats));
}

static void put_table(const struct box_list *before, const struct box_list *list)
{
	static const char *const titles[] = {"BOX",       "CPU",     "LIM%",   "MEM",
					     "MEM%",      "PIDS",    "READ/s", "WRITE/s",
					     "THROTTLED", "PRESSURE"};
	AUTO_TABLE struct table table = {0};
	struct strv *head = table_row(&table);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		strv_add(head, titles[i]);
	for (size_t i = 0; i < list->count; i++)
		add_row(&table, box_find(before, list->items[i].name), &list->items[i]);
	table_print(&table);
}

static void put_list(const struct cli *cli, bool once, const struct box_list *before,
		     const struct box_list *list)
{
	if (cli->json && once) {
		stats_put_array(before, list);
	} else if (cli->json) {
		stats_put_lines(before, list);
	} else {
		if (!once && cli->out_colour && isatty(STDOUT_FILENO))
			cli_put(REDRAW);
		put_table(before, list);
	}
	(void)fflush(stdout);
}

/* With @once the first reading is only what the second is compared with. */
static int show(struct cli *cli, const struct selection *selection, bool once, struct err *err)
{
	const struct timespec pause = {.tv_nsec = once ? ONCE_NS : STREAM_NS};
	struct box_list before = {0}, list = {0};
	int result = select_read(cli, selection, &list, err);

	if (result == 0 && !once)
		put_list(cli, once, &before, &list);
	while (result == 0 && !ferror(stdout)) {
		box_list_done(&before);
		before = list;
		list = (struct box_list){0};
		if (before.count || !once)
			(void)nanosleep(&pause, NULL);
		result = select_read(cli, selection, &list, err);
		if (result == 0)
			put_list(cli, once, &before, &list);
		if (once)
			break;
	}
	box_list_done(&before);
	box_list_done(&list);
	return result;
}

int verb_stats(struct cli *cli)
{
	struct selection selection = {0};
	struct err err = {0};
	int result = -1;

	if (cli_open(cli, &err) == 0 && select_boxes(cli, &selection, &err) == 0)
		result = show(cli, &selection, args_has(&cli->args, "once"), &err);
	selection_done(&selection);
	return result < 0 ? cli_fail(cli, &err) : 0;
}
