#include "api/up_parts.h"

#include "api/live.h"
#include "api/ports.h"
#include "api/status.h"

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

/* `devbox up` of one box: start it when it is down, apply what differs, leave it alone when it
 * is as it should be. */

static bool has_own_image(const struct up_box *box)
{
	return strcmp(box->spec->image.value, "host") != 0;
}

/* A service runs what its image is made for, as far as the profile leaves it open. */
static void choose_command(struct up_box *box)
{
	const struct image_config *config = &box->image.config;
	const struct spec *spec = box->spec;

	if (!spec->service || !box->image.id)
		return;
	strv_add_all(&box->argv, spec->entrypoint.items.count ? &spec->entrypoint.items
							      : &config->entrypoint);
	if (spec->command.items.count)
		strv_add_all(&box->argv, &spec->command.items);
	else if (!spec->entrypoint.items.count)
		strv_add_all(&box->argv, &config->command);
}

/* As whom and where, for services: the image says it where the profile does not. */
static void describe_service(const struct up_box *box, struct prepare_request *request)
{
	const struct image_config *config = &box->image.config;
	const struct spec *spec = box->spec;

	if (box->argv.count)
		request->argv = &box->argv;
	if (!has_own_image(box))
		return;
	if (!spec->user.at.file)
		request->user_name = config->user && *config->user ? config->user : "root";
	if (!spec->working_dir.value)
		request->working_dir =
			config->working_dir && *config->working_dir ? config->working_dir : "/";
}

static void describe(const struct up_box *box, struct prepare_request *request, bool force_fuse)
{
	*request = (struct prepare_request){
		.spec = box->spec,
		.project = &box->up->project,
		.dirs = &box->up->devbox->dirs,
		.user = &box->up->devbox->user,
		.caller_env = &box->up->devbox->env,
		.box = box->box,
		.allow_degraded = box->up->options->allow_degraded,
		.force_fuse = force_fuse,
		.lower = box->image.lower.count ? &box->image.lower : NULL,
		.lower_root = box_image_root(&box->image),
		.image_id = box->image.id,
		.image_env = &box->image.config.env,
		.image_stop_signal = box->image.config.stop_signal,
		.kept_subnet = box->up->subnet,
		.loopback = spec_has_ports(box->spec) ? box->up->loopback : NULL,
		.shared = box->shared.box ? &box->shared : NULL,
		.member = box->member.name[0] ? &box->member : NULL,
	};
	if (box->spec->service)
		describe_service(box, request);
}

static int apply_limits(struct up_box *box, const struct record *record, struct err *err)
{
	AUTO_CLOSE int fd =
		open(record->cgroup ? record->cgroup : "", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cgroup_limits limits = box->prepared.limits;

	if (fd < 0)
		return err_sys(err, "open the cgroup of box '%s'", record->project);
	live_lift(record->plan, &limits);
	if (cgroup_limits_apply(fd, &limits, err) < 0)
		return -1;
	live_limits_changed(&box->up->project, record->box);
	return 0;
}

static int apply_live(struct up_box *box, struct record *record, struct err *err)
{
	AUTO_FREE char *old_limits = live_limits(record->plan);
	AUTO_FREE char *limits = live_limits(box->prepared.plan_text);
	AUTO_FREE char *old_ports = live_ports(record->plan);
	AUTO_FREE char *ports = live_ports(box->prepared.plan_text);

	/* Ports first: they may be taken, and then nothing has changed. */
	if (strcmp(old_ports, ports) != 0 &&
	    api_apply_ports(&box->up->project, record->box, box->spec, ports, err) < 0)
		return -1;
	if (strcmp(old_limits, limits) != 0 && apply_limits(box, record, err) < 0)
		return -1;
	live_say(record->plan, box->prepared.plan_text);
	free(record->plan);
	record->plan = xstrdup(box->prepared.plan_text);
	strv_done(&record->limits_at);
	reason_places(box->spec, &record->limits_at);
	return record_save(box->up->project.runtime_dir, record, err);
}

/* --- start --- */

static void detach(const struct up_box *box)
{
	AUTO_FREE char *path = path_join(box->up->project.state_dir, "supervisor.log");
	int null_fd = open("/dev/null", O_RDONLY);
	int log_fd;

	(void)setsid();
	(void)path_mkdirs(box->up->project.state_dir, 0700);
	/* Of a project of several boxes it is the log of all their supervisors. */
	log_fd = open(path,
		      O_WRONLY | O_CREAT | O_NOFOLLOW |
			      (box->up->spec.service_count ? O_APPEND : O_TRUNC),
		      0600);
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(log_fd >= 0 ? log_fd : null_fd, STDOUT_FILENO);
	(void)dup2(log_fd >= 0 ? log_fd : null_fd, STDERR_FILENO);
	if (null_fd > 2)
		(void)close(null_fd);
	if (log_fd > 2)
		(void)close(log_fd);
	(void)!chdir("/");
}

__attribute__((noreturn)) static void become_supervisor(struct up_box *box,
							const struct prepare_request *prepare,
							int ready_fd)
{
	struct record record;
	struct supervise_request request = {
		.prepared = &box->prepared,
		.record = &record,
		.project = &box->up->project,
		.dirs = &box->up->devbox->dirs,
		.spec = box->spec,
		.member = box->member.name[0] ? &box->member : NULL,
		.ready_fd = ready_fd,
	};
	struct timespec now;

	detach(box);
	/* The lock is the command's, not ours, and so is its hold on the network. */
	cleanup_close(&box->up->hub_fd);
	cleanup_close(&box->up->project.lock_fd);
	prepare_record(prepare, &box->prepared, &record);
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
void up_catch_interrupts(bool on)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction action = {.sa_handler = on ? interrupt : SIG_DFL};
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
}

bool up_is_interrupted(void)
{
	return is_interrupted;
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

static int prepare_again(struct up_box *box, bool force_fuse, struct err *err)
{
	struct prepare_request request;

	prepared_done(&box->prepared);
	describe(box, &request, force_fuse);
	return box_prepare(&request, &box->prepared, err);
}

static int start_once(struct up_box *box, bool force_fuse, bool *out_refused, struct err *err)
{
	struct prepare_request request;
	int ready[2];
	pid_t pid;
	int rc;

	describe(box, &request, force_fuse);
	if (force_fuse && prepare_again(box, true, err) < 0)
		return -1;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	up_catch_interrupts(true);
	pid = fork();
	if (pid == 0) {
		(void)close(ready[0]);
		become_supervisor(box, &request, ready[1]);
	}
	(void)close(ready[1]);
	rc = pid < 0 ? err_sys(err, "start the project's supervisor")
		     : await_ready(ready[0], pid, out_refused, err);
	(void)close(ready[0]);
	up_catch_interrupts(false);
	return rc;
}

static void say_up(const struct up_box *box)
{
	const struct spec_limits *l = &box->spec->limits;
	AUTO_BUF struct buf words = {0};
	char size[STR_SIZE_MAX], address[IPV4_TEXT_MAX];
	size_t i;

	buf_printf(&words, " %-16s up       %s", box->name, box->prepared.facts.image);
	if (box->member.name[0])
		buf_printf(&words, "  %s", ipv4_text(box->member.network.address, address));
	if (l->cpus_milli.is_set)
		buf_printf(&words, "  %g cpus", (double)l->cpus_milli.value / 1000);
	if (l->mem_limit_bytes.is_set)
		buf_printf(&words, "  %s memory",
			   str_format_size((uint64_t)l->mem_limit_bytes.value, size));
	if (l->pids_limit.is_set && l->pids_limit.value > 0)
		buf_printf(&words, "  %lld pids", (long long)l->pids_limit.value);
	for (i = 0; i < box->prepared.notes.count; i++)
		log_note(" note: %s", box->prepared.notes.items[i]);
	log_note("%s", words.data);
	api_say_ports(&box->up->project, box->box,
		      box->spec->forward_mode == FORWARD_OFF ? NULL : box->up->loopback);
}

static int start(struct up_box *box, struct err *err)
{
	const struct up *up = box->up;
	bool is_refused = false;
	bool was_moved;
	AUTO_FREE char *dir = xasprintf("%s/box/%s", up->project.data_dir, box->box);
	int rc =
		api_settle_layer(up->devbox, dir, &box->image, &box->prepared, &was_moved, err);

	if (rc == 0 && was_moved)
		rc = prepare_again(box, false, err);
	if (rc == 0)
		rc = start_once(box, false, &is_refused, err);
	if (rc < 0 && is_refused)
		rc = start_once(box, true, &is_refused, err);
	if (rc == 0)
		say_up(box);
	return rc;
}

static int change(struct up_box *box, struct record *record, enum up_result *out_result,
		  struct err *err)
{
	switch (live_compare(record->plan, box->prepared.plan_text)) {
	case DIFFERENT_NOTHING:
		*out_result = UP_NOTHING;
		return 0;
	case DIFFERENT_LIVE:
		*out_result = UP_LIVE;
		return apply_live(box, record, err);
	case DIFFERENT_BOX:
	default:
		log_note(" %-16s changed, starting it anew", box->name);
		*out_result = UP_STARTED;
		if (api_stop_box(&box->up->project, record, -1, err) < 0)
			return -1;
		return start(box, err);
	}
}

int up_box_reconcile(struct up_box *box, enum up_result *out_result, struct err *err)
{
	struct record record = {0};
	int rc;

	*out_result = UP_STARTED;
	if (record_load_settled(box->up->project.runtime_dir, box->box, &record, err) < 0)
		return err->code == ENOENT ? start(box, err) : -1;
	if (!record.plan)
		record.plan = xstrdup("");
	if (!record_is_running(&record)) {
		api_await_supervisor(&record);
		rc = start(box, err);
	} else {
		rc = change(box, &record, out_result, err);
	}
	record_done(&record);
	return rc;
}

/* What a service runs is the image's, and so is how one sees that it works. */
static void use_health(struct up *up, const struct up_box *box)
{
	const struct image_health *h = &box->image.config.health;
	const uint64_t times_ns[] = {h->interval_ns, h->timeout_ns, h->start_period_ns,
				     h->start_interval_ns};

	if (box->spec->service && box->image.id)
		spec_use_health(&up->spec.services[box->spec - up->spec.services], &h->test,
				times_ns, h->retries);
}

/* Before that box runs, what is prepared is only looked at. */
static void find_shared(struct up_box *box)
{
	const char *name = box->spec->network_service;
	struct record record = {0};
	struct err ignored;

	hub_plan_member(&box->up->hub, &box->up->spec, spec_service(&box->up->spec, name),
			&box->host);
	box->shared = (struct shared_network){.box = name, .member = &box->host};
	if (record_load_settled(box->up->project.runtime_dir, name, &record, &ignored) < 0)
		return;
	if (record_is_running(&record))
		box->shared.since = record.init_start;
	record_done(&record);
}

int up_box_prepare(struct up *up, const struct spec *spec, struct up_box *out_box,
		   struct err *err)
{
	const struct build_options build = {.no_cache = up->options->rebuild};
	const struct ensure_request ensure = {
		.spec = spec,
		.project = &up->project,
		.pull = up->options->pull,
		.look_only = up->options->dry_run,
		.allow_degraded = up->options->allow_degraded,
		.build = &build,
	};
	struct prepare_request request;

	*out_box = (struct up_box){.up = up, .spec = spec, .box = spec_box(spec)};
	out_box->name = box_full_name(up->project.id, out_box->box);
	hub_plan_member(&up->hub, &up->spec, spec, &out_box->member);
	if (spec->network_mode == NET_SERVICE)
		find_shared(out_box);
	if (api_ensure_image(up->devbox, &ensure, &out_box->image, err) < 0)
		return -1;
	use_health(up, out_box);
	choose_command(out_box);
	describe(out_box, &request, false);
	return box_prepare(&request, &out_box->prepared, err);
}

void up_box_done(struct up_box *box)
{
	prepared_done(&box->prepared);
	box_image_done(&box->image);
	strv_done(&box->argv);
	free(box->name);
	*box = (struct up_box){0};
}
