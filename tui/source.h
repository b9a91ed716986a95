#ifndef TUI_SOURCE_H
#define TUI_SOURCE_H

#include "tui/model.h"

/* Where the model comes from on a living machine: run records, cgroups, proc. */

/**
 * struct places - what devbox tells its dashboard
 * @devbox:	the program, for actions
 */
struct places {
	const char *runtime; /* $XDG_RUNTIME_DIR/devbox */
	const char *state;   /* $XDG_STATE_HOME/devbox */
	const char *config;  /* $XDG_CONFIG_HOME/devbox */
	const char *devbox;
};

/**
 * struct source - the live source
 * @inotify:	poll it; source_changed() when it is readable
 */
struct source {
	struct places places;
	int inotify;
	int root_watch;
	struct watch *watches;
	size_t watch_count;
	struct feed *feeds;
	size_t feed_count;
	int proc_stat, meminfo, pressure[PRESSURE_COUNT];
	uint64_t host_busy, host_ns;
	uint64_t tick;
	size_t next_pss;
};

int source_open(const struct places *places, struct source *out_source, struct err *err);
void source_close(struct source *source);

/** source_load() - all boxes as their records say. */
int source_load(struct source *source, struct model *model, struct err *err);

/** source_changed() - handle what inotify said: states and boxes that came or went. Return:
 * true when something is to be shown anew. */
bool source_changed(struct source *source, struct model *model);

/** source_sample() - one reading of every box and of the host. */
void source_sample(struct source *source, struct model *model);

/** source_now() - both clocks into the model. */
void source_now(struct model *model);

/* --- records.c --- */

/** records_read() - the records of @project (NULL: of all) into the model. */
int records_read(const char *runtime_dir, const char *project, struct model *model,
		 struct err *err);

/* --- history.c --- */

struct inotify_event;
/** history_follow() - read what happened in projects that are new, and hear of what will. */
void history_follow(struct source *source, struct model *model);
/** history_changed() - @event is about one of these files. */
bool history_changed(struct source *source, struct model *model,
		     const struct inotify_event *event);
void history_close(struct source *source);

/* --- host.c --- */

void host_open(struct source *source, struct model *model);
void host_close(struct source *source);
void host_sample(struct source *source, struct model *model);

/* --- processes.c --- */

/** processes_read() - the processes of @box, busiest first; their times are compared with those
 * in @processes. */
void processes_read(struct box *box, uint64_t now_ns, struct processes *processes);

/** memory_measure() - sum of the proportional set sizes of at most @max processes of @box, and
 * how many processes it has. Return: how many were looked at. */
size_t memory_measure(struct box *box, size_t max);

#endif
