#include "box/prepare.h"

#include "sec/caps.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <limits.h>
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

static int root_maps(const struct host_subids *subids, struct prepared *p, struct err *err)
{
	if (subids->uid_count == 0 || subids->gid_count == 0) {
		(void)err_set(err, "root has no subordinate ids, and a box never runs with the "
				   "host's root inside");
		return err_hint(err, "sudo usermod --add-subuids 100000-165535 --add-subgids "
				     "100000-165535 root");
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
		return root_maps(&subids, p, err);
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

static int find_lower(const struct spec *spec, struct prepared *p, struct err *err)
{
	const char *image = spec->image.value ? spec->image.value : "host";

	if (strcmp(image, "host") == 0)
		return 0;
	if (str_starts(image, "rootfs:")) {
		const char *dir = image + strlen("rootfs:");

		if (access(dir, F_OK) < 0) {
			(void)err_sys(err, "image '%s'", image);
			if (spec->image.at.file)
				(void)err_at(err, spec->image.at.file, spec->image.at.line,
					     spec->image.at.column);
			return err_hint(err, "rootfs: takes the folder of a root file system, "
					     "made by mmdebstrap for "
					     "example; without an image, 'host' is used");
		}
		strv_add(&p->lower, dir);
		return 0;
	}
	return err_set(err, "image '%s' needs the image store, which is not built yet", image);
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

static int add_caps(const struct spec_list *list, uint64_t *set, struct err *err)
{
	size_t i;

	for (i = 0; i < list->items.count; i++) {
		uint64_t mask;

		if (caps_from_name(list->items.items[i], &mask, err) < 0) {
			if (list->at[i].file)
				(void)err_at(err, list->at[i].file, list->at[i].line,
					     list->at[i].column);
			return -1;
		}
		*set |= mask;
	}
	return 0;
}

static int bounding_set(const struct spec *spec, uint64_t *out_set, struct err *err)
{
	uint64_t added = 0;
	uint64_t dropped = 0;

	if (add_caps(&spec->cap_drop, &dropped, err) < 0 ||
	    add_caps(&spec->cap_add, &added, err) < 0)
		return -1;
	*out_set = ((caps_default() & ~dropped) | added) & caps_all();
	return 0;
}

/* The program must lie somewhere, or `exec` could not load the same one. */
static int get_filter(const struct prepare_request *request, struct filter_request *filter,
		      struct strv *warnings, struct filter *out_filter, struct err *err)
{
	AUTO_FREE char *fallback = NULL;

	if (filter_get(filter, out_filter, warnings, err) < 0)
		return -1;
	if (out_filter->file)
		return 0;
	filter_done(out_filter);
	fallback = path_join(request->dirs->runtime, "seccomp");
	filter->cache_dir = fallback;
	if (filter_get(filter, out_filter, warnings, err) < 0)
		return -1;
	if (out_filter->file)
		return 0;
	filter_done(out_filter);
	(void)err_set(err,
		      "the seccomp program can be written neither to '%s/seccomp' nor to '%s'",
		      request->dirs->cache, fallback);
	return err_hint(err, "free space, or set XDG_CACHE_HOME to a folder you may write");
}

/* The user's own profile is loaded so that devbox hears of what it refuses, and can name it. */
static int explain_filter(const struct prepare_request *request, struct filter_request *filter,
			  struct prepared *p, struct err *err)
{
	AUTO_STRV struct strv same = {0};

	filter->explain = true;
	filter_done(&p->filter);
	p->profile = xstrdup(filter->path);
	return get_filter(request, filter, &same, &p->filter, err);
}

static int prepare_confine(const struct prepare_request *request, struct prepared *p,
			   struct err *err)
{
	const struct spec *spec = request->spec;
	AUTO_FREE char *cache = path_join(request->dirs->cache, "seccomp");
	AUTO_STRV struct strv warnings = {0};
	struct filter_request filter = {.cache_dir = cache};
	size_t i;

	p->confine.uid = p->identity.uid;
	p->confine.gid = p->identity.gid;
	p->confine.can_setgroups = !p->facts.is_single_id;
	p->confine.umask = 0022;
	p->confine.no_new_privs = spec->no_new_privileges;
	if (bounding_set(spec, &p->confine.bounding, err) < 0)
		return -1;
	for (i = 0; i < p->identity.groups.count && i < CONFINE_GROUPS_MAX; i++) {
		uint64_t gid = 0;

		(void)str_to_u64(p->identity.groups.items[i], &gid);
		p->confine.groups[p->confine.group_count++] = (gid_t)gid;
	}
	if (str_eq(spec->seccomp.value, "unconfined"))
		return 0;
	filter.path = spec->seccomp.value;
	filter.bounding = p->confine.bounding;
	if (get_filter(request, &filter, &warnings, &p->filter, err) < 0) {
		if (!err->file[0] && spec->seccomp.at.file)
			(void)err_at(err, spec->seccomp.at.file, spec->seccomp.at.line,
				     spec->seccomp.at.column);
		return -1;
	}
	for (i = 0; i < warnings.count; i++)
		strv_addf(&p->notes, "seccomp profile: %s", warnings.items[i]);
	p->exec_filter = xstrdup(p->filter.file);
	return filter.path ? explain_filter(request, &filter, p, err) : 0;
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
	box_environment(spec, &p->identity, request->caller_env, &p->env);
	for (i = 0; request->env && i < request->env->count; i++) {
		AUTO_FREE char *name =
			xstrndup(request->env->items[i], strcspn(request->env->items[i], "="));
		bool has_value = strchr(request->env->items[i], '=') != NULL;

		env_set(&p->env, name,
			env_get(has_value ? request->env : request->caller_env, name));
	}
	p->stop_signal =
		spec->stop_signal.value ? signal_from_name(spec->stop_signal.value) : SIGTERM;
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
		.force_fuse = request->force_fuse,
	};

	if (request->is_throw_away) {
		p->scratch_dir = xasprintf("%s/tmp/run-%d", request->dirs->data, (int)getpid());
	} else {
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

/* What else makes a box a different one: a change of these means a new start. Limits are live,
 * and listed apart. */
static void print_rest(const struct prepare_request *request, const struct prepared *p,
		       struct buf *out)
{
	const struct spec *spec = request->spec;
	size_t i;

	for (i = 0; i < p->argv.count; i++)
		buf_printf(out, "argument '%s'\n", p->argv.items[i]);
	buf_printf(out, "in '%s' as uid %u gid %u, capabilities %016llx%s, shell '%s'\n",
		   p->cwd, p->identity.uid, p->identity.gid,
		   (unsigned long long)p->confine.bounding,
		   spec->no_new_privileges ? ", no new privileges" : "", p->identity.shell);
	buf_printf(out, "seccomp %s %016llx\n",
		   spec->seccomp.value ? spec->seccomp.value : "default",
		   (unsigned long long)str_hash(p->filter.program,
						p->filter.len * sizeof(struct sock_filter),
						STR_HASH_SEED));
	for (i = 0; i < spec->environment.count; i++)
		buf_printf(out, "environment %s\n", spec->environment.items[i]);
	for (i = 0; i < p->lower.count; i++)
		buf_printf(out, "image '%s'\n", p->lower.items[i]);
	buf_printf(out, "network %s\n",
		   spec->network_mode == NET_HOST   ? "host"
		   : spec->network_mode == NET_NONE ? "none"
						    : "project");
	for (i = 0; i < p->confine.rlimit_count; i++)
		buf_printf(out, "ulimit %d %llu %llu\n", p->confine.rlimits[i].resource,
			   (unsigned long long)p->confine.rlimits[i].limit.rlim_cur,
			   (unsigned long long)p->confine.rlimits[i].limit.rlim_max);
	if (p->has_oom_score_adj)
		buf_printf(out, "oom_score_adj %d\n", p->oom_score_adj);
	if (p->affinity)
		buf_printf(out, "cpu affinity %s\n", p->affinity);
	buf_printf(out, "stop by signal %d, then after %llu us\n", p->stop_signal,
		   (unsigned long long)p->stop_grace_us);
}

static void print_limit(struct buf *out, bool is_set, const char *name, uint64_t value)
{
	if (is_set && value == CGROUP_NO_LIMIT)
		buf_printf(out, "limit %s max\n", name);
	else if (is_set)
		buf_printf(out, "limit %s %llu\n", name, (unsigned long long)value);
}

static void print_limits(const struct cgroup_limits *l, struct buf *out)
{
	size_t i;

	print_limit(out, l->has_cpu_max, "cpu.quota", l->cpu_quota_us);
	print_limit(out, l->has_cpu_max, "cpu.period", l->cpu_period_us);
	print_limit(out, l->has_cpu_weight, "cpu.weight", l->cpu_weight);
	if (l->cpuset)
		buf_printf(out, "limit cpuset %s\n", l->cpuset);
	if (l->cpuset_mems)
		buf_printf(out, "limit cpuset_mems %s\n", l->cpuset_mems);
	print_limit(out, l->has_memory_max, "memory.max", l->memory_max);
	print_limit(out, l->has_memory_low, "memory.low", l->memory_low);
	print_limit(out, l->has_swap_max, "memory.swap.max", l->swap_max);
	print_limit(out, l->has_pids_max, "pids.max", l->pids_max);
	print_limit(out, l->has_io_weight, "io.weight", l->io_weight);
	for (i = 0; i < l->io_max_count; i++)
		buf_printf(out, "limit io.max %u:%u %llu %llu %llu %llu\n", l->io_max[i].major,
			   l->io_max[i].minor, (unsigned long long)l->io_max[i].rbps,
			   (unsigned long long)l->io_max[i].wbps,
			   (unsigned long long)l->io_max[i].riops,
			   (unsigned long long)l->io_max[i].wiops);
}

static int prepare(const struct prepare_request *request, struct prepared *p, struct err *err)
{
	const struct spec *spec = request->spec;
	const char *user = request->user_name ? request->user_name : spec->user.value;
	AUTO_BUF struct buf text = {0};

	if (prepare_maps(request->user, p, err) < 0 || find_lower(spec, p, err) < 0)
		return -1;
	if (accounts_read(&p->lower, &p->accounts, err) < 0)
		return -1;
	if (box_identity_resolve(user, request->user, &p->uid_map, &p->accounts, &p->identity,
				 err) < 0) {
		if (!request->user_name && spec->user.at.file)
			(void)err_at(err, spec->user.at.file, spec->user.at.line,
				     spec->user.at.column);
		return -1;
	}
	if (spec->shell.value) {
		free(p->identity.shell);
		p->identity.shell = xstrdup(spec->shell.value);
	}
	if (gather_facts(request, p, err) < 0)
		return -1;
	if (prepare_confine(request, p, err) < 0)
		return -1;
	if (prepare_limits(spec, request->dirs, request->allow_degraded, p, err) < 0)
		return -1;
	prepare_command(request, p);
	if (plan_build(spec, &p->facts, p->identity.uid, p->identity.gid, &p->plan, err) < 0)
		return -1;
	plan_print(&p->plan, false, &text);
	print_rest(request, p, &text);
	print_limits(&p->limits, &text);
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

static const char *root_kind_name(enum root_kind kind)
{
	switch (kind) {
	case ROOT_HOST:
		return "host";
	case ROOT_OVERLAY:
		return "overlay";
	case ROOT_FUSE:
		return "fuse-overlayfs";
	}
	return "host";
}

void prepare_record(const struct prepare_request *request, const struct prepared *p,
		    struct record *out_record)
{
	const struct spec *spec = request->spec;
	struct record r = {
		.project = xstrdup(request->project->id),
		.box = xstrdup(request->box),
		.image = xstrdup(p->facts.image),
		.root_kind = xstrdup(root_kind_name(p->facts.root_kind)),
		.profile_file = xstrdup(spec->profile_file),
		.folder = xstrdup(spec->project_dir),
		.network = xstrdup(spec->network_mode == NET_HOST   ? "host"
				   : spec->network_mode == NET_NONE ? "none"
								    : "project"),
		.hostname = xstrdup(p->facts.hostname),
		.workspace_source = xstrdup(spec->workspace.source),
		.workspace_target = xstrdup(spec->workspace.target),
		.exec_user = xstrdup(p->identity.name),
		.exec_uid = p->identity.uid,
		.exec_gid = p->identity.gid,
		.exec_home = xstrdup(p->identity.home),
		.exec_shell = xstrdup(p->identity.shell),
		.exec_bounding = p->confine.bounding,
		.exec_no_new_privs = p->confine.no_new_privs,
		.exec_can_setgroups = p->confine.can_setgroups,
		.exec_filter = xstrdup(p->exec_filter),
		.exec_profile = xstrdup(spec->seccomp.value),
		.exec_affinity = xstrdup(p->affinity),
		.has_userns = true,
		.plan = xstrdup(p->plan_text),
		.stop_signal = xstrdup(signal_name(p->stop_signal)),
		.stop_grace_us = p->stop_grace_us,
	};
	size_t i;

	r.exec_cwd = xstrdup(p->cwd);
	strv_add_all(&r.command, &p->argv);
	strv_add_all(&r.notes, &p->notes);
	strv_add_all(&r.exec_groups, &p->identity.groups);
	strv_add_all(&r.exec_env, &p->env);
	for (i = 0; i < p->confine.rlimit_count; i++)
		strv_addf(&r.exec_rlimits, "%d %llu %llu", p->confine.rlimits[i].resource,
			  (unsigned long long)p->confine.rlimits[i].limit.rlim_cur,
			  (unsigned long long)p->confine.rlimits[i].limit.rlim_max);
	*out_record = r;
}
