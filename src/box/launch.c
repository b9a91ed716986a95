#include "box/launch.h"

#include "cgroup/cgroup.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <string.h>

static void describe_command(const struct prepared *p, const struct launch_options *options,
			     struct box_command *command)
{
	*command = (struct box_command){
		.argv = &p->argv,
		.env = &p->env,
		.cwd = p->cwd,
		.confine = p->confine,
		.filter = p->filter.len ? &p->filter : NULL,
		.profile = p->filter.has_notify ? p->profile : NULL,
		.winsize = options->winsize,
		.flags = options->flags,
	};
}

static int start_filter(const struct prepared *p, struct launched *launched, struct err *err)
{
	const char *log = p->net_filter.log_path;
	AUTO_FREE char *dir = xstrndup(log, (size_t)(strrchr(log, '/') - log));

	if (path_mkdirs(dir, 0700) < 0)
		return err_sys(err, "make '%s'", dir);
	return net_filter_start(&p->net_filter, launched->process.pid, &launched->slirp, err);
}

static int connect_network(const struct prepared *p, const struct launch_options *options,
			   struct launched *launched, struct err *err)
{
	const bool is_alone = options->network == NET_HOST || options->network == NET_NONE ||
			      options->network == NET_SERVICE;

	if (is_alone && !options->on_ready)
		return 0;
	if (box_await_ready(&launched->process, &p->plan, err) < 0)
		return -1;
	if (options->on_ready && options->on_ready(options->on_ready_arg, err) < 0)
		return -1;
	if (is_alone)
		return 0;
	if (options->network == NET_FILTERED)
		return start_filter(p, launched, err);
	if (options->connect)
		return options->connect(options->connect_arg, launched->process.pid, err);
	return net_connect(&p->network, launched->process.pid, options->log_fd,
			   &launched->slirp, err);
}

static bool is_overlay_refusal(const struct box_process *process, const struct err *err)
{
	return process->has_failed_step && process->failed_step == STEP_ROOT_OVERLAY &&
	       (err->code == EINVAL || err->code == EPERM || err->code == ENODEV ||
		err->code == EOPNOTSUPP);
}

void launch_early(const char *runtime_dir, const struct spec *spec, struct launch_early *out)
{
	struct birth_place place = {.clone_flags = plan_namespaces(spec), .cgroup_fd = -1};
	struct err ignored;

	memset(out, 0, sizeof(*out));
	if (!runtime_dir || prepare_needs_group(spec))
		return;
	out->kept = keep_find(runtime_dir);
	place.kept_userns = out->kept.fd;
	if (out->kept.fd >= 0 && birth_begin(&place, &out->birth, &ignored) < 0)
		keep_done(&out->kept);
}

void launch_early_done(struct launch_early *early)
{
	if (early->birth.memory)
		keep_done(&early->kept);
	birth_abandon(&early->birth);
}

/* Whether the early birth is one of such a box. Otherwise there is another. */
static bool is_early_fit(const struct launch_options *options, const struct box_start *start)
{
	struct launch_early *early = options->early;

	if (!early || !early->birth.memory)
		return false;
	if (start->cgroup_fd < 0 &&
	    early->birth.place.clone_flags == start->plan->clone_flags &&
	    keep_fits(&early->kept, options->runtime_dir, start))
		return true;
	launch_early_done(early);
	return false;
}

/* In a new birth, where there was no early one or it came to nothing. */
static int start_late(const struct launch_options *options, struct box_start *start,
		      struct box_process *process, struct err *err)
{
	AUTO_CLOSE int kept_userns = -1;

	start->birth = NULL;
	if (options->userns_fd > 0) {
		start->kept_userns = options->userns_fd;
		start->netns_fd = options->netns_fd;
		return box_start(start, process, err);
	}
	if (options->runtime_dir)
		kept_userns = keep_open(options->runtime_dir, start);
	start->kept_userns = kept_userns > 0 ? kept_userns : 0;
	return box_start(start, process, err);
}

static int start_box(const struct launch_options *options, struct box_start *start,
		     struct box_process *process, struct err *err)
{
	if (is_early_fit(options, start)) {
		start->birth = &options->early->birth;
		keep_done(&options->early->kept);
		if (box_start(start, process, err) == 0)
			return 0;
	}
	return start_late(options, start, process, err);
}

int box_launch(const struct prepared *p, const struct launch_options *options,
	       struct launched *out_launched, int *out_exit, bool *out_overlay_refused,
	       struct err *err)
{
	struct launched launched = {.master = -1};
	AUTO_CLOSE int group = -1;
	struct box_command command;
	struct box_start start = {
		.plan = &p->plan,
		.facts = &p->facts,
		.command = &command,
		.newuidmap = p->newuidmap,
		.newgidmap = p->newgidmap,
		.cgroup_fd = -1,
		.has_oom_score_adj = p->has_oom_score_adj,
		.oom_score_adj = p->oom_score_adj,
		.log_fd = options->log_fd,
	};
	int rc;

	*out_exit = 125;
	*out_overlay_refused = false;
	if (options->cgroup_fd >= 0) {
		group = cgroup_box_inner(options->cgroup_fd, err);
		if (group < 0)
			return -1;
		start.cgroup_fd = group;
	}
	memcpy(start.stdio, options->stdio, sizeof(start.stdio));
	describe_command(p, options, &command);
	if (start_box(options, &start, &launched.process, err) < 0)
		return -1;
	rc = connect_network(p, options, &launched, err);
	if (rc == 0)
		rc = box_go(&launched.process, err);
	if (rc < 0) {
		*out_overlay_refused = is_overlay_refusal(&launched.process, err);
		box_end(&launched.process);
		net_slirp_stop(&launched.slirp);
		return -1;
	}
	rc = box_await(&launched.process, &p->plan, &command, &launched.master, out_exit, err);
	if (rc < 0) {
		*out_overlay_refused = is_overlay_refusal(&launched.process, err);
		net_slirp_stop(&launched.slirp);
		return -1;
	}
	*out_launched = launched;
	return 0;
}
