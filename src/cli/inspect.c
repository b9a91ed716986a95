#include "cli/cli.h"

#include "api/images.h"
#include "api/inspect.h"
#include "cli/format.h"
#include "cli/image_words.h"
#include "cli/indent.h"
#include "cli/port_words.h"
#include "cli/stats_json.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>

static void put_time(struct json *j, const char *key, int64_t ms)
{
	json_stat(j, key, ms > 0 ? (uint64_t)ms : STAT_UNKNOWN);
}

static void put_identity(struct json *j, const struct record *record,
			 const struct box_status *status)
{
	json_text(j, "name", status->name);
	json_text(j, "project", status->project);
	json_text(j, "box", status->box);
	json_text(j, "folder", record->folder);
	json_text(j, "profile", record->profile_file);
	json_text(j, "image", record->image);
	json_text(j, "root", record->root_kind);
	json_text(j, "network", record->network);
	json_text(j, "hostname", record->hostname);
	json_text(j, "cgroup", record->cgroup);
}

static void put_life(struct json *j, const struct record *record,
		     const struct box_status *status)
{
	const bool runs = record_is_running(record);

	json_text(j, "state", status->state);
	json_text(j, "health", status->health);
	json_text(j, "health_why", status->health ? record->health_why : NULL);
	json_text(j, "reason", record->reason);
	if (record->has_exit)
		json_i64(j, "exit_code", record->exit_code);
	else
		json_none(j, "exit_code");
	json_stat(j, "pid", runs ? (uint64_t)record->init_pid : STAT_UNKNOWN);
	json_stat(j, "supervisor_pid", runs ? (uint64_t)record->supervisor_pid : STAT_UNKNOWN);
	put_time(j, "created_ms", record->created_ms);
	put_time(j, "started_ms", record->started_ms);
	put_time(j, "finished_ms", record->finished_ms);
	json_list(j, "command", &record->command);
	json_list(j, "notes", &record->notes);
	json_text(j, "stop_signal", record->stop_signal);
	json_u64(j, "stop_grace_us", record->stop_grace_us);
}

/* What a process that joins the box becomes. */
static void put_process(struct json *j, const struct record *record)
{
	AUTO_FREE char *bounding =
		xasprintf("%016llx", (unsigned long long)record->exec_bounding);

	json_object_begin(j, "process");
	json_text(j, "user", record->exec_user);
	json_u64(j, "uid", record->exec_uid);
	json_u64(j, "gid", record->exec_gid);
	json_list(j, "groups", &record->exec_groups);
	json_text(j, "home", record->exec_home);
	json_text(j, "shell", record->exec_shell);
	json_text(j, "working_dir", record->exec_cwd);
	json_list(j, "environment", &record->exec_env);
	json_text(j, "capabilities", bounding);
	json_bool(j, "no_new_privileges", record->exec_no_new_privs);
	json_text(j, "seccomp",
		  !record->exec_filter   ? "unconfined"
		  : record->exec_profile ? record->exec_profile
					 : "default");
	json_list(j, "ulimits", &record->exec_rlimits);
	json_text(j, "cpu_affinity", record->exec_affinity);
	json_object_end(j);
}

static char *describe(const struct record *record, const struct box_status *status)
{
	struct json j = {0};

	json_object_begin(&j, NULL);
	put_identity(&j, record, status);
	put_life(&j, record, status);
	json_object_begin(&j, "workspace");
	json_text(&j, "source", record->workspace_source);
	json_text(&j, "target", record->workspace_target);
	json_object_end(&j);
	json_array_begin(&j, "ports");
	for (size_t i = 0; i < status->ports.count; i++)
		port_json(&j, NULL, &status->ports.items[i]);
	json_array_end(&j);
	put_process(&j, record);
	stats_write(&j, "stats", NULL, status);
	json_text(&j, "plan", record->plan);
	json_object_end(&j);
	buf_putc(&j.text, '\n');
	return buf_take(&j.text);
}

static int show_box(struct cli *cli, const char *name, char **out_json, struct err *err)
{
	struct record record = {0};
	struct box_status status = {0};

	if (devbox_inspect(cli->devbox, name, &record, &status, err) < 0)
		return -1;
	*out_json = describe(&record, &status);
	box_status_done(&status);
	record_done(&record);
	return 0;
}

static int show_image(struct cli *cli, const char *name, char **out_json, struct err *err)
{
	struct image_details details;

	if (devbox_image(cli->devbox, name, &details, err) < 0)
		return -1;
	*out_json = image_describe(&details);
	image_details_done(&details);
	return 0;
}

/* A box, and where there is none of that name an image. */
static int show_either(struct cli *cli, const char *name, char **out_json, struct err *err)
{
	struct err image_err;

	if (show_box(cli, name, out_json, err) == 0)
		return 0;
	if (!name)
		return -1;
	if (show_image(cli, name, out_json, &image_err) == 0)
		return 0;
	if (err->code != ENOENT)
		return -1;
	(void)err_set(err, "there is no box and no image called '%s'", name);
	return err_hint(err, "'devbox ps -a' lists boxes, 'devbox images' images");
}

int verb_inspect(struct cli *cli)
{
	const char *name = cli->args.words.count ? cli->args.words.items[0] : NULL;
	const char *type = args_value(&cli->args, "type");
	AUTO_BUF struct buf text = {0};
	AUTO_FREE char *json = NULL;
	struct err err = {0};
	int result;

	if (type && strcmp(type, "box") != 0 && strcmp(type, "image") != 0)
		return cli_value_fail(cli, "type", "box or image");
	if (!name && type && strcmp(type, "image") == 0) {
		(void)err_set(&err, "inspect: which image?");
		return cli_usage(cli, &err);
	}
	if (cli_open(cli, &err) < 0)
		return cli_fail(cli, &err);
	if (!type)
		result = show_either(cli, name, &json, &err);
	else if (strcmp(type, "box") == 0)
		result = show_box(cli, name, &json, &err);
	else
		result = show_image(cli, name, &json, &err);
	if (result < 0)
		return cli_fail(cli, &err);
	if (!cli->json)
		json_indent(json, &text);
	cli_put(cli->json ? json : text.data);
	return 0;
}
