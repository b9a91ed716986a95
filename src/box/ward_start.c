#include "box/ward.h"

#include "box/control.h"
#include "box/keep.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_output(struct ward *ward, struct launch_options *options, struct err *err)
{
	int i;

	for (i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_sys(err, "make a pipe");
		ward->output[i] = ends[0];
		options->stdio[i + 1] = ends[1];
		(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	}
	options->flags |= INIT_OWN_STDIO;
	return 0;
}

static int open_log(struct ward *ward, struct err *err)
{
	const struct project *project = ward->request->project;
	AUTO_FREE char *path = xasprintf("%s/%s.log", project->state_dir, ward->record->box);
	/* The log is as old as the box: both go with `down`. */
	const bool is_new = access(path, F_OK) < 0;

	if (path_mkdirs(project->state_dir, 0700) < 0)
		return err_sys(err, "make '%s'", project->state_dir);
	ward->streams[0].name = "stdout";
	ward->streams[1].name = "stderr";
	if (logfile_open(path, &ward->log, err) < 0)
		return -1;
	if (is_new)
		ward_event_created(ward);
	return 0;
}

/* Before this process enters the project's group: who keeps the user namespace outlives the
 * project, and a group with a process in it cannot be removed. */
static void make_kept(const struct ward *ward)
{
	const struct box_start maps = {
		.facts = &ward->prepared->facts,
		.newuidmap = ward->prepared->newuidmap,
		.newgidmap = ward->prepared->newgidmap,
	};
	int fd = keep_open(ward->request->dirs->runtime, &maps);

	if (fd >= 0)
		(void)close(fd);
}

/* Each supervisor has a group of its own. No project's name has a capital letter. */
static char *group_name(const struct ward *ward)
{
	const char *id = ward->request->project->id;

	return strcmp(ward->record->box, DEV_BOX) == 0
		       ? xstrdup(id)
		       : xasprintf("%s-S-%s", id, ward->record->box);
}

static int make_group(struct ward *ward, struct err *err)
{
	AUTO_FREE char *name = group_name(ward);
	AUTO_FREE char *project_path = NULL;
	AUTO_CLOSE int project_fd = -1;

	if (ward->prepared->place.method == CGROUP_NONE)
		return 0;
	make_kept(ward);
	project_fd = cgroup_project_open(&ward->prepared->place, name, &project_path, err);
	if (project_fd < 0 && cgroup_needed(&ward->prepared->limits) == 0) {
		/* No limit depends on it: the box runs without. */
		strv_addf(&ward->record->notes, "no cgroup: %s", err->message);
		return 0;
	}
	if (project_fd < 0)
		return -1;
	ward->cgroup_fd =
		cgroup_box_create(project_fd, ward->record->box, &ward->prepared->limits, err);
	if (ward->cgroup_fd < 0)
		return -1;
	ward->record->cgroup = path_join(project_path, ward->record->box);
	return 0;
}

static int start_box(struct ward *ward, bool *out_refused, struct err *err)
{
	struct launch_options options = {
		.cgroup_fd = ward->cgroup_fd,
		.network = ward->request->spec->network_mode,
		.log_fd = STDERR_FILENO,
		.runtime_dir = ward->request->dirs->runtime,
		.winsize = {.ws_row = 24, .ws_col = 80},
	};
	AUTO_CLOSE int userns = -1;
	AUTO_CLOSE int netns = -1;
	int code;
	int rc;
	int i;

	if (ward_hub_enter(ward, &userns, err) < 0)
		return -1;
	if (userns >= 0) {
		options.userns_fd = userns;
		options.connect = ward_hub_join;
		options.connect_arg = ward;
	} else if (ward_share_network(ward, &userns, &netns, err) < 0) {
		return -1;
	} else if (netns >= 0) {
		options.userns_fd = userns;
		options.netns_fd = netns;
	}
	options.stdio[0] = options.stdio[1] = options.stdio[2] = STDIN_FILENO; /* /dev/null */
	if (ward->request->spec->tty && ward->prepared->argv.count > 0)
		options.flags |= INIT_TTY | INIT_CONSOLE;
	else if (make_output(ward, &options, err) < 0)
		return -1;
	rc = box_launch(ward->prepared, &options, &ward->launched, &code, out_refused, err);
	for (i = 1; i < 3; i++) {
		if (options.stdio[i] != STDIN_FILENO)
			(void)close(options.stdio[i]);
	}
	if (rc < 0)
		return -1;
	if (ward->launched.master >= 0) {
		ward->output[0] = ward->launched.master;
		(void)fcntl(ward->output[0], F_SETFL, O_NONBLOCK);
	}
	ward->record->phase = PHASE_RUNNING;
	ward->record->init_pid = ward->launched.process.pid;
	ward->record->init_start = ward->launched.process.start_ticks;
	if (ward->launched.slirp.pid > 0) {
		ward->record->net_pid = ward->launched.slirp.backend_pid
						? ward->launched.slirp.backend_pid
						: ward->launched.slirp.pid;
		ward->record->net_start = ward->launched.slirp.start_ticks;
	}
	ward->record->started_ms = ward_realtime_ms();
	return 0;
}

int ward_set_up(struct ward *ward, bool *out_refused, struct err *err)
{
	const struct project *project = ward->request->project;
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	ward->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ward->signal_fd < 0)
		return err_sys(err, "open a signal descriptor");
	if (open_log(ward, err) < 0 || ward_ports_open(ward, err) < 0)
		return -1;
	ward->listen_fd = control_listen(project->runtime_dir, ward->record->box, err);
	if (ward->listen_fd < 0 || make_group(ward, err) < 0)
		return -1;
	if (start_box(ward, out_refused, err) < 0) {
		struct err ignored;

		if (ward->cgroup_fd >= 0) {
			(void)cgroup_kill(ward->cgroup_fd, &ignored);
			(void)cgroup_wait_empty(ward->cgroup_fd, 1000, &ignored);
			(void)cgroup_remove(ward->record->cgroup, &ignored);
		}
		return -1;
	}
	ward->record->supervisor_pid = getpid();
	(void)proc_start_time(getpid(), &ward->record->supervisor_start);
	if (record_save(project->runtime_dir, ward->record, err) < 0)
		return -1;
	ward_event_started(ward);
	ward_watch_open(ward);
	ward_health_open(ward);
	if (ward->ports.forwarder)
		net_forwarder_begin(ward->ports.forwarder);
	return 0;
}
