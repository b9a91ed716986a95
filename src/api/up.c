#include "api/ensure.h"
#include "api/internal.h"
#include "api/live.h"
#include "api/ports.h"

#include "box/reason.h"
#include "box/supervise.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* `devbox up`: start what is down, apply what differs, leave alone what is as it should be. */

#define LOCK_TIMEOUT_MS 60000

struct up {
	struct devbox *devbox;
	const struct up_options *options;
	struct spec spec;
	struct project project;
	struct box_image image;
	struct prepared prepared;
	char *loopback; /* NULL: the box has no network of its own */
	char *subnet;   /* of the box that runs; NULL: it does not */
	int64_t began_us;
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static const char *took(const struct up *up, char out[STR_DURATION_MAX])
{
	return str_format_duration((uint64_t)(now_us() - up->began_us), out);
}

static void describe(const struct up *up, struct prepare_request *request, bool force_fuse)
{
	*request = (struct prepare_request){
		.spec = &up->spec,
		.project = &up->project,
		.dirs = &up->devbox->dirs,
		.user = &up->devbox->user,
		.caller_env = &up->devbox->env,
		.box = DEV_BOX,
		.allow_degraded = up->options->allow_degraded,
		.force_fuse = force_fuse,
		.lower = up->image.lower.count ? &up->image.lower : NULL,
		.lower_root = box_image_root(&up->image),
		.image_id = up->image.id,
		.image_env = &up->image.config.env,
		.image_stop_signal = up->image.config.stop_signal,
		.kept_subnet = up->subnet,
		.loopback = up->loopback,
	};
}

static int apply_limits(struct up *up, const struct record *record, struct err *err)
{
	AUTO_CLOSE int fd =
		open(record->cgroup ? record->cgroup : "", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cgroup_limits limits = up->prepared.limits;

	if (fd < 0)
		return err_sys(err, "open the cgroup of box '%s'", record->project);
	live_lift(record->plan, &limits);
	return cgroup_limits_apply(fd, &limits, err);
}

static int apply_live(struct up *up, struct record *record, struct err *err)
{
	AUTO_FREE char *old_limits = live_limits(record->plan);
	AUTO_FREE char *limits = live_limits(up->prepared.plan_text);
	AUTO_FREE char *old_ports = live_ports(record->plan);
	AUTO_FREE char *ports = live_ports(up->prepared.plan_text);
	char duration[STR_DURATION_MAX];

	/* Ports first: they may be taken, and then nothing has changed. */
	if (strcmp(old_ports, ports) != 0 &&
	    api_apply_ports(&up->project, record->box, &up->spec, ports, err) < 0)
		return -1;
	if (strcmp(old_limits, limits) != 0 && apply_limits(up, record, err) < 0)
		return -1;
	live_say(record->plan, up->prepared.plan_text);
	free(record->plan);
	record->plan = xstrdup(up->prepared.plan_text);
	strv_done(&record->limits_at);
	reason_places(&up->spec, &record->limits_at);
	if (record_save(up->project.runtime_dir, record, err) < 0)
		return -1;
	log_note("up in %s; nothing was restarted", took(up, duration));
	return 0;
}

/* --- start --- */

static void detach(const struct up *up)
{
	AUTO_FREE char *path = path_join(up->project.state_dir, "supervisor.log");
	int null_fd = open("/dev/null", O_RDONLY);
	int log_fd;

	(void)setsid();
	(void)path_mkdirs(up->project.state_dir, 0700);
	log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(log_fd >= 0 ? log_fd : null_fd, STDOUT_FILENO);
	(void)dup2(log_fd >= 0 ? log_fd : null_fd, STDERR_FILENO);
	if (null_fd > 2)
		(void)close(null_fd);
	if (log_fd > 2)
		(void)close(log_fd);
	(void)!chdir("/");
}

__attribute__((noreturn)) static void become_supervisor(struct up *up,
							const struct prepare_request *prepare,
							int ready_fd)
{
	struct record record;
	struct supervise_request request = {
		.prepared = &up->prepared,
		.record = &record,
		.project = &up->project,
		.dirs = &up->devbox->dirs,
		.spec = &up->spec,
		.ready_fd = ready_fd,
	};
	struct timespec now;

	detach(up);
	/* The lock is the command's, not ours. */
	cleanup_close(&up->project.lock_fd);
	prepare_record(prepare, &up->prepared, &record);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	record.created_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
	_exit(supervise(&request));
}

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal)
{
	(void)signal;
	is_interrupted = 1;
}

/* ^C while the box starts: the supervisor, in a session of its own, would not hear of it. */
static void catch_interrupts(bool on)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction action = {.sa_handler = on ? interrupt : SIG_DFL};
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
}

static int interrupted(pid_t supervisor, struct err *err)
{
	(void)kill(supervisor, SIGTERM);
	(void)proc_wait(supervisor);
	(void)err_set(err, "interrupted; the box was stopped again");
	err->code = EINTR;
	return -1;
}

static int await_ready(int fd, pid_t pid, bool *out_refused, struct err *err)
{
	struct supervise_result result = {0};
	size_t used = 0;

	while (used < sizeof(result)) {
		ssize_t n = read(fd, (char *)&result + used, sizeof(result) - used);

		if (n < 0 && errno == EINTR && !is_interrupted)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	*out_refused = false;
	if (is_interrupted)
		return interrupted(pid, err);
	if (used == sizeof(result) && result.is_up)
		return 0;
	(void)proc_wait(pid);
	if (used < sizeof(result))
		return err_set(err, "the project's supervisor ended while it started");
	*out_refused = result.overlay_refused;
	*err = result.err;
	return -1;
}

static int prepare_again(struct up *up, bool force_fuse, struct err *err)
{
	struct prepare_request request;

	prepared_done(&up->prepared);
	describe(up, &request, force_fuse);
	return box_prepare(&request, &up->prepared, err);
}

static int start_once(struct up *up, bool force_fuse, bool *out_refused, struct err *err)
{
	struct prepare_request request;
	int ready[2];
	pid_t pid;
	int rc;

	describe(up, &request, force_fuse);
	if (force_fuse && prepare_again(up, true, err) < 0)
		return -1;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	catch_interrupts(true);
	pid = fork();
	if (pid == 0) {
		(void)close(ready[0]);
		become_supervisor(up, &request, ready[1]);
	}
	(void)close(ready[1]);
	rc = pid < 0 ? err_sys(err, "start the project's supervisor")
		     : await_ready(ready[0], pid, out_refused, err);
	(void)close(ready[0]);
	catch_interrupts(false);
	return rc;
}

static void say_up(const struct up *up)
{
	const struct spec_limits *l = &up->spec.limits;
	AUTO_BUF struct buf words = {0};
	char size[STR_SIZE_MAX];
	char duration[STR_DURATION_MAX];
	size_t i;

	buf_printf(&words, " %-16s up       %s", up->project.id, up->prepared.facts.image);
	if (l->cpus_milli.is_set)
		buf_printf(&words, "  %g cpus", (double)l->cpus_milli.value / 1000);
	if (l->mem_limit_bytes.is_set)
		buf_printf(&words, "  %s memory",
			   str_format_size((uint64_t)l->mem_limit_bytes.value, size));
	if (l->pids_limit.is_set && l->pids_limit.value > 0)
		buf_printf(&words, "  %lld pids", (long long)l->pids_limit.value);
	for (i = 0; i < up->prepared.notes.count; i++)
		log_note(" note: %s", up->prepared.notes.items[i]);
	log_note("%s", words.data);
	api_say_ports(&up->project, DEV_BOX,
		      up->spec.forward_mode == FORWARD_OFF ? NULL : up->loopback);
	log_note("up in %s; devbox shell to enter", took(up, duration));
}

static int start(struct up *up, struct err *err)
{
	bool is_refused = false;
	bool was_moved;
	AUTO_FREE char *dir = xasprintf("%s/box/%s", up->project.data_dir, DEV_BOX);
	int rc = api_settle_layer(up->devbox, dir, &up->image, &up->prepared, &was_moved, err);

	if (rc == 0 && was_moved)
		rc = prepare_again(up, false, err);
	if (rc == 0)
		rc = start_once(up, false, &is_refused, err);
	if (rc < 0 && is_refused)
		rc = start_once(up, true, &is_refused, err);
	if (rc == 0)
		say_up(up);
	return rc;
}

static int reconcile(struct up *up, struct err *err)
{
	struct record record = {0};
	char duration[STR_DURATION_MAX];
	int rc;

	if (record_load_settled(up->project.runtime_dir, DEV_BOX, &record, err) < 0)
		return err->code == ENOENT ? start(up, err) : -1;
	if (!record.plan)
		record.plan = xstrdup("");
	if (!record_is_running(&record)) {
		api_await_supervisor(&record);
		record_done(&record);
		return start(up, err);
	}
	switch (live_compare(record.plan, up->prepared.plan_text)) {
	case DIFFERENT_NOTHING:
		log_note("%s: up to date (1 box, %s)", up->project.id, took(up, duration));
		rc = 0;
		break;
	case DIFFERENT_LIVE:
		rc = apply_live(up, &record, err);
		break;
	case DIFFERENT_BOX:
	default:
		log_note(" %-16s changed, starting it anew", up->project.id);
		rc = api_stop_box(&up->project, &record, -1, err);
		if (rc == 0)
			rc = start(up, err);
		break;
	}
	record_done(&record);
	return rc;
}

static int lock(struct up *up, struct err *err)
{
	uint64_t timeout_us = up->options->wait_timeout_us;

	if (path_mkdirs(up->project.runtime_dir, 0700) < 0)
		return err_sys(err, "make '%s'", up->project.runtime_dir);
	return project_lock(&up->project, "up",
			    timeout_us ? (int)(timeout_us / 1000) : LOCK_TIMEOUT_MS, err);
}

/* A box that runs keeps its network, though the machine may have got a route over it since. */
static void find_subnet(struct up *up)
{
	struct record record = {0};
	struct err ignored;

	if (record_load_settled(up->project.runtime_dir, DEV_BOX, &record, &ignored) < 0)
		return;
	if (record_is_running(&record))
		up->subnet = STEAL(record.net_subnet);
	record_done(&record);
}

/* All that is needed to start, and the user's consent before anything is fetched. */
static int get_ready(struct up *up, struct err *err)
{
	const struct build_options build = {.no_cache = up->options->rebuild};
	const struct ensure_request ensure = {
		.spec = &up->spec,
		.project = &up->project,
		.pull = up->options->pull,
		.look_only = up->options->dry_run,
		.allow_degraded = up->options->allow_degraded,
		.build = &build,
	};
	struct prepare_request request;

	if (!up->options->dry_run &&
	    (lock(up, err) < 0 ||
	     api_check_grants(up->devbox, &up->project, &up->spec, err) < 0))
		return -1;
	if (api_ensure_image(up->devbox, &ensure, &up->image, err) < 0)
		return -1;
	if ((up->spec.network_mode == NET_PROJECT || up->spec.network_mode == NET_FILTERED) &&
	    api_loopback(up->devbox, &up->project, !up->options->dry_run, &up->loopback, err) <
		    0)
		return -1;
	find_subnet(up);
	describe(up, &request, false);
	return box_prepare(&request, &up->prepared, err);
}

static void done(struct up *up)
{
	if (up->project.lock_fd >= 0)
		project_unlock(&up->project);
	free(up->loopback);
	free(up->subnet);
	prepared_done(&up->prepared);
	box_image_done(&up->image);
	project_done(&up->project);
	spec_done(&up->spec);
}

int devbox_up(struct devbox *devbox, const struct up_options *options, char **out_plan,
	      struct err *err)
{
	struct up up = {.devbox = devbox, .options = options, .began_us = now_us()};
	struct config *config;
	int rc;

	if (devbox_load(devbox, true, !options->dry_run, &config, &up.spec, &up.project, err) <
	    0)
		return -1;
	config_free(config);
	rc = get_ready(&up, err);
	if (rc == 0 && options->dry_run) {
		if (out_plan) {
			struct buf text = {0};

			plan_print(&up.prepared.plan, true, &text);
			*out_plan = buf_take(&text);
		}
	} else if (rc == 0) {
		rc = reconcile(&up, err);
		if (rc == 0)
			rc = api_keep_grants(devbox, &up.project, &up.spec, err);
	}
	done(&up);
	return rc;
}

int devbox_plan(struct devbox *devbox, char **out_text, struct err *err)
{
	const struct up_options options = {.dry_run = true, .allow_degraded = true};

	return devbox_up(devbox, &options, out_text, err);
}
