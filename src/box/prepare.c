#include "box/prepare.h"

#include "box/prepare_parts.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define DEFAULT_GRACE_US UINT64_C(10000000)

void prepared_done(struct prepared *p)
{
	free(p->newuidmap);
	free(p->newgidmap);
	strv_done(&p->lower);
	accounts_done(&p->accounts);
	box_identity_done(&p->identity);
	box_facts_done(&p->facts);
	plan_done(&p->plan);
	free(p->plan_text);
	filter_done(&p->filter);
	net_filter_done(&p->net_filter);
	free(p->profile);
	free(p->exec_filter);
	strv_done(&p->argv);
	strv_done(&p->env);
	free(p->cwd);
	cgroup_place_done(&p->place);
	free(p->affinity);
	free(p->scratch_dir);
	strv_done(&p->notes);
	memset(p, 0, sizeof(*p));
}

static int root_maps(const struct host_user *user, const struct host_subids *subids,
		     struct prepared *p, struct err *err)
{
	const bool needs_uid = subids->uid_count == 0;
	const bool needs_gid = subids->gid_count == 0;

	if (needs_uid || needs_gid) {
		AUTO_FREE char *mend = host_mend_subids("/etc", user, needs_uid, needs_gid);

		(void)err_set(err,
			      "root has no line in %s, and a box never runs with the host's "
			      "root inside",
			      needs_uid && needs_gid ? "/etc/subuid and /etc/subgid"
			      : needs_uid            ? "/etc/subuid"
						     : "/etc/subgid");
		return err_hint(err, "%s", mend);
	}
	host_map_build(subids->uid, subids->uid_count, 0, &p->uid_map);
	host_map_build(subids->gid, subids->gid_count, 0, &p->gid_map);
	return 0;
}

static void single_maps(const struct host_user *user, const char *why, struct prepared *p)
{
	host_map_build(NULL, 0, user->uid, &p->uid_map);
	host_map_build(NULL, 0, user->gid, &p->gid_map);
	strv_addf(&p->notes,
		  "%s: you are root in the box and its only user ('devbox doctor' says how to "
		  "mend it)",
		  why);
}

/* In a box or sandbox a set-uid program gets nothing: its owner is not mapped, or privileges
 * may not grow. */
static bool is_powerless(const char *program)
{
	struct stat st;

	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
	       (stat(program, &st) == 0 && st.st_uid != 0);
}

int prepare_maps(const struct host_user *user, struct prepared *p, struct err *err)
{
	struct host_subids subids;

	if (host_subids_get("/etc", user, &subids, err) < 0)
		return -1;
	if (user->uid == 0)
		return root_maps(user, &subids, p, err);
	if (subids.uid_count == 0 || subids.gid_count == 0) {
		single_maps(user, "no subordinate ids in /etc/subuid and /etc/subgid", p);
		return 0;
	}
	p->newuidmap = proc_find_program("newuidmap");
	p->newgidmap = proc_find_program("newgidmap");
	if (!p->newuidmap || !p->newgidmap) {
		free(STEAL(p->newuidmap));
		free(STEAL(p->newgidmap));
		single_maps(user,
			    "newuidmap and newgidmap are not installed (package uidmap, or "
			    "shadow-utils)",
			    p);
		return 0;
	}
	if (is_powerless(p->newuidmap) || is_powerless(p->newgidmap)) {
		free(STEAL(p->newuidmap));
		free(STEAL(p->newgidmap));
		single_maps(user,
			    "newuidmap and newgidmap have no power inside of a box or sandbox",
			    p);
		return 0;
	}
	host_map_build(subids.uid, subids.uid_count, user->uid, &p->uid_map);
	host_map_build(subids.gid, subids.gid_count, user->gid, &p->gid_map);
	return 0;
}

static int find_lower(const struct prepare_request *request, struct prepared *p,
		      struct err *err)
{
	const struct spec *spec = request->spec;
	const char *image = spec->image.value ? spec->image.value : "host";

	if (request->lower) {
		strv_add_all(&p->lower, request->lower);
		return 0;
	}
	if (strcmp(image, "host") == 0)
		return 0;
	if (str_starts(image, "rootfs:")) {
		const char *dir = image + strlen("rootfs:");
		AUTO_CLOSE int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0) {
			(void)err_sys(err, "image '%s'", image);
			(void)spec_at(&spec->image.at, err);
			return err_hint(err, "rootfs: takes the folder of a root file system, "
					     "made by mmdebstrap for "
					     "example; without an image, 'host' is used");
		}
		strv_add(&p->lower, dir);
		return 0;
	}
	(void)err_set(err, "image '%s' is not unpacked", image);
	return spec_at(&spec->image.at, err);
}

char *prepare_cwd(const char *wanted, const char *host_cwd, const char *workspace_source,
		  const char *workspace_target, const char *fallback)
{
	if (wanted)
		return path_normalize(fallback, wanted);
	if (host_cwd && workspace_source && path_is_below(host_cwd, workspace_source))
		return path_join(workspace_target, host_cwd + strlen(workspace_source));
	return xstrdup(fallback);
}

static void add_image_env(const struct strv *image_env, struct strv *out_env)
{
	size_t i;

	for (i = 0; image_env && i < image_env->count; i++) {
		const char *text = image_env->items[i];
		AUTO_FREE char *name = xstrndup(text, strcspn(text, "="));

		if (*name && strchr(text, '='))
			env_set(out_env, name, strchr(text, '=') + 1);
	}
}

static int stop_signal(const struct prepare_request *request)
{
	const struct spec_text *said = &request->spec->stop_signal;
	int number = request->image_stop_signal && !said->at.file
			     ? signal_from_name(request->image_stop_signal)
			     : -1;

	if (number > 0)
		return number;
	return said->value ? signal_from_name(said->value) : SIGTERM;
}

static void prepare_command(const struct prepare_request *request, struct prepared *p)
{
	const struct spec *spec = request->spec;
	const char *fallback = spec->working_dir.value  ? spec->working_dir.value
			       : spec->workspace.source ? spec->workspace.target
							: p->identity.home;
	size_t i;

	if (request->argv) {
		strv_add_all(&p->argv, request->argv);
	} else {
		strv_add_all(&p->argv, &spec->entrypoint.items);
		strv_add_all(&p->argv, &spec->command.items);
	}
	p->cwd = prepare_cwd(request->working_dir, request->cwd, spec->workspace.source,
			     spec->workspace.target, fallback);
	add_image_env(request->image_env, &p->env);
	if (spec->network_mode == NET_FILTERED)
		prepare_proxies(&p->env);
	box_environment(spec, &p->identity, request->caller_env, &p->env);
	for (i = 0; request->env && i < request->env->count; i++) {
		AUTO_FREE char *name =
			xstrndup(request->env->items[i], strcspn(request->env->items[i], "="));
		bool has_value = strchr(request->env->items[i], '=') != NULL;

		env_set(&p->env, name,
			env_get(has_value ? request->env : request->caller_env, name));
	}
	p->stop_signal = stop_signal(request);
	p->stop_grace_us = spec->stop_grace_period_us.is_set
				   ? (uint64_t)spec->stop_grace_period_us.value
				   : DEFAULT_GRACE_US;
}

static int gather_facts(const struct prepare_request *request, struct prepared *p,
			struct err *err)
{
	const struct project *project = request->project;
	AUTO_FREE char *box_dir = NULL;
	AUTO_FREE char *home_dir = NULL;
	const struct shared_network *shared = request->shared;
	AUTO_FREE char *hosts_file =
		hub_hosts_path(project->runtime_dir, shared ? shared->box : request->box);
	struct facts_request facts = {
		.spec = request->spec,
		.dirs = request->dirs,
		.project = project,
		.user = request->user,
		.uid_map = &p->uid_map,
		.gid_map = &p->gid_map,
		.identity = &p->identity,
		.accounts = &p->accounts,
		.lower = &p->lower,
		.lower_root = request->lower_root,
		.network = request->spec->network_mode == NET_PROJECT || shared ? &p->network
										: NULL,
		.force_fuse = request->force_fuse,
		.upper_dir = request->upper_dir,
		.work_dir = request->work_dir,
		.member = shared ? shared->member : request->member,
		.hosts_file = hosts_file,
	};

	if (request->is_throw_away && !request->upper_dir) {
		uint64_t ticks = 0;

		/* Never the folder of an earlier process of our number, which may have been
		 * killed before it could remove it. */
		(void)proc_start_time(getpid(), &ticks);
		p->scratch_dir = xasprintf("%s/tmp/run-%d-%llu", request->dirs->data,
					   (int)getpid(), (unsigned long long)ticks);
	} else if (!request->is_throw_away) {
		box_dir = xasprintf("%s/box/%s", project->data_dir, request->box);
		if (request->spec->home == HOME_ISOLATED)
			home_dir = path_join(project->data_dir, "home");
	}
	facts.box_dir = box_dir;
	facts.home_dir = home_dir;
	facts.scratch_dir = p->scratch_dir;
	if (box_facts_gather(&facts, &p->facts, &p->notes, err) < 0)
		return -1;
	if (p->scratch_dir && !p->facts.upper_dir)
		free(STEAL(p->scratch_dir));
	return 0;
}

static int prepare(const struct prepare_request *request, struct prepared *p, struct err *err)
{
	const struct spec *spec = request->spec;
	const char *user = request->user_name ? request->user_name : spec->user.value;
	const struct id_maps maps = {&p->uid_map, &p->gid_map};
	AUTO_BUF struct buf text = {0};

	if (prepare_maps(request->user, p, err) < 0 || find_lower(request, p, err) < 0)
		return -1;
	if (accounts_read(&p->lower, &p->accounts, err) < 0)
		return spec_at(&spec->image.at, err);
	if (box_identity_resolve(user, request->user, &maps, &p->accounts, &p->identity, err) <
	    0)
		return request->user_name ? -1 : spec_at(&spec->user.at, err);
	if (spec->shell.value) {
		free(p->identity.shell);
		p->identity.shell = xstrdup(spec->shell.value);
	}
	if (prepare_network(request, p, err) < 0 || gather_facts(request, p, err) < 0)
		return -1;
	if (prepare_confine(request, p, err) < 0)
		return -1;
	if (prepare_limits(request, p, err) < 0)
		return -1;
	prepare_command(request, p);
	if (plan_build(spec, &p->facts, p->identity.uid, p->identity.gid, &p->plan, err) < 0)
		return -1;
	/* Nobody compares a box that is gone when its command is. */
	if (request->is_throw_away)
		return 0;
	prepare_text(request, p, &text);
	p->plan_text = buf_take(&text);
	return 0;
}

int box_prepare(const struct prepare_request *request, struct prepared *out_prepared,
		struct err *err)
{
	struct prepared p = {0};

	if (prepare(request, &p, err) < 0) {
		prepared_done(&p);
		return -1;
	}
	*out_prepared = p;
	return 0;
}
