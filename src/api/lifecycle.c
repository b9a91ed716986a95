#include "api/internal.h"

#include "api/status.h"
#include "box/control.h"
#include "cgroup/cgroup.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"
#include "util/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* stop, start, restart, kill, pause, unpause */

#define LOCK_TIMEOUT_MS 60000
#define GONE_TIMEOUT_MS 10000
#define STOP_TRIES 250
#define STOP_POLL_MS 4
#define STAT_MAX 4096

/* A descriptor of exactly the process the record means. -1: it is gone. */
static int open_process(pid_t pid, uint64_t ticks)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0 && !proc_is_alive(pid, ticks)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void await_end(int pid_fd, int timeout_ms)
{
	struct pollfd p = {.fd = pid_fd, .events = POLLIN};

	if (pid_fd >= 0)
		(void)poll(&p, 1, timeout_ms);
}

/* How long a supervisor that does its work may take to end the box. */
static int patience_ms(const struct record *record, int64_t timeout_us)
{
	int64_t grace_us = timeout_us < 0 ? (int64_t)record->stop_grace_us : timeout_us;
	int64_t ms = grace_us / 1000 + GONE_TIMEOUT_MS;

	return ms > INT_MAX || ms < 0 ? INT_MAX : (int)ms;
}

void api_await_supervisor(const struct record *record)
{
	AUTO_CLOSE int supervisor =
		open_process(record->supervisor_pid, record->supervisor_start);

	await_end(supervisor, GONE_TIMEOUT_MS);
}

int api_stop_box(const struct project *project, const struct record *record, int64_t timeout_us,
		 struct err *err)
{
	AUTO_CLOSE int supervisor =
		open_process(record->supervisor_pid, record->supervisor_start);
	AUTO_CLOSE int init = open_process(record->init_pid, record->init_start);
	AUTO_FREE char *request = xasprintf("stop %s %lld", record->box, (long long)timeout_us);

	if (control_ask(project->runtime_dir, request, patience_ms(record, timeout_us), err) <
	    0) {
		if (supervisor >= 0 && err->code != ECONNREFUSED && err->code != ENOENT &&
		    err->code != ECONNRESET && err->code != ETIMEDOUT)
			return -1;
		/* Nobody answers any more: the box cannot be left running. */
		if (init >= 0)
			(void)syscall(SYS_pidfd_send_signal, init, SIGKILL, NULL, 0);
		if (supervisor >= 0 && err->code == ETIMEDOUT)
			(void)syscall(SYS_pidfd_send_signal, supervisor, SIGKILL, NULL, 0);
	}
	await_end(init, GONE_TIMEOUT_MS);
	await_end(supervisor, GONE_TIMEOUT_MS);
	if (record->cgroup) {
		AUTO_FREE char *project_group =
			xstrndup(record->cgroup,
				 (size_t)(strrchr(record->cgroup, '/') - record->cgroup));
		struct err ignored;

		(void)cgroup_remove(project_group, &ignored);
	}
	return 0;
}

/* --- the boxes a verb is about --- */

typedef int box_work(struct project *project, struct record *record, void *arg,
		     struct err *err);

static int work_on(struct project *project, const char *box, box_work *work, void *arg,
		   struct err *err)
{
	struct record record = {0};
	int rc;

	if (record_load_settled(project->runtime_dir, box, &record, err) < 0) {
		AUTO_FREE char *name = box_full_name(project->id, box);

		if (err->code != ENOENT)
			return -1;
		(void)err_set(err, "box '%s' is not running", name);
		return err_hint(err, "devbox up");
	}
	rc = work(project, &record, arg, err);
	record_done(&record);
	return rc;
}

/* @verb: what the project is locked for; NULL: @work is fine while others work on the project.
 */
static int each_named(struct devbox *devbox, const char *name, const char *verb, box_work *work,
		      void *arg, struct err *err)
{
	AUTO_FREE char *box = NULL;
	struct project project;
	int rc;

	if (devbox_find_box(devbox, name, &project, &box, err) < 0)
		return -1;
	rc = verb ? project_lock(&project, verb, LOCK_TIMEOUT_MS, err) : 0;
	if (rc == 0)
		rc = work_on(&project, box, work, arg, err);
	if (project.lock_fd >= 0)
		project_unlock(&project);
	project_done(&project);
	return rc;
}

/* Those of the project that run, the last one that started first; without any, the dev box. */
static int work_on_all(struct project *project, box_work *work, void *arg, struct err *err)
{
	AUTO_STRV struct strv boxes = {0};

	if (api_running_boxes(project, &boxes, err) < 0)
		return -1;
	if (boxes.count == 0)
		strv_add(&boxes, DEV_BOX);
	for (size_t i = 0; i < boxes.count; i++)
		if (work_on(project, boxes.items[i], work, arg, err) < 0)
			return -1;
	return 0;
}

static int all_boxes(struct devbox *devbox, const char *verb, box_work *work, void *arg,
		     struct err *err)
{
	struct project project;
	int rc;

	if (devbox_project(devbox, &project, err) < 0)
		return -1;
	rc = verb ? project_lock(&project, verb, LOCK_TIMEOUT_MS, err) : 0;
	if (rc == 0)
		rc = work_on_all(&project, work, arg, err);
	if (project.lock_fd >= 0)
		project_unlock(&project);
	project_done(&project);
	return rc;
}

static int for_boxes(struct devbox *devbox, const struct strv *boxes, const char *verb,
		     box_work *work, void *arg, struct err *err)
{
	size_t i;

	if (!boxes || boxes->count == 0)
		return all_boxes(devbox, verb, work, arg, err);
	for (i = 0; i < boxes->count; i++) {
		if (each_named(devbox, boxes->items[i], verb, work, arg, err) < 0)
			return -1;
	}
	return 0;
}

/* --- verbs --- */

static int stop_work(struct project *project, struct record *record, void *arg, struct err *err)
{
	AUTO_FREE char *name = box_full_name(project->id, record->box);
	const int64_t *timeout_us = arg;

	if (!record_is_running(record)) {
		log_note(" %-16s was not running", name);
		return 0;
	}
	if (api_stop_box(project, record, *timeout_us, err) < 0)
		return -1;
	log_note(" %-16s stopped", name);
	return 0;
}

int devbox_stop(struct devbox *devbox, const struct strv *boxes, int64_t timeout_us,
		struct err *err)
{
	return for_boxes(devbox, boxes, "stop", stop_work, &timeout_us, err);
}

int devbox_start(struct devbox *devbox, const struct strv *boxes, struct err *err)
{
	const struct up_options options = {.boxes = boxes};

	return devbox_up(devbox, &options, NULL, err);
}

static int check_profile(struct devbox *devbox, struct err *err)
{
	struct config *config;
	struct project project;
	struct spec spec = {0};
	int rc;

	if (devbox_load(devbox, true, false, &config, &spec, &project, err) < 0)
		return -1;
	config_free(config);
	rc = api_check_grants(devbox, &project, &spec, err);
	project_done(&project);
	spec_done(&spec);
	return rc;
}

int devbox_restart(struct devbox *devbox, const struct strv *boxes, int64_t timeout_us,
		   struct err *err)
{
	struct err stopped = {0};

	/* A profile that cannot be started again must not cost the box that runs. */
	if (check_profile(devbox, err) < 0)
		return -1;

	if (devbox_stop(devbox, boxes, timeout_us, &stopped) < 0 &&
	    !strstr(stopped.message, "is not running")) {
		*err = stopped;
		return -1;
	}
	return devbox_start(devbox, boxes, err);
}

static int kill_work(struct project *project, struct record *record, void *arg, struct err *err)
{
	AUTO_FREE char *name = box_full_name(project->id, record->box);
	const int *signal = arg;
	AUTO_CLOSE int init = open_process(record->init_pid, record->init_start);

	if (!record_is_running(record) || init < 0) {
		(void)err_set(err, "box '%s' is not running", name);
		return err_hint(err, "devbox ps -a");
	}
	if (*signal == SIGSTOP || *signal == SIGCONT) {
		(void)err_set(err, "%s stops single processes, not a box",
			      signal_name(*signal));
		return err_hint(err, "devbox pause, devbox unpause");
	}
	if (syscall(SYS_pidfd_send_signal, init, *signal, NULL, 0) < 0)
		return err_sys(err, "signal box '%s'", name);
	if (*signal == SIGKILL) {
		AUTO_CLOSE int supervisor =
			open_process(record->supervisor_pid, record->supervisor_start);

		await_end(init, GONE_TIMEOUT_MS);
		await_end(supervisor, GONE_TIMEOUT_MS);
	}
	log_note(" %-16s %s", name, signal_name(*signal) ? signal_name(*signal) : "signalled");
	return 0;
}

int devbox_kill(struct devbox *devbox, const struct strv *boxes, int signal, struct err *err)
{
	/* Also while somebody waits for the box to stop: that is when it is needed. */
	return for_boxes(devbox, boxes, NULL, kill_work, &signal, err);
}

/* The letter of proc_pid_stat(5), 0 when it is gone. */
static char read_state(pid_t pid, int *out_parent)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", (int)pid);
	AUTO_FREE char *text = NULL;
	struct err ignored;
	const char *name_end;
	char state;

	if (fd_read_file(AT_FDCWD, path, STAT_MAX, &text, &ignored) < 0)
		return 0;
	name_end = strrchr(text, ')');
	if (!name_end || sscanf(name_end, ") %c %d", &state, out_parent) != 2)
		return 0;
	return state;
}

static bool is_inside(pid_t pid, const struct stat *pid_ns)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/pid", (int)pid);
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == pid_ns->st_ino &&
	       st.st_dev == pid_ns->st_dev;
}

/*
 * Without a cgroup: every process in the box's pid namespace gets SIGSTOP or SIGCONT, but for
 * its init, and for those of an `exec`, whose parents are outside: they pass on what they get.
 */
static int signal_all(const struct record *record, int signal, size_t *out_moving,
		      struct err *err)
{
	AUTO_CLOSEDIR DIR *proc = opendir("/proc");
	AUTO_FREE char *init_path = xasprintf("/proc/%d/ns/pid", (int)record->init_pid);
	struct dirent *entry;
	struct stat pid_ns;

	if (!proc || stat(init_path, &pid_ns) < 0)
		return err_sys(err, "look at the processes of box '%s'", record->project);
	*out_moving = 0;
	while ((entry = readdir(proc)) != NULL) {
		uint64_t pid;
		int parent;
		char state;

		if (str_to_u64(entry->d_name, &pid) < 0 || (pid_t)pid == record->init_pid ||
		    !is_inside((pid_t)pid, &pid_ns) || !read_state((pid_t)pid, &parent) ||
		    !is_inside(parent, &pid_ns))
			continue;
		(void)kill((pid_t)pid, signal);
		state = read_state((pid_t)pid, &parent);
		*out_moving += state && !strchr("TtZX", state);
	}
	return 0;
}

/* Until none moves, so that none was born unseen; a process that waits for a stopped one in
 * vfork(2) never stops itself. */
static int stop_all(const struct record *record, struct err *err)
{
	size_t moving = 1;
	int i;

	for (i = 0; i < STOP_TRIES && moving > 0; i++) {
		if (signal_all(record, SIGSTOP, &moving, err) < 0)
			return -1;
		if (moving > 0)
			(void)poll(NULL, 0, STOP_POLL_MS);
	}
	return 0;
}

static int pause_work(struct project *project, struct record *record, void *arg,
		      struct err *err)
{
	AUTO_FREE char *name = box_full_name(project->id, record->box);
	const bool *paused = arg;
	AUTO_CLOSE int group = -1;
	size_t ignored;

	if (!record_is_running(record)) {
		(void)err_set(err, "box '%s' is not running", name);
		return err_hint(err, "devbox up");
	}
	if (record->cgroup) {
		group = open(record->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (group < 0)
			return err_sys(err, "open the cgroup of box '%s'", name);
		if (cgroup_freeze(group, *paused, GONE_TIMEOUT_MS, err) < 0)
			return -1;
	} else {
		if ((*paused ? stop_all(record, err)
			     : signal_all(record, SIGCONT, &ignored, err)) < 0)
			return -1;
		record->phase = *paused ? PHASE_PAUSED : PHASE_RUNNING;
		if (record_save(project->runtime_dir, record, err) < 0)
			return -1;
	}
	api_event(project, record->box, *paused ? EVENT_PAUSED : EVENT_UNPAUSED);
	log_note(" %-16s %s", name, *paused ? "paused" : "goes on");
	return 0;
}

int devbox_pause(struct devbox *devbox, const struct strv *boxes, bool paused, struct err *err)
{
	return for_boxes(devbox, boxes, paused ? "pause" : "unpause", pause_work, &paused, err);
}
