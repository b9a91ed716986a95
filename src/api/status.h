#ifndef API_STATUS_H
#define API_STATUS_H

#include "cgroup/stats.h"
#include "net/counters.h"
#include "state/ports.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct box_status - what a box is and costs, for ps, stats, inspect and the dashboard; owned
 * @name:	PROJECT or PROJECT/SERVICE
 * @state:	"starting", "up", "paused", "exited"
 * @subnet, @address, @hostname: in the project's network; NULL: it has none
 * @ports:	of the host that lead into it
 * @counters:	of its own network; without @has_counters it has none, or is gone
 * @stats:	one reading of its cgroup; all STAT_UNKNOWN when it has none
 */
struct box_status {
	char *name;
	char *project;
	char *box;
	char *folder;
	char *image;
	char *root_kind;
	char *network;
	char *subnet;
	char *address;
	char *hostname;
	const char *state;
	char *health; /* "starting", "healthy", "unhealthy"; NULL: it has no healthcheck */
	char *reason;
	pid_t init_pid;
	int64_t started_ms, finished_ms;
	bool has_exit;
	int exit_code;
	char *cgroup;
	struct strv command;
	struct strv notes;
	struct strv troubles; /* who was killed for memory, what holds it up; with what to do */
	struct port_list ports;
	bool has_counters;
	struct net_counters counters;
	uint64_t counted_ns; /* CLOCK_MONOTONIC of them */
	bool has_stats;
	struct cgroup_stats stats;
	uint64_t sampled_ns; /* CLOCK_MONOTONIC of the reading */
};
struct box_list {
	struct box_status *items;
	size_t count;
};
void box_status_done(struct box_status *status);
void box_list_done(struct box_list *list);

/** box_full_name() - how a user names the box @box of @project_id. free() it. */
char *box_full_name(const char *project_id, const char *box);

/**
 * box_list_read() - every box of @project_id (NULL: of all projects) below @runtime_dir
 * ("$XDG_RUNTIME_DIR/devbox")
 * @with_exited:	also boxes that ended
 * Reads files only: never asks a supervisor.
 */
int box_list_read(const char *runtime_dir, const char *project_id, bool with_exited,
		  struct box_list *out_list, struct err *err);

#endif
