#include "api/api.h"

#include "api/ensure.h"
#include "api/internal.h"
#include "box/launch.h"
#include "box/relay.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* `devbox run`: a throw-away box whose parent is this very process. No supervisor, no record,
 * nothing left behind. */

struct run {
	struct devbox *devbox;
	const struct run_options *options;
	struct spec spec;
	enum net_mode network; /* of the profile */
	struct project project;
	struct box_image image;
	struct strv image_argv; /* not empty: what runs is the image's own command */
	struct prepared prepared;
	struct launch_early early;
	struct launched launched;
	struct stdio stdio;
	int signal_fd;
	int cgroup_fd;
	char *cgroup_path;
	char *box_path;
};

/* What the profile says of its image does not hold for another one. */
static void override_image(const struct run_options *options, struct spec *spec)
{
	free(spec->image.value);
	spec->image.value = str_starts(options->image, "rootfs:")
				    ? api_rootfs_reference(options->image)
				    : xstrdup(options->image);
	free(STEAL(spec->platform.value));
	memset(&spec->image.at, 0, sizeof(spec->image.at));
	memset(&spec->platform.at, 0, sizeof(spec->platform.at));
	spec->pull_policy = PULL_MISSING;
	spec_drop_build(spec);
}

static void override_spec(const struct run_options *options, struct spec *spec)
{
	if (options->platform) {
		free(spec->platform.value);
		spec->platform.value = xstrdup(options->platform);
		memset(&spec->platform.at, 0, sizeof(spec->platform.at));
	}
}

/* For the command: steps of a build have the network of the profile. */
static int override_network(const struct run_options *options, struct spec *spec,
			    struct err *err)
{
	static const char *const modes[] = {"project", "host", "none", NULL};

	/* A box that is thrown away shares no network. */
	if (spec->network_mode == NET_SERVICE)
		spec->network_mode = NET_PROJECT;
	if (!options->network)
		return 0;
	if (strcmp(options->network, "project") == 0)
		spec->network_mode = NET_PROJECT;
	else if (strcmp(options->network, "host") == 0)
		spec->network_mode = NET_HOST;
	else if (strcmp(options->network, "none") == 0)
		spec->network_mode = NET_NONE;
	else {
		const char *nearest = str_nearest(options->network, modes);

		(void)err_set(err, "--network '%s' is none of project, host, none",
			      options->network);
		return nearest ? err_hint(err, "did you mean '%s'?", nearest) : -1;
	}
	return 0;
}

static int find_image(struct run *run, struct err *err)
{
	/* Steps of a build have the network of the profile. */
	struct spec spec = run->spec;
	const struct ensure_request request = {
		.spec = &spec,
		.project = &run->project,
		.pull = run->options->pull,
		.allow_degraded = run->options->allow_degraded,
	};

	spec.network_mode = run->network;
	return api_ensure_image(run->devbox, &request, &run->image, err);
}

/* Without any command, what the image is made for, and nothing of ours over its home. */
static int find_command(struct run *run, struct err *err)
{
	const struct spec *spec = &run->spec;

	if (run->options->argv->count || spec->entrypoint.items.count ||
	    spec->command.items.count)
		return 0;
	strv_add_all(&run->image_argv, &run->image.config.entrypoint);
	strv_add_all(&run->image_argv, &run->image.config.command);
	if (run->image_argv.count == 0) {
		(void)err_set(err, run->image.id ? "run: no command, and the image has none"
						 : "run: no command");
		return err_hint(err, "devbox run -- COMMAND [ARG...]");
	}
	if (!spec->home_at.file)
		run->spec.home = HOME_IMAGE;
	return 0;
}

/* The image says where its own command runs and as whom, unless the user does. */
static void describe_command(const struct run *run, struct prepare_request *request)
{
	const struct image_config *config = &run->image.config;

	request->working_dir = run->options->working_dir;
	request->user_name = run->options->user;
	request->argv = run->options->argv->count ? run->options->argv : NULL;
	if (run->image_argv.count == 0)
		return;
	request->argv = &run->image_argv;
	if (!request->working_dir && run->spec.working_dir.at.file)
		request->working_dir = run->spec.working_dir.value;
	else if (!request->working_dir)
		request->working_dir =
			config->working_dir && *config->working_dir ? config->working_dir : "/";
	if (!request->user_name && !run->spec.user.at.file)
		request->user_name = config->user && *config->user ? config->user : "root";
}

static int prepare_run(struct run *run, bool force_fuse, bool wants_tty, struct err *err)
{
	struct prepare_request request = {
		.spec = &run->spec,
		.project = &run->project,
		.dirs = &run->devbox->dirs,
		.user = &run->devbox->user,
		.caller_env = &run->devbox->env,
		.box = "run",
		.is_throw_away = true,
		.env = run->options->env,
		.cwd = run->devbox->start_dir,
		.wants_tty = wants_tty,
		.allow_degraded = run->options->allow_degraded,
		.force_fuse = force_fuse,
		.lower = run->image.lower.count ? &run->image.lower : NULL,
		.lower_root = box_image_root(&run->image),
		.image_id = run->image.id,
		.image_env = &run->image.config.env,
		.image_stop_signal = run->image.config.stop_signal,
	};

	describe_command(run, &request);
	return box_prepare(&request, &run->prepared, err);
}

/* Only limits need a group: a box without any stays where its caller is. */
static int make_group(struct run *run, struct err *err)
{
	AUTO_FREE char *name = xasprintf("%s-run-%d", run->project.id, (int)getpid());
	AUTO_CLOSE int project_fd = -1;

	if (cgroup_needed(&run->prepared.limits) == 0)
		return 0;
	project_fd = cgroup_project_open(&run->prepared.place, name, &run->cgroup_path, err);
	if (project_fd < 0)
		return -1;
	run->cgroup_fd = cgroup_box_create(project_fd, "run", &run->prepared.limits, err);
	run->box_path = xasprintf("%s/run", run->cgroup_path);
	return run->cgroup_fd < 0 ? -1 : 0;
}

static int launch_once(struct run *run, const struct launch_options *options, int *out_status,
		       bool *out_refused, struct err *err)
{
	return box_launch(&run->prepared, options, &run->launched, out_status, out_refused,
			  err);
}

static int launch(struct run *run, int *out_status, struct err *err)
{
	struct launch_options options = {
		.cgroup_fd = -1,
		.network = run->spec.network_mode,
	};
	AUTO_CLOSE int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	bool wants_tty = run->options->tty == TTY_AUTO && relay_is_terminal(&options.winsize);
	bool is_refused;
	int rc;

	if (stdio_open(wants_tty, &run->stdio, err) < 0)
		return -1;
	memcpy(options.stdio, run->stdio.theirs, sizeof(options.stdio));
	options.log_fd = log;
	options.early = &run->early;
	options.runtime_dir = run->devbox->dirs.runtime;
	if (wants_tty)
		options.flags |= INIT_TTY | INIT_CONSOLE;
	if (prepare_run(run, false, wants_tty, err) < 0 || make_group(run, err) < 0)
		return -1;
	options.cgroup_fd = run->cgroup_fd;
	rc = launch_once(run, &options, out_status, &is_refused, err);
	if (rc < 0 && is_refused) {
		prepared_done(&run->prepared);
		if (prepare_run(run, true, wants_tty, err) < 0)
			return -1;
		rc = launch_once(run, &options, out_status, &is_refused, err);
	}
	return rc;
}

static void say_notes(const struct run *run)
{
	size_t i;

	for (i = 0; i < run->prepared.notes.count; i++)
		log_note("devbox: %s", run->prepared.notes.items[i]);
}

/* Return: true when the words say it all. */
static bool say_refused(const struct run *run)
{
	struct notify *notify = run->launched.process.notify;
	AUTO_FREE char *words = notify ? notify_words(notify) : NULL;

	if (words)
		log_note("devbox: the seccomp profile refused: %s", words);
	return words != NULL;
}

static int relay(struct run *run, int *out_status, struct err *err)
{
	struct api_watch watch;
	const struct relay relay = {
		.socket = run->launched.process.socket,
		.master = run->launched.master,
		.signal_fd = run->signal_fd,
		.stdio = &run->stdio,
		.notify = run->launched.process.notify,
		.oom = &watch.oom,
		.oom_report = &watch.report,
	};
	bool guard_died = false;
	int status = 0;

	api_watch_begin(run->cgroup_fd, true, &watch);
	stdio_started(&run->stdio);
	if (relay_run(&relay, &status, &guard_died, err) < 0) {
		oom_watch_close(&watch.oom);
		*out_status = guard_died ? 125 : 137;
		return guard_died ? -1 : 0;
	}
	*out_status = proc_exit_code(status);
	if (*out_status != 0 && say_refused(run))
		oom_watch_close(&watch.oom);
	else
		api_explain_status(*out_status, &watch, &run->spec);
	return 0;
}

/* What a throw-away box may leave: its layer on disk, its group. Without both nobody waits for
 * its last breath. */
static void clean_up(struct run *run)
{
	struct err ignored;

	launch_early_done(&run->early);
	net_slirp_leave(&run->launched.slirp);
	if (run->prepared.scratch_dir || run->cgroup_fd >= 0)
		box_end(&run->launched.process);
	notify_free(run->launched.process.notify);
	run->launched.process.notify = NULL;
	if (run->prepared.scratch_dir)
		(void)api_remove_tree(run->devbox, &run->prepared, run->prepared.scratch_dir,
				      &ignored);
	api_sweep(run->devbox, &run->prepared);
	if (run->cgroup_fd >= 0) {
		(void)cgroup_kill(run->cgroup_fd, &ignored);
		(void)cgroup_wait_empty(run->cgroup_fd, 2000, &ignored);
		(void)cgroup_remove(run->box_path, &ignored);
		(void)close(run->cgroup_fd);
	}
	free(run->cgroup_path);
	free(run->box_path);
	prepared_done(&run->prepared);
	strv_done(&run->image_argv);
	box_image_done(&run->image);
	project_done(&run->project);
	spec_done(&run->spec);
}

int devbox_run(struct devbox *devbox, const struct run_options *options, int *out_status,
	       struct err *err)
{
	struct run run = {
		.devbox = devbox, .options = options, .signal_fd = -1, .cgroup_fd = -1};
	struct config *config = NULL;
	int rc;

	*out_status = 125;
	if (devbox_load(devbox, false, false, &config, &run.spec, &run.project, err) < 0)
		return -1;
	config_free(config);
	if (options->image)
		override_image(options, &run.spec);
	if (api_check_grants(devbox, &run.project, &run.spec, err) < 0) {
		project_done(&run.project);
		spec_done(&run.spec);
		return -1;
	}
	if (run.spec.home == HOME_ISOLATED)
		run.spec.home = HOME_TMPFS;
	override_spec(options, &run.spec);
	run.network = run.spec.network_mode;
	rc = override_network(options, &run.spec, err);
	if (rc == 0) {
		/* The kernel begins while we find out the rest. */
		launch_early(devbox->dirs.runtime, &run.spec, &run.early);
		rc = find_image(&run, err);
	}
	if (rc == 0)
		rc = find_command(&run, err);
	if (rc == 0) {
		run.signal_fd = relay_block_signals(err);
		rc = run.signal_fd < 0 ? -1 : 0;
	}
	if (rc == 0)
		rc = launch(&run, out_status, err);
	if (rc == 0) {
		say_notes(&run);
		rc = relay(&run, out_status, err);
	}
	clean_up(&run);
	cleanup_close(&run.signal_fd);
	return rc;
}
