#include "api/build_parts.h"

#include "box/launch.h"
#include "box/relay.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

/* One step in its box: like `devbox run`, but what it writes stays, and what it says is ours.
 */

struct step_box {
	struct build *build;
	const struct build_step *step;
	const struct build_mounts *mounts;
	struct build_place *place;
	struct spec spec; /* borrows nearly all */
	struct strv environment;
	struct strv env_pass;
	struct strv caller_env;
	struct strv argv;
	bool is_shell;
	struct prepared prepared;
	struct launched launched;
	struct stdio stdio;
	struct buf *output;
	int signal_fd;
	int cgroup_fd;
	char *cgroup_path;
	char *box_path;
};

/* --- the box --- */

/* Of the caller only what a step may depend on without being another one: it is not in the key.
 */
static void describe_environment(struct step_box *box)
{
	static const char *const proxies[] = {
		"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
		"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"};
	const struct strv *caller = &box->build->devbox->env;

	for (size_t i = 0; i < ARRAY_LEN(proxies); i++) {
		strv_add(&box->env_pass, proxies[i]);
		if (env_get(caller, proxies[i]))
			env_set(&box->caller_env, proxies[i], env_get(caller, proxies[i]));
	}
	if (box->is_shell)
		env_set(&box->caller_env, "TERM", env_get(caller, "TERM"));
	strv_add(&box->environment, "DEBIAN_FRONTEND=noninteractive");
	if (box->build->base->env)
		strv_add_all(&box->environment, box->build->base->env);
	strv_add_all(&box->environment, &box->step->env);
}

/* The profile's box, without all that is the user's or the project's. */
static void describe(struct step_box *box)
{
	static char hostname[] = "build";
	struct spec *spec = &box->spec;

	*spec = *box->build->spec;
	describe_environment(box);
	spec->home = HOME_ISOLATED;
	spec->home_file_count = 0;
	spec->workspace.is_read_only = box->mounts->has_workspace;
	spec->working_dir = (struct spec_text){0};
	spec->shell = (struct spec_text){0};
	spec->hostname = (struct spec_text){.value = hostname};
	spec->environment = box->environment;
	spec->env_pass = box->env_pass;
	spec->volumes = box->mounts->volumes;
	spec->volume_count = box->mounts->count;
	spec->device_count = 0;
	spec->sysctl_count = 0;
	if (!box->step->network)
		spec->network_mode = NET_NONE;
	else if (spec->network_mode == NET_SERVICE)
		spec->network_mode = NET_PROJECT;
	spec->network_service = NULL;
	spec->read_only = false;
	spec->cap_add = spec->cap_drop = (struct spec_list){0};
	spec->no_new_privileges = true;
	spec->seccomp = (struct spec_text){0};
	if (box->is_shell) {
		strv_add(&box->argv, "/bin/sh");
		strv_add(&box->argv, "-i");
		return;
	}
	strv_add(&box->argv, "/bin/sh");
	strv_add(&box->argv, "-c");
	strv_add(&box->argv, box->step->command);
}

static int prepare(struct step_box *box, bool force_fuse, struct err *err)
{
	struct build *build = box->build;
	const struct prepare_request request = {
		.spec = &box->spec,
		.project = build->project,
		.dirs = &build->devbox->dirs,
		.user = &build->devbox->user,
		.caller_env = &box->caller_env,
		.box = "build",
		.is_throw_away = true,
		.argv = &box->argv,
		.user_name = "root",
		.wants_tty = box->is_shell,
		.allow_degraded = build->options->allow_degraded,
		.force_fuse = force_fuse,
		.lower = &build->lower,
		.lower_root = build->base->lower_root,
		.upper_dir = box->place->upper,
		.work_dir = box->place->work,
	};

	prepared_done(&box->prepared);
	return box_prepare(&request, &box->prepared, err);
}

static int make_group(struct step_box *box, struct err *err)
{
	AUTO_FREE char *name = xasprintf("%s-build-%d", box->build->project->id, (int)getpid());
	AUTO_CLOSE int project_fd = -1;

	if (cgroup_needed(&box->prepared.limits) == 0)
		return 0;
	project_fd = cgroup_project_open(&box->prepared.place, name, &box->cgroup_path, err);
	if (project_fd < 0)
		return -1;
	box->cgroup_fd = cgroup_box_create(project_fd, "build", &box->prepared.limits, err);
	box->box_path = xasprintf("%s/build", box->cgroup_path);
	return box->cgroup_fd < 0 ? -1 : 0;
}

static int on_ready(void *arg, struct err *err)
{
	struct step_box *box = arg;

	return build_upper_look(box->build, box->place, err);
}

static void on_output(void *arg, const char *data, size_t len)
{
	struct step_box *box = arg;
	const struct build_watch *watch = &box->build->devbox->build_watch;
	const struct build_event event = {
		.kind = BUILD_OUTPUT,
		.step = box->step->name,
		.text = data,
		.text_len = len,
	};

	if (watch->event)
		watch->event(watch->arg, &event);
	buf_add(box->output, data, len);
	if (box->output->len > 2 * BUILD_OUTPUT_MAX) {
		size_t more = box->output->len - BUILD_OUTPUT_MAX;

		memmove(box->output->data, box->output->data + more, BUILD_OUTPUT_MAX + 1);
		box->output->len = BUILD_OUTPUT_MAX;
	}
}

static int launch(struct step_box *box, struct err *err)
{
	AUTO_CLOSE int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct launch_options options = {
		.cgroup_fd = -1,
		.network = box->spec.network_mode,
		.log_fd = log,
		.runtime_dir = box->build->devbox->dirs.runtime,
		.on_ready = box->is_shell ? NULL : on_ready,
		.on_ready_arg = box,
	};
	bool is_refused = false;
	int status;

	if (box->is_shell) {
		(void)relay_is_terminal(&options.winsize);
		options.flags |= INIT_TTY | INIT_CONSOLE;
	}
	if ((box->is_shell ? stdio_open(true, &box->stdio, err)
			   : stdio_open_sink(on_output, box, &box->stdio, err)) < 0)
		return -1;
	memcpy(options.stdio, box->stdio.theirs, sizeof(options.stdio));
	if (prepare(box, false, err) < 0 || make_group(box, err) < 0)
		return -1;
	options.cgroup_fd = box->cgroup_fd;
	if (box_launch(&box->prepared, &options, &box->launched, &status, &is_refused, err) ==
	    0)
		return 0;
	if (!is_refused || prepare(box, true, err) < 0)
		return -1;
	return box_launch(&box->prepared, &options, &box->launched, &status, &is_refused, err);
}

static int relay(struct step_box *box, int *out_status, struct err *err)
{
	struct api_watch watch;
	const struct relay relay = {
		.socket = box->launched.process.socket,
		.master = box->launched.master,
		.signal_fd = box->signal_fd,
		.stdio = &box->stdio,
		.notify = box->launched.process.notify,
		.oom = &watch.oom,
		.oom_report = &watch.report,
	};
	bool guard_died = false;
	int status = 0;

	api_watch_begin(box->cgroup_fd, true, &watch);
	stdio_started(&box->stdio);
	if (relay_run(&relay, &status, &guard_died, err) < 0) {
		oom_watch_close(&watch.oom);
		return -1;
	}
	*out_status = proc_exit_code(status);
	api_explain_status(*out_status, &watch, box->build->spec);
	return 0;
}

static void done(struct step_box *box)
{
	struct err ignored;

	stdio_started(&box->stdio);
	stdio_close(&box->stdio);
	net_slirp_stop(&box->launched.slirp);
	box_end(&box->launched.process);
	notify_free(box->launched.process.notify);
	if (box->cgroup_fd >= 0) {
		(void)cgroup_kill(box->cgroup_fd, &ignored);
		(void)cgroup_wait_empty(box->cgroup_fd, 2000, &ignored);
		(void)cgroup_remove(box->box_path, &ignored);
		(void)close(box->cgroup_fd);
	}
	free(box->cgroup_path);
	free(box->box_path);
	prepared_done(&box->prepared);
	strv_done(&box->environment);
	strv_done(&box->env_pass);
	strv_done(&box->caller_env);
	strv_done(&box->argv);
}

static int run(struct step_box *box, int *out_status, struct err *err)
{
	sigset_t before;
	int rc;

	(void)sigprocmask(SIG_SETMASK, NULL, &before);
	box->signal_fd = relay_block_signals(err);
	rc = box->signal_fd < 0 ? -1 : 0;
	describe(box);
	if (rc == 0)
		rc = launch(box, err);
	if (rc == 0)
		rc = relay(box, out_status, err);
	done(box);
	cleanup_close(&box->signal_fd);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static bool is_interrupt(int status)
{
	return status == 128 + SIGINT || status == 128 + SIGTERM || status == 128 + SIGHUP;
}

int build_run(struct build *build, const struct build_step *step,
	      const struct build_mounts *mounts, struct build_place *place,
	      struct build_ran *out_ran, struct err *err)
{
	struct build_ran ran = {0};
	struct step_box box = {
		.build = build,
		.step = step,
		.mounts = mounts,
		.place = place,
		.output = &ran.output,
		.stdio = {.theirs = {-1, -1, -1}, .ours = {-1, -1, -1}},
		.signal_fd = -1,
		.cgroup_fd = -1,
	};

	if (run(&box, &ran.status, err) < 0) {
		buf_done(&ran.output);
		return -1;
	}
	if (is_interrupt(ran.status)) {
		buf_done(&ran.output);
		(void)err_set(err, "interrupted");
		err->code = EINTR;
		return -1;
	}
	*out_ran = ran;
	return 0;
}

int build_shell(struct build *build, const struct build_step *step,
		const struct build_mounts *mounts, struct build_place *place, struct err *err)
{
	struct step_box box = {
		.build = build,
		.step = step,
		.mounts = mounts,
		.place = place,
		.is_shell = true,
		.stdio = {.theirs = {-1, -1, -1}, .ours = {-1, -1, -1}},
		.signal_fd = -1,
		.cgroup_fd = -1,
	};
	int status;

	return run(&box, &status, err);
}
