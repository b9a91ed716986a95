#include "tui/source.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RECORD_SUFFIX ".box"
#define PORTS_SUFFIX ".ports"
/* Every how many seconds what is not on the screen, and what hardly changes, is read. */
#define HIDDEN_EVERY 5
#define LIMITS_EVERY 10
/* Processes whose memory is looked at in one second, and how old a sum may get. */
#define PSS_PER_TICK 20
#define PSS_AGE_NS 2000000000U

struct watch {
	int id;
	char *project;
};

void source_now(struct model *model)
{
	struct timespec wall, steady;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_MONOTONIC, &steady);
	model->now_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
	model->now_ns = (uint64_t)steady.tv_sec * 1000000000 + (uint64_t)steady.tv_nsec;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int source_open(const struct places *places, struct source *out_source, struct err *err)
{
	const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return err_sys(err, "watch for changes");
	*out_source = (struct source){
		.places = *places,
		.inotify = fd,
		.root_watch = -1,
		.proc_stat = -1,
		.meminfo = -1,
		.pressure = {-1, -1, -1},
	};
	return 0;
}

void source_close(struct source *source)
{
	for (size_t i = 0; i < source->watch_count; i++)
		free(source->watches[i].project);
	free(source->watches);
	history_close(source);
	cleanup_close(&source->inotify);
	host_close(source);
}

/* --- which boxes there are --- */

static struct watch *find_watch(struct source *source, const char *project)
{
	for (size_t i = 0; i < source->watch_count; i++)
		if (str_eq(source->watches[i].project, project))
			return &source->watches[i];
	return NULL;
}

static void watch_project(struct source *source, const char *project)
{
	AUTO_FREE char *path = path_join(source->places.runtime, project);
	struct watch *watch = find_watch(source, project);
	const int id =
		inotify_add_watch(source->inotify, path, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);

	if (id < 0)
		return;
	if (!watch) {
		source->watches = xrealloc(source->watches, (source->watch_count + 1) *
								    sizeof(*source->watches));
		watch = &source->watches[source->watch_count++];
		watch->project = xstrdup(project);
	}
	watch->id = id;
}

/* The folder of all projects may not be there yet: then its parent is watched. */
static void watch_root(struct source *source)
{
	AUTO_FREE char *parent = xasprintf("%s/..", source->places.runtime);
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;

	source->root_watch = inotify_add_watch(source->inotify, source->places.runtime,
					       IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (source->root_watch < 0) {
		AUTO_FREE char *clean = path_normalize("/", parent);

		(void)inotify_add_watch(source->inotify, clean, IN_CREATE | IN_ONLYDIR);
		return;
	}
	dir = opendir(source->places.runtime);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			watch_project(source, entry->d_name);
}

/* Descriptors only for boxes that run. */
static void open_boxes(struct source *source, struct model *model)
{
	for (size_t i = 0; i < model->count; i++) {
		struct box *box = model->boxes[i];
		AUTO_FREE char *events = NULL;
		pid_t net_pid = box->init_pid;

		if (!box_is_running(box) || box->files.is_open || !box->cgroup)
			continue;
		if (str_eq(box->network, "host") || str_eq(box->network, "none"))
			net_pid = 0;
		if (files_open(box->cgroup, net_pid, &box->files) < 0)
			continue;
		events = path_join(box->cgroup, "cgroup.events");
		box->watch = inotify_add_watch(source->inotify, events, IN_MODIFY);
		box->dirty = true;
	}
}

static void say_missing(struct model *model)
{
	bool no_memory = false, no_io = false, no_pids = false;

	for (size_t i = 0; i < model->count; i++) {
		const struct box *box = model->boxes[i];

		if (!box->files.is_open)
			continue;
		no_memory = no_memory || box->files.fds[FILE_MEMORY] < 0;
		no_pids = no_pids || box->files.fds[FILE_PIDS] < 0;
		no_io = no_io || box->files.fds[FILE_IO] < 0;
	}
	free(model->host.missing);
	model->host.missing = NULL;
	if (no_memory || no_io || no_pids)
		model->host.missing =
			xasprintf("no cgroup controller:%s%s%s", no_memory ? " memory" : "",
				  no_pids ? " pids" : "", no_io ? " io" : "");
}

int source_load(struct source *source, struct model *model, struct err *err)
{
	host_open(source, model);
	watch_root(source);
	if (records_read(source->places.runtime, NULL, model, err) < 0)
		return -1;
	open_boxes(source, model);
	say_missing(model);
	source_now(model);
	return 0;
}

/* --- changes --- */

static void reload(struct source *source, struct model *model, const char *project)
{
	struct err ignored;

	source_now(model);
	(void)records_read(source->places.runtime, project, model, &ignored);
	open_boxes(source, model);
	say_missing(model);
	history_follow(source, model);
}

/* The kernel says whether a box is frozen, and whether anybody is left in it. */
static bool box_event(struct source *source, struct model *model, int watch)
{
	for (size_t i = 0; i < model->count; i++) {
		struct box *box = model->boxes[i];
		struct reading reading = box->now;

		if (box->watch != watch || !box->files.is_open)
			continue;
		if (files_read(&box->files, READ_EVENTS, &reading) < 0 ||
		    reading.populated == 0 || reading.frozen != box->now.frozen) {
			AUTO_FREE char *project = xstrdup(box->project);

			box->now.frozen = reading.frozen;
			reload(source, model, project);
		}
		return true;
	}
	return false;
}

static bool handle(struct source *source, struct model *model,
		   const struct inotify_event *event)
{
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW) {
		watch_root(source);
		reload(source, model, NULL);
		return true;
	}
	if (event->wd == source->root_watch || source->root_watch < 0) {
		if (event->mask & IN_ISDIR) {
			watch_root(source);
			reload(source, model, NULL);
		}
		return true;
	}
	for (size_t i = 0; i < source->watch_count; i++) {
		if (source->watches[i].id != event->wd)
			continue;
		if (!str_ends(name, RECORD_SUFFIX) && !str_ends(name, PORTS_SUFFIX))
			return false;
		reload(source, model, source->watches[i].project);
		return true;
	}
	return history_changed(source, model, event) || box_event(source, model, event->wd);
}

bool source_changed(struct source *source, struct model *model)
{
	char buffer[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool changed = false;
	ssize_t len;

	while ((len = read(source->inotify, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < len;) {
			const void *p = buffer + at;
			const struct inotify_event *event = p;

			changed = handle(source, model, event) || changed;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return changed;
}

/* --- numbers --- */

static unsigned int what_to_read(const struct source *source, const struct box *box, size_t i)
{
	unsigned int what = READ_CHEAP;

	/* The first two are complete, so that every rate is known after a second. */
	if (!box->has_now)
		return READ_ALL;
	if (box->is_visible || (source->tick + i) % HIDDEN_EVERY == 0 ||
	    box->graphs[GRAPH_CPU].count < 2)
		what |= READ_DEAR | READ_STALLS;
	if ((source->tick + i) % LIMITS_EVERY == 0)
		what |= READ_LIMITS;
	return what;
}

/* Without a memory controller the processes are asked, few a second and in turn. */
static void measure_memory(struct source *source, struct model *model)
{
	size_t looked = 0;

	for (size_t tries = 0; tries < model->count && looked < PSS_PER_TICK; tries++) {
		struct box *box = model->boxes[source->next_pss++ % model->count];

		if (!box->files.is_open ||
		    (box->files.fds[FILE_MEMORY] >= 0 && box->files.fds[FILE_PIDS] >= 0) ||
		    (box->pss_ns && model->now_ns - box->pss_ns < PSS_AGE_NS))
			continue;
		looked += memory_measure(box, PSS_PER_TICK) + 1;
		box->pss_ns = model->now_ns;
	}
}

static void sample_box(struct source *source, struct box *box, size_t i)
{
	const unsigned int what = what_to_read(source, box, i);
	struct reading reading = box->now;

	if (files_read(&box->files, what, &reading) < 0) {
		/* Its cgroup is gone; the record says why, now or soon. */
		files_close(&box->files);
		box->rates.cpu = UNKNOWN;
		box->dirty = true;
		return;
	}
	box_take(box, &reading, what, now_ns());
}

/* Without a cgroup nothing tells that a box ended but its record, and that may be a lie. */
static void check_lost(struct source *source, struct model *model)
{
	for (size_t i = 0; i < model->count; i++) {
		const struct box *box = model->boxes[i];

		if (box_is_running(box) && !box->files.is_open) {
			reload(source, model, NULL);
			return;
		}
	}
}

void source_sample(struct source *source, struct model *model)
{
	source_now(model);
	/* Not before the first picture, which has no room for it. */
	if (source->tick == 0)
		history_follow(source, model);
	measure_memory(source, model);
	for (size_t i = 0; i < model->count; i++) {
		if (model->boxes[i]->files.is_open)
			sample_box(source, model->boxes[i], i);
		box_judge(model, model->boxes[i]);
	}
	if (source->tick % HIDDEN_EVERY == 1)
		check_lost(source, model);
	host_sample(source, model);
	source->tick++;
}
