#include "tui/model.h"

#include <stdlib.h>

/* Shares of a limit, and of the time, from which on somebody should know. */
#define MEMORY_ALERT 95.0
#define MEMORY_ALERT_SECONDS 10
#define THROTTLED_ALERT 25.0
#define STALL_MEMORY_ALERT 10.0
#define STALL_IO_ALERT 40.0

void box_forget_numbers(struct box *box)
{
	struct rates *rates = &box->rates;

	reading_unknown(&box->now);
	reading_unknown(&box->before);
	box->has_now = box->has_before = box->has_dear_before = false;
	box->pss = box->process_count = UNKNOWN;
	box->pss_ns = 0;
	box->high_seconds = 0;
	*rates = (struct rates){
		.cpu = UNKNOWN,
		.cpu_user = UNKNOWN,
		.cpu_system = UNKNOWN,
		.cpu_limit = UNKNOWN,
		.throttled = UNKNOWN,
		.memory = UNKNOWN,
		.memory_limit = UNKNOWN,
		.read = UNKNOWN,
		.write = UNKNOWN,
		.reads = UNKNOWN,
		.writes = UNKNOWN,
		.received = UNKNOWN,
		.sent = UNKNOWN,
		.stalled = {UNKNOWN, UNKNOWN, UNKNOWN},
		.pids = UNKNOWN,
		.pids_limit = UNKNOWN,
	};
}

static bool is_number(uint64_t value)
{
	return value != STAT_UNKNOWN && value != STAT_NO_LIMIT;
}

static double known(uint64_t value)
{
	return is_number(value) ? (double)value : UNKNOWN;
}

/* How much more in @elapsed; UNKNOWN when it is less. */
static double rate(uint64_t before, uint64_t now, double elapsed)
{
	if (!is_number(before) || !is_number(now) || now < before || elapsed <= 0)
		return UNKNOWN;
	return (double)(now - before) / elapsed;
}

static void rate_cpu(struct rates *rates, const struct reading *before,
		     const struct reading *now, double elapsed_us)
{
	const double periods = rate(before->periods, now->periods, 1);
	const double throttled = rate(before->throttled_periods, now->throttled_periods, 1);

	rates->cpu = rate(before->cpu_usage_us, now->cpu_usage_us, elapsed_us) * 100;
	rates->cpu_user = rate(before->cpu_user_us, now->cpu_user_us, elapsed_us) * 100;
	rates->cpu_system = rate(before->cpu_system_us, now->cpu_system_us, elapsed_us) * 100;
	rates->throttled = periods > 0 ? throttled / periods * 100 : periods;
}

static void rate_dear(struct rates *rates, const struct reading *before,
		      const struct reading *now, double elapsed_s)
{
	rates->read = rate(before->read_bytes, now->read_bytes, elapsed_s);
	rates->write = rate(before->write_bytes, now->write_bytes, elapsed_s);
	rates->reads = rate(before->reads, now->reads, elapsed_s);
	rates->writes = rate(before->writes, now->writes, elapsed_s);
	rates->received = rate(before->received_bytes, now->received_bytes, elapsed_s);
	rates->sent = rate(before->sent_bytes, now->sent_bytes, elapsed_s);
}

static void take_levels(struct box *box)
{
	struct rates *rates = &box->rates;
	const struct reading *now = &box->now;
	const double cache = is_number(now->inactive_file) ? (double)now->inactive_file : 0;

	if (is_number(now->memory))
		rates->memory = (double)now->memory > cache ? (double)now->memory - cache : 0;
	else
		rates->memory = box->pss;
	rates->memory_limit = known(now->memory_max);
	rates->cpu_limit = is_number(now->quota_us) && is_number(now->period_us)
				   ? (double)now->quota_us / (double)now->period_us * 100
				   : UNKNOWN;
	rates->pids = is_number(now->pids) ? (double)now->pids : box->process_count;
	rates->pids_limit = known(now->pids_max);
	for (int i = 0; i < PRESSURE_COUNT; i++) {
		const uint64_t average = now->pressure[i].some.avg10;

		rates->stalled[i] = is_number(average) ? (double)average / 100 : UNKNOWN;
	}
}

static void add_graphs(struct box *box)
{
	const struct rates *rates = &box->rates;
	const double values[GRAPH_COUNT] = {
		[GRAPH_CPU] = rates->cpu,
		[GRAPH_MEMORY] = rates->memory,
		[GRAPH_READ] = rates->read,
		[GRAPH_WRITE] = rates->write,
		[GRAPH_RECEIVED] = rates->received,
		[GRAPH_SENT] = rates->sent,
		[GRAPH_STALL_CPU] = rates->stalled[PRESSURE_CPU],
		[GRAPH_STALL_MEMORY] = rates->stalled[PRESSURE_MEMORY],
		[GRAPH_STALL_IO] = rates->stalled[PRESSURE_IO],
	};

	for (int i = 0; i < GRAPH_COUNT; i++)
		series_add(&box->graphs[i], values[i]);
}

void box_take(struct box *box, const struct reading *reading, unsigned int what,
	      uint64_t now_ns)
{
	const struct reading old = box->now;

	box->now = *reading;
	if (what & READ_CHEAP) {
		const double elapsed_us = (double)(now_ns - box->now_ns) / 1000;

		if (box->has_now)
			rate_cpu(&box->rates, &old, reading, elapsed_us);
		box->now_ns = now_ns;
		box->has_now = true;
	}
	if (what & READ_DEAR) {
		const double elapsed_s = (double)(now_ns - box->dear_ns) / 1e9;

		if (box->has_dear_before)
			rate_dear(&box->rates, &box->before, reading, elapsed_s);
		box->before = *reading;
		box->dear_ns = now_ns;
		box->has_dear_before = true;
	}
	take_levels(box);
	if (what & READ_CHEAP)
		add_graphs(box);
}

static void raise_alert(struct model *model, struct box *box, enum alert_kind kind, bool holds,
			double value)
{
	struct alert *alert = &box->alerts[kind];
	bool is_new;

	if (!holds) {
		alert->is_now = false;
		return;
	}
	/* One more of what is counted is news, a higher share is not. */
	is_new = !alert->is_now ||
		 ((kind == ALERT_OOM || kind == ALERT_PIDS) && value > alert->value);
	if (is_new || value > alert->value)
		alert->value = value;
	if (!is_new)
		return;
	alert->is_now = alert->is_set = true;
	alert->time_ms = model->now_ms;
}

static void judge_memory(struct model *model, struct box *box)
{
	const struct rates *rates = &box->rates;
	const double share = is_known(rates->memory_limit) && rates->memory_limit > 0
				     ? rates->memory / rates->memory_limit * 100
				     : UNKNOWN;
	const double kills = known(box->now.event_oom_kill);

	if (share >= MEMORY_ALERT)
		box->high_seconds++;
	else
		box->high_seconds = 0;
	raise_alert(model, box, ALERT_MEMORY, box->high_seconds >= MEMORY_ALERT_SECONDS, share);
	raise_alert(model, box, ALERT_OOM, kills > 0 || box->state == BOX_OOM,
		    kills > 0 ? kills : 1);
}

void box_judge(struct model *model, struct box *box)
{
	const struct rates *rates = &box->rates;
	const double refused = known(box->now.pids_refused);

	judge_memory(model, box);
	raise_alert(model, box, ALERT_FAILED, box->state == BOX_FAILED, box->exit_code);
	raise_alert(model, box, ALERT_UNHEALTHY, box_is_unhealthy(box), 0);
	if (!box_is_running(box))
		return;
	raise_alert(model, box, ALERT_THROTTLED, rates->throttled >= THROTTLED_ALERT,
		    rates->throttled);
	raise_alert(model, box, ALERT_STALL_MEMORY,
		    rates->stalled[PRESSURE_MEMORY] >= STALL_MEMORY_ALERT,
		    rates->stalled[PRESSURE_MEMORY]);
	raise_alert(model, box, ALERT_STALL_IO, rates->stalled[PRESSURE_IO] >= STALL_IO_ALERT,
		    rates->stalled[PRESSURE_IO]);
	raise_alert(model, box, ALERT_PIDS, refused > 0, refused);
}
