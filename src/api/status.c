#include "api/inspect.h"

#include "box/reason.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void box_status_done(struct box_status *status)
{
	free(status->name);
	free(status->project);
	free(status->box);
	free(status->folder);
	free(status->image);
	free(status->root_kind);
	free(status->network);
	free(status->health);
	free(status->subnet);
	free(status->address);
	free(status->hostname);
	free(status->reason);
	free(status->cgroup);
	strv_done(&status->command);
	strv_done(&status->notes);
	strv_done(&status->troubles);
	port_list_done(&status->ports);
	*status = (struct box_status){0};
}

void box_list_done(struct box_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		box_status_done(&list->items[i]);
	free(list->items);
	*list = (struct box_list){0};
}

char *box_full_name(const char *project_id, const char *box)
{
	return strcmp(box, DEV_BOX) == 0 ? xstrdup(project_id)
					 : xasprintf("%s/%s", project_id, box);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Every number of the struct is unknown when its bytes are all ones. */
static void stats_unknown(struct cgroup_stats *stats)
{
	memset(stats, 0xff, sizeof(*stats));
	stats->is_populated = false;
	stats->is_frozen = false;
}

static void read_stats(struct box_status *status)
{
	AUTO_CLOSE int fd = -1;
	struct cgroup_stats stats;
	struct err err;

	stats_unknown(&status->stats);
	if (!status->cgroup)
		return;
	fd = open(status->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || cgroup_stats_read(fd, &stats, &err) < 0)
		return;
	status->stats = stats;
	status->sampled_ns = now_ns();
	status->has_stats = true;
}

static void read_counters(const struct record *record, struct box_status *status)
{
	if (!str_eq(record->network, "project") ||
	    net_counters_read(record->init_pid, &status->counters) < 0)
		return;
	status->counted_ns = now_ns();
	status->has_counters = true;
}

/* @project_id is the folder the record was found in: a name a user can type. */
void box_status_fill(const struct record *record, const char *project_id, const char *box,
		     struct box_status *out_status)
{
	*out_status = (struct box_status){
		.name = box_full_name(project_id, box),
		.project = xstrdup(project_id),
		.box = xstrdup(box),
		.folder = xstrdup(record->folder),
		.image = xstrdup(record->image),
		.root_kind = xstrdup(record->root_kind),
		.network = xstrdup(record->network),
		.subnet = xstrdup(record->net_subnet),
		.address = xstrdup(record->net_address),
		.hostname = xstrdup(record->hostname),
		.state = phase_name(record->phase),
		.health = record_is_running(record) ? xstrdup(record->health) : NULL,
		.reason = xstrdup(record->reason),
		.init_pid = record->init_pid,
		.started_ms = record->started_ms,
		.finished_ms = record->finished_ms,
		.has_exit = record->has_exit,
		.exit_code = record->exit_code,
		.cgroup = xstrdup(record->cgroup),
	};
	strv_add_all(&out_status->command, &record->command);
	strv_add_all(&out_status->notes, &record->notes);
	if (record_is_running(record)) {
		read_stats(out_status);
		read_counters(record, out_status);
		reason_list(record, &out_status->stats, &out_status->troubles);
	} else {
		stats_unknown(&out_status->stats);
	}
}

void box_status_fill_ports(const struct record *record, const char *runtime_dir,
			   const char *box, struct box_status *status)
{
	struct err ignored;

	/* What a supervisor left that was killed leads nowhere. */
	if (record_is_running(record))
		(void)port_list_load(runtime_dir, box, &status->ports, &ignored);
}

static void add_box(const char *runtime_dir, const char *project_id, const char *box,
		    bool with_exited, struct box_list *list)
{
	struct record record = {0};
	struct err err = {0};

	if (record_load_settled(runtime_dir, box, &record, &err) < 0) {
		/* Gone since the folder was read: somebody took it down. */
		if (err.code != ENOENT)
			log_warn("%s", err.message);
		return;
	}
	if (with_exited || record_is_running(&record)) {
		list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
		box_status_fill(&record, project_id, box, &list->items[list->count]);
		box_status_fill_ports(&record, runtime_dir, box, &list->items[list->count++]);
	}
	record_done(&record);
}

static int add_project(const char *runtime_dir, const char *project_id, bool with_exited,
		       struct box_list *list, struct err *err)
{
	AUTO_FREE char *dir = path_join(runtime_dir, project_id);
	AUTO_STRV struct strv boxes = {0};

	if (record_list(dir, &boxes, err) < 0)
		return -1;
	for (size_t i = 0; i < boxes.count; i++)
		add_box(dir, project_id, boxes.items[i], with_exited, list);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_projects(const char *runtime_dir, struct strv *out_ids, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(runtime_dir);
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, "read folder '%s'", runtime_dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			strv_add(out_ids, entry->d_name);
	if (out_ids->count)
		qsort(out_ids->items, out_ids->count, sizeof(*out_ids->items), compare);
	return 0;
}

int box_list_read(const char *runtime_dir, const char *project_id, bool with_exited,
		  struct box_list *out_list, struct err *err)
{
	AUTO_STRV struct strv ids = {0};
	struct box_list list = {0};

	if (project_id)
		strv_add(&ids, project_id);
	else if (list_projects(runtime_dir, &ids, err) < 0)
		return -1;

	for (size_t i = 0; i < ids.count; i++) {
		if (add_project(runtime_dir, ids.items[i], with_exited, &list, err) < 0) {
			box_list_done(&list);
			return -1;
		}
	}
	*out_list = list;
	return 0;
}
