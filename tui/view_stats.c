#include "tui/parts.h"

#include "util/cleanup.h"

#include <stdio.h>

#define LINE_MAX_BYTES 200

static void head_cpu(const struct box *box, char *out)
{
	char cpu[WORD_MAX], share[WORD_MAX], user[WORD_MAX], system[WORD_MAX];
	const struct rates *rates = &box->rates;

	(void)snprintf(out, LINE_MAX_BYTES, "CPU %s%%  user %s sys %s",
		       word_percent(rates->cpu, cpu), word_percent(rates->cpu_user, user),
		       word_percent(rates->cpu_system, system));
	if (is_known(rates->cpu_limit))
		(void)snprintf(out, LINE_MAX_BYTES,
			       "CPU %s%% (%s%% of %.3g cpu)  user %s sys %s", cpu,
			       word_share(rates->cpu, rates->cpu_limit, share),
			       rates->cpu_limit / 100, user, system);
}

static double number(uint64_t value)
{
	return value < STAT_NO_LIMIT ? (double)value : UNKNOWN;
}

static void head_memory(const struct app *app, const struct box *box, char *out)
{
	static const char *const kinds[] = {"ws", "current", "anon"};
	char used[WORD_MAX], limit[WORD_MAX], share[WORD_MAX], peak[WORD_MAX];
	const struct rates *rates = &box->rates;

	(void)snprintf(out, LINE_MAX_BYTES, "MEM %s/%s %s%% %s, peak %s",
		       word_size(shown_memory(app, box), used),
		       box->now.memory_max == STAT_NO_LIMIT
			       ? "max"
			       : word_size(rates->memory_limit, limit),
		       word_share(rates->memory, rates->memory_limit, share),
		       box->now.memory >= STAT_NO_LIMIT ? "of processes"
							: kinds[app->settings.memory_kind],
		       word_size(number(box->now.memory_peak), peak));
}

static void foot_cpu(const struct box *box, char *out)
{
	char share[WORD_MAX];

	(void)snprintf(out, LINE_MAX_BYTES, "throttled in %s%% of periods",
		       word_percent(box->rates.throttled, share));
}

static void foot_memory(const struct box *box, char *out)
{
	char anon[WORD_MAX], file[WORD_MAX], swap[WORD_MAX], kernel[WORD_MAX];

	(void)snprintf(out, LINE_MAX_BYTES, "anon %s file %s kernel %s swap %s",
		       word_size(number(box->now.anon), anon),
		       word_size(number(box->now.file), file),
		       word_size(number(box->now.kernel), kernel),
		       word_size(number(box->now.swap), swap));
}

static void head_pair(const char *name, const char *first, double in, const char *second,
		      double out_rate, char *out)
{
	char in_word[WORD_MAX], out_word[WORD_MAX];

	(void)snprintf(out, LINE_MAX_BYTES, "%s  %s %s/s  %s %s/s", name, first,
		       word_size(in, in_word), second, word_size(out_rate, out_word));
}

static void make_words(const struct app *app, const struct box *box, enum graph graph,
		       char *head, char *foot)
{
	const struct rates *rates = &box->rates;
	char first[WORD_MAX], second[WORD_MAX];
	static const char *const names[] = {"cpu", "memory", "io"};

	foot[0] = '\0';
	if (graph == GRAPH_CPU) {
		head_cpu(box, head);
		foot_cpu(box, foot);
	} else if (graph == GRAPH_MEMORY) {
		head_memory(app, box, head);
		foot_memory(box, foot);
	} else if (graph == GRAPH_READ || graph == GRAPH_WRITE) {
		head_pair(graph == GRAPH_READ ? "IO read" : "IO write", "r", rates->read, "w",
			  rates->write, head);
		(void)snprintf(foot, LINE_MAX_BYTES, "reads %s/s writes %s/s",
			       word_number(rates->reads, first),
			       word_number(rates->writes, second));
	} else if (graph == GRAPH_RECEIVED || graph == GRAPH_SENT) {
		head_pair(graph == GRAPH_RECEIVED ? "NET in" : "NET out", "rx", rates->received,
			  "tx", rates->sent, head);
		(void)snprintf(foot, LINE_MAX_BYTES, "errors %s dropped %s",
			       word_number(number(box->now.net_errors), first),
			       word_number(number(box->now.net_drops), second));
	} else {
		(void)snprintf(head, LINE_MAX_BYTES, "stalled on %s",
			       names[graph - GRAPH_STALL_CPU]);
	}
}

void draw_graph_of(struct app *app, const struct box *box, enum graph graph, struct rect area)
{
	char head[LINE_MAX_BYTES], foot[LINE_MAX_BYTES], top[WORD_MAX];
	double full = UNKNOWN;
	struct rect inside;

	if (!box || area.height < 3)
		return;
	make_words(app, box, graph, head, foot);
	inside = draw_frame(&app->canvas, area, head, foot);
	if (graph == GRAPH_CPU && is_known(box->rates.cpu_limit))
		full = box->rates.cpu_limit;
	else if (graph == GRAPH_MEMORY && is_known(box->rates.memory_limit))
		full = box->rates.memory_limit;
	else
		full = series_max(&box->graphs[graph], SERIES_SIZE);
	if (graph == GRAPH_CPU || graph >= GRAPH_STALL_CPU)
		word_number(full, top);
	else
		word_size(full, top);
	if (app->settings.plain) {
		(void)canvas_putf(&app->canvas, inside.x, inside.y, STYLE_NORMAL,
				  "at most %s in the last %d readings", top, SERIES_SIZE);
		return;
	}
	draw_graph(&app->canvas, inside, &box->graphs[graph], full, top);
}

/* --- pressure and counters --- */

static const char *hundredths(uint64_t value, char out[WORD_MAX])
{
	return word_percent(value < STAT_NO_LIMIT ? (double)value / 100 : UNKNOWN, out);
}

static const char *alarm_sign(uint64_t some)
{
	if (some >= STAT_NO_LIMIT || some < 1000)
		return " ";
	return some >= 4000 ? "!!" : "!";
}

static int draw_pressures(struct app *app, const struct box *box, struct rect area)
{
	static const char *const names[] = {"cpu", "memory", "io"};
	int y = area.y;

	if (area.height < 4)
		return y;
	canvas_put(&app->canvas, area.x + 1, y++, area.width, STYLE_HEAD,
		   "PSI %         some 10s   60s  300s   full 10s   60s  300s");
	for (int i = 0; i < PRESSURE_COUNT; i++) {
		const struct pressure *p = &box->now.pressure[i];
		char w[6][WORD_MAX];

		(void)canvas_putf(
			&app->canvas, area.x + 1, y++,
			p->some.avg10 < STAT_NO_LIMIT && p->some.avg10 >= 1000 ? STYLE_WARN
									       : STYLE_NORMAL,
			" %-13s %7s%-2s%5s %5s    %7s %5s %5s", names[i],
			hundredths(p->some.avg10, w[0]), alarm_sign(p->some.avg10),
			hundredths(p->some.avg60, w[1]), hundredths(p->some.avg300, w[2]),
			hundredths(p->full.avg10, w[3]), hundredths(p->full.avg60, w[4]),
			hundredths(p->full.avg300, w[5]));
	}
	return y;
}

static int draw_counters(struct app *app, const struct box *box, int x, int y)
{
	const struct reading *now = &box->now;
	char w[8][WORD_MAX];

	(void)canvas_putf(&app->canvas, x + 1, y++, STYLE_NORMAL,
			  "PIDS %s/%s  refused %s  throttled %s x, %s s  weight %s",
			  word_number(box->rates.pids, w[0]),
			  now->pids_max == STAT_NO_LIMIT
				  ? "max"
				  : word_number(number(now->pids_max), w[1]),
			  word_number(number(now->pids_refused), w[2]),
			  word_number(number(now->throttled_periods), w[3]),
			  word_number(number(now->throttled_us) / 1e6, w[4]),
			  word_number(number(now->weight), w[5]));
	(void)canvas_putf(&app->canvas, x + 1, y++, STYLE_NORMAL,
			  "OOM %s  oom_kill %s  max-hits %s  high %s  memory.high %s",
			  word_number(number(now->event_oom), w[0]),
			  word_number(number(now->event_oom_kill), w[1]),
			  word_number(number(now->event_max), w[2]),
			  word_number(number(now->event_high), w[3]),
			  now->memory_high == STAT_NO_LIMIT
				  ? "max"
				  : word_size(number(now->memory_high), w[4]));
	return y;
}

/* Two rows of graphs where there is room for both. */
static int draw_graphs(struct app *app, const struct box *box, struct rect area)
{
	const int left = area.width / 2, right = area.width - left;
	const int first = area.height >= 28 ? area.height * 2 / 5 : (area.height >= 15 ? 6 : 4);
	const int second = area.height >= 28 ? area.height / 4 : (area.height >= 15 ? 3 : 0);
	const struct rect cpu = {0, area.y, left, first};
	const struct rect memory = {left, area.y, right, first};

	draw_graph_of(app, box, GRAPH_CPU, cpu);
	draw_graph_of(app, box, GRAPH_MEMORY, memory);
	if (second) {
		draw_graph_of(app, box, GRAPH_WRITE,
			      (struct rect){0, area.y + first, left, second});
		draw_graph_of(app, box, GRAPH_RECEIVED,
			      (struct rect){left, area.y + first, right, second});
	}
	return area.y + first + second;
}

void draw_stats(struct app *app, struct rect area)
{
	struct box *box = selected_box(app);
	const int end = area.y + area.height;
	int y;

	if (!box)
		return;
	box->is_visible = true;
	if (app->zoomed >= 0) {
		draw_graph_of(app, box, (enum graph)app->zoomed, area);
		return;
	}
	y = draw_graphs(app, box, area);
	y = draw_pressures(app, box, (struct rect){0, y, area.width, end - y});
	if (end - y >= 2)
		y = draw_counters(app, box, 0, y);
	if (box->ports.count && y < end) {
		AUTO_FREE char *words = ports_words(box);

		(void)canvas_putf(&app->canvas, 1, y++, STYLE_NORMAL, "PORTS%s", words);
	}
	for (size_t i = 0; i < box->notes.count && y < end; i++, y++)
		(void)canvas_putf(&app->canvas, 1, y, STYLE_WARN, "note: %s",
				  box->notes.items[i]);
	if (end - y >= 2) {
		draw_rule(&app->canvas, 0, y, area.width, "Events");
		draw_events(app, (struct rect){0, y + 1, area.width, end - y - 1});
	}
}
