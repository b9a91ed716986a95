#include "api/internal.h"

#include "api/status.h"
#include "box/control.h"
#include "box/join.h"
#include "box/relay.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* `devbox exec` and `devbox shell`: a command in a box that runs. */

struct visit {
	struct devbox *devbox;
	const struct exec_options *options;
	struct record record;
	struct box_identity identity;
	bool has_identity;
	struct strv argv;
	struct strv env;
	char *cwd;
};

static int not_running(const struct exec_options *options, const char *name,
		       const struct record *record, struct err *err)
{
	if (record->phase == PHASE_EXITED && record->reason)
		(void)err_set(err, "box '%s' is not running (%s)", name, record->reason);
	else
		(void)err_set(err, "box '%s' is not running",
			      options->box ? options->box : name);
	return err_hint(err, "devbox up");
}

static int load_record(const struct visit *visit, struct record *out_record, struct err *err)
{
	const struct exec_options *options = visit->options;
	struct project project;
	AUTO_FREE char *box = NULL;
	AUTO_FREE char *name = NULL;
	struct record record = {0};
	int rc;

	if (devbox_find_box(visit->devbox, options->box, &project, &box, err) < 0)
		return -1;
	name = box_full_name(project.id, box);
	rc = record_load_settled(project.runtime_dir, box, &record, err);
	if ((rc < 0 && err->code == ENOENT) || (rc == 0 && !record_is_running(&record))) {
		rc = not_running(options, name, &record, err);
		err->code = ESRCH;
	} else if (rc == 0 && record.phase == PHASE_PAUSED) {
		(void)err_set(err, "box '%s' is paused", name);
		rc = err_hint(err, "devbox unpause");
	}
	project_done(&project);
	if (rc < 0) {
		record_done(&record);
		return -1;
	}
	*out_record = record;
	return 0;
}

static int find_running(struct visit *visit, struct err *err)
{
	const struct strv boxes = {(char *[]){(char *)(uintptr_t)visit->options->box, NULL}, 1};
	const struct up_options up = {.boxes = visit->options->box ? &boxes : NULL};

	if (load_record(visit, &visit->record, err) == 0)
		return 0;
	/* Nothing is there that runs: `shell` brings it up. */
	if (!visit->options->start || (err->code != ESRCH && err->code != ENOENT))
		return -1;
	if (devbox_up(visit->devbox, &up, NULL, err) < 0)
		return -1;
	return load_record(visit, &visit->record, err);
}

/* -u: the accounts are those of the running box. */
static int resolve_user(struct visit *visit, struct err *err)
{
	AUTO_FREE char *root = xasprintf("/proc/%d/root", (int)visit->record.init_pid);
	struct strv lower = {.items = (char *[]){root, NULL}, .count = 1};
	struct accounts accounts = {0};
	struct prepared maps = {0};
	const struct id_maps ids = {&maps.uid_map, &maps.gid_map};
	int rc;

	if (!visit->options->user)
		return 0;
	rc = prepare_maps(&visit->devbox->user, &maps, err);
	if (rc == 0)
		rc = accounts_read(&lower, &accounts, err);
	if (rc == 0)
		rc = box_identity_resolve(visit->options->user, &visit->devbox->user, &ids,
					  &accounts, &visit->identity, err);
	visit->has_identity = rc == 0;
	accounts_done(&accounts);
	prepared_done(&maps);
	return rc;
}

static void make_environment(struct visit *visit, bool wants_tty)
{
	static const char *const terminal[] = {"TERM", "COLORTERM", "NO_COLOR"};
	const struct strv *asked = visit->options->env;
	size_t i;

	strv_add_all(&visit->env, &visit->record.exec_env);
	for (i = 0; i < ARRAY_LEN(terminal); i++)
		env_set(&visit->env, terminal[i],
			wants_tty ? env_get(&visit->devbox->env, terminal[i]) : NULL);
	if (visit->has_identity) {
		env_set(&visit->env, "HOME", visit->identity.home);
		env_set(&visit->env, "USER", visit->identity.name);
		env_set(&visit->env, "LOGNAME", visit->identity.name);
		env_set(&visit->env, "SHELL", visit->identity.shell);
	}
	for (i = 0; asked && i < asked->count; i++) {
		AUTO_FREE char *name = xstrndup(asked->items[i], strcspn(asked->items[i], "="));
		bool has_value = strchr(asked->items[i], '=') != NULL;

		env_set(&visit->env, name,
			env_get(has_value ? asked : &visit->devbox->env, name));
	}
}

static void make_command(struct visit *visit)
{
	const struct record *record = &visit->record;

	if (visit->options->argv && visit->options->argv->count > 0) {
		strv_add_all(&visit->argv, visit->options->argv);
	} else {
		strv_add(&visit->argv,
			 visit->has_identity ? visit->identity.shell : record->exec_shell);
		strv_add(&visit->argv, "-l");
	}
	visit->cwd = prepare_cwd(visit->options->working_dir, visit->devbox->start_dir,
				 record->workspace_source, record->workspace_target,
				 record->exec_cwd);
}

/* Who sits at a terminal hears of ports that appear; 0: nobody does. */
static int open_news(const struct visit *visit, const char *runtime_dir)
{
	int fd = -1;

	if (isatty(STDERR_FILENO) && str_eq(visit->record.network, "project"))
		fd = control_watch(runtime_dir, visit->record.box);
	return fd > 0 ? fd : 0;
}

static int relay_joined(const struct relay *plain, const struct joined *joined, int *out_status,
			struct err *err)
{
	struct relay relay = *plain;
	bool guard_died;
	int status;

	relay.socket = joined->socket;
	relay.master = joined->master;
	/* The box was stopped or killed under the command: that is how commands end by signal
	 * 9. */
	*out_status =
		relay_run(&relay, &status, &guard_died, err) < 0 ? 137 : proc_exit_code(status);
	/* Its init ends itself, unless the box's root keeps it. Until somebody has reaped it,
	 * it lies about in the box's ps, and a box that ends waits for that. */
	(void)kill(joined->pid, SIGKILL);
	(void)proc_wait(joined->pid);
	return 0;
}

static int join_and_wait(struct visit *visit, int *out_status, struct err *err)
{
	struct stdio stdio;
	struct join_request request = {
		.stdio = &stdio,
		.record = &visit->record,
		.argv = &visit->argv,
		.env = &visit->env,
		.cwd = visit->cwd,
		.identity = visit->has_identity ? &visit->identity : NULL,
		.runtime_dir = visit->devbox->dirs.xdg_runtime,
	};
	AUTO_FREE char *notes_dir =
		path_join(visit->devbox->dirs.runtime, visit->record.project);
	AUTO_CLOSE int notes_fd = -1;
	AUTO_CLOSE int cgroup_fd = -1;
	AUTO_CLOSE int signal_fd = -1;
	struct relay relay = {.stdio = &stdio};
	struct api_watch watch;
	struct joined joined;

	request.wants_tty =
		visit->options->tty == TTY_AUTO && relay_is_terminal(&request.winsize);
	make_environment(visit, request.wants_tty);
	signal_fd = relay.signal_fd = relay_block_signals(err);
	if (signal_fd < 0)
		return -1;
	/* All before the box's namespaces, in which these paths mean nothing. */
	relay.news_fd = open_news(visit, notes_dir);
	if (visit->record.cgroup)
		notes_fd = open(notes_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (visit->record.cgroup)
		cgroup_fd = open(visit->record.cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stdio_open(request.wants_tty, &stdio, err) < 0)
		return -1;
	if (box_join(&request, &joined, out_status, err) < 0)
		return -1;
	/* While the command begins. */
	api_watch_begin(cgroup_fd, false, &watch);
	stdio_started(&stdio);
	if (relay_joined(&relay, &joined, out_status, err) < 0)
		return -1;
	api_explain_visit(*out_status, &watch, notes_fd, &visit->record);
	return 0;
}

int devbox_exec(struct devbox *devbox, const struct exec_options *options, int *out_status,
		struct err *err)
{
	struct visit visit = {.devbox = devbox, .options = options};
	int rc;

	*out_status = 125;
	rc = find_running(&visit, err);
	if (rc == 0)
		rc = resolve_user(&visit, err);
	if (rc == 0) {
		make_command(&visit);
		rc = join_and_wait(&visit, out_status, err);
	}
	record_done(&visit.record);
	if (visit.has_identity)
		box_identity_done(&visit.identity);
	strv_done(&visit.argv);
	strv_done(&visit.env);
	free(visit.cwd);
	return rc;
}
