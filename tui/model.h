#ifndef TUI_MODEL_H
#define TUI_MODEL_H

#include "api/status.h"
#include "tui/files.h"
#include "tui/reading.h"
#include "tui/series.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the dashboard knows. Filled by a source (this machine, or a recording), read by views.
 */

enum box_state {
	BOX_STARTING,
	BOX_UP,
	BOX_PAUSED,
	BOX_OOM,    /* ended by the kernel for memory */
	BOX_FAILED, /* ended with another status than 0 */
	BOX_EXITED
};

/** struct rates - what a box uses, from two readings; UNKNOWN until there are two */
struct rates {
	double cpu, cpu_user, cpu_system; /* percent of one processor */
	double cpu_limit;                 /* percent of one processor; UNKNOWN: no limit */
	double throttled;                 /* percent of periods */
	double memory, memory_limit;      /* bytes; limit UNKNOWN: none */
	double read, write, reads, writes, received, sent; /* per second */
	double stalled[PRESSURE_COUNT];                    /* percent of the time, some */
	double pids, pids_limit;
};

enum graph {
	GRAPH_CPU,
	GRAPH_MEMORY,
	GRAPH_READ,
	GRAPH_WRITE,
	GRAPH_RECEIVED,
	GRAPH_SENT,
	GRAPH_STALL_CPU,
	GRAPH_STALL_MEMORY,
	GRAPH_STALL_IO,
	GRAPH_COUNT
};

enum alert_kind {
	ALERT_OOM, /* the worst first */
	ALERT_FAILED,
	ALERT_UNHEALTHY,
	ALERT_MEMORY,
	ALERT_THROTTLED,
	ALERT_STALL_MEMORY,
	ALERT_STALL_IO,
	ALERT_PIDS,
	ALERT_COUNT
};

/** struct alert - sticky: stays until somebody has seen it, or the box starts again */
struct alert {
	bool is_set;
	bool is_now; /* the reason still holds */
	int64_t time_ms;
	double value;
};

/**
 * struct box - one box
 * @memory_is_pss: @pss instead of a memory controller's word
 * @has_before:	@before can be compared with @now
 * @dirty:	something about it changed that nobody looked at
 */
struct box {
	char *name, *project, *box, *folder, *image, *root_kind, *network, *cgroup, *reason;
	char *health; /* "starting", "healthy", "unhealthy"; NULL: it has no healthcheck */
	char *command;
	struct strv notes;
	struct port_list ports; /* of the host that lead into it */
	enum box_state state;
	pid_t init_pid;
	int64_t started_ms, finished_ms;
	bool has_exit;
	int exit_code;

	struct files files;
	struct reading now, before;
	uint64_t now_ns, before_ns, dear_ns, dear_before_ns;
	bool has_now, has_before, has_dear_before;
	struct rates rates;
	struct series graphs[GRAPH_COUNT];
	struct alert alerts[ALERT_COUNT];
	double pss, process_count;
	uint64_t pss_ns;
	int high_seconds; /* how long memory has been near its limit */
	int watch;        /* of inotify on cgroup.events, -1 */

	bool is_marked, is_seen, dirty;
	bool is_visible; /* a view shows it: dear numbers are worth it */
};

/** struct happening - an event of a box, in words */
struct happening {
	int64_t time_ms;
	char *box;
	bool is_bad;
	char *text;
};
#define EVENTS_MAX 2000

/** struct process - of the box that is looked at */
struct process {
	pid_t pid;
	char user[16];
	double cpu; /* percent of one processor */
	double rss;
	char state;
	char *command;
	uint64_t ticks, start; /* for the next look */
	bool has_ticks;
};
struct processes {
	struct process *items;
	size_t count;
	uint64_t time_ns;
	char *box;
};

/** struct host - the machine; UNKNOWN until known */
struct host {
	int cpus;
	double cpu; /* percent of one processor, all of them */
	double memory_total, memory_used;
	double stalled[PRESSURE_COUNT];
	char *missing; /* controllers that boxes do not have, for people; NULL */
};

/** struct model - @now_ms is the wall clock, @now_ns the monotonic one, of the last sample */
struct model {
	struct box **boxes;
	size_t count;
	struct happening *events; /* oldest first */
	size_t event_count;
	struct host host;
	struct processes processes;
	int64_t now_ms;
	uint64_t now_ns;
};

void model_init(struct model *model);
void model_done(struct model *model);

/** model_box() - the box called @name; NULL: there is none. */
struct box *model_box(const struct model *model, const char *name);
/** model_add() - a new box without any number; the model's. */
struct box *model_add(struct model *model, const char *name);
/** model_sweep() - drop all boxes that are not is_seen. */
void model_sweep(struct model *model);
/** model_event() - remember that something happened; the oldest are forgotten. */
void model_event(struct model *model, int64_t time_ms, const char *box, bool is_bad,
		 const char *format, ...) ERR_PRINTF(5, 6);
/** model_alerts() - how many there are that nobody has seen. */
size_t model_alerts(const struct model *model);
/** model_set_state() - the state from what a record says; exit statuses are looked at. */
enum box_state box_state_of(const char *phase, bool has_exit, int exit_code,
			    const char *reason);

bool box_is_running(const struct box *box);
bool box_is_unhealthy(const struct box *box);
/** box_state_word() - "running"; short: at most five characters. */
const char *box_state_word(const struct box *box, bool is_short);
/** box_alert_words() - "memory 97% of its 512M limit". free() it. */
char *box_alert_words(const struct box *box, enum alert_kind kind);

void processes_done(struct processes *processes);

/* --- sampler.c --- */

/** box_forget_numbers() - the next reading is the first one: after a restart. */
void box_forget_numbers(struct box *box);

/**
 * box_take() - a new reading of a box
 * @what:	READ_* that the reading has; other parts are of the reading before
 * @now_ns:	monotonic clock, right after the reading
 *
 * Rates of numbers that went backwards are UNKNOWN.
 */
void box_take(struct box *box, const struct reading *reading, unsigned int what,
	      uint64_t now_ns);

/** box_judge() - alerts by the numbers as they are. Once a second. */
void box_judge(struct model *model, struct box *box);

#endif
