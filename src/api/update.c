#include "api/update.h"

#include "api/internal.h"
#include "api/live.h"
#include "api/status.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOCK_TIMEOUT_MS 60000
#define UPDATED_BY "devbox update" /* where such a limit was set */

struct target {
	const struct update *update;
	struct project project;
	char *name; /* of the box, in full */
	struct record record;
	int group_fd;
};

/* --- what cannot be --- */

static bool has_file(int group_fd, const char *name)
{
	struct stat st;

	return fstatat(group_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The controllers a box has, by the files that are there. */
static uint32_t controllers_of(int group_fd)
{
	return (has_file(group_fd, "cpu.max") ? CGROUP_CPU : 0U) |
	       (has_file(group_fd, "memory.max") ? CGROUP_MEMORY : 0U) |
	       (has_file(group_fd, "pids.max") ? CGROUP_PIDS : 0U) |
	       (has_file(group_fd, "io.max") ? CGROUP_IO : 0U);
}

static int refuse(const struct target *target, const char *option, uint32_t missing,
		  struct err *err)
{
	struct cgroup_place place = {0};
	struct err ignored;
	char names[64];

	(void)err_set(err,
		      "--%s cannot be enforced: the cgroup of box '%s' has no %s controller",
		      option, target->name, cgroup_controller_names(missing, names));
	if (cgroup_place_find("", getenv("XDG_RUNTIME_DIR"), &place, &ignored) == 0)
		(void)cgroup_missing_hint(&place, missing, err);
	cgroup_place_done(&place);
	return -1;
}

/* A limit below what cannot be given back is a death sentence for what runs in the box. */
static int check_memory(const struct target *target, uint64_t wanted, struct err *err)
{
	struct cgroup_stats stats;
	char used[STR_SIZE_MAX], limit[STR_SIZE_MAX];

	if (cgroup_stats_read(target->group_fd, &stats, err) < 0)
		return -1;
	if (stats.memory_anon >= STAT_NO_LIMIT || stats.memory_anon <= wanted)
		return 0;
	(void)err_set(err, "--memory %s is less than box '%s' uses (%s)",
		      str_format_size(wanted, limit), target->name,
		      str_format_size(stats.memory_anon, used));
	return err_hint(err, "the kernel would kill what runs in it; end some of it first");
}

/* --- one limit --- */

/* Swap is what may be used beyond memory.max, the new one or that of now. */
static int resolve_swap(const struct target *target, struct cgroup_limits *limits,
			struct err *err)
{
	struct cgroup_stats stats;
	const uint64_t total = limits->swap_max;

	if (total == CGROUP_NO_LIMIT)
		return 0;
	if (cgroup_stats_read(target->group_fd, &stats, err) < 0)
		return -1;
	if (stats.memory_max >= STAT_NO_LIMIT) {
		(void)err_set(err, "--memory-swap needs a limit of memory: box '%s' has none",
			      target->name);
		return err_hint(err, "give --memory, too");
	}
	if (total < stats.memory_max) {
		(void)err_set(err, "--memory-swap is less than the memory of box '%s'",
			      target->name);
		return err_hint(err, "it is memory and swap together");
	}
	limits->swap_max = total - stats.memory_max;
	return 0;
}

/* The record says what is in force, so that `up` finds what differs from the profile. */
static int note(struct target *target, enum update_limit which,
		const struct cgroup_limits *limits, struct err *err)
{
	struct record *record = &target->record;
	const char *key = update_info(which)->key;
	struct strv places = {0};
	char *plan = update_plan(record->plan, limits);

	free(record->plan);
	record->plan = plan;
	for (size_t i = 0; i < record->limits_at.count; i++) {
		const char *place = record->limits_at.items[i];

		if (!str_starts(place, key) || place[strlen(key)] != ' ')
			strv_add(&places, place);
	}
	strv_addf(&places, "%s " UPDATED_BY, key);
	strv_done(&record->limits_at);
	record->limits_at = places;
	return record_save(target->project.runtime_dir, record, err);
}

static int change(struct target *target, enum update_limit which, struct err *err)
{
	const char *text = target->update->values[which];
	struct cgroup_limits limits = {0};

	(void)update_parse(which, text, &limits);
	if (which == UPDATE_MEMORY_SWAP && resolve_swap(target, &limits, err) < 0)
		return -1;
	if (cgroup_limits_apply(target->group_fd, &limits, err) < 0 ||
	    note(target, which, &limits, err) < 0)
		return -1;
	log_note(" %-16s live     %s %s", target->name, update_info(which)->key, text);
	return 0;
}

static void write_event(const struct target *target, const char *words)
{
	struct event event = event_make(target->name, EVENT_UPDATED);
	struct err ignored;

	event.reason = xstrdup(words);
	(void)event_append(target->project.state_dir, &event, &ignored);
	event_done(&event);
}

/* --- one box --- */

static int check(const struct target *target, struct err *err)
{
	const uint32_t there = controllers_of(target->group_fd);
	struct cgroup_limits limits = {0};

	for (int i = 0; i < UPDATE_COUNT; i++) {
		struct cgroup_limits one = {0};
		uint32_t missing;

		if (!target->update->values[i])
			continue;
		if (update_parse((enum update_limit)i, target->update->values[i], &one) < 0 ||
		    update_parse((enum update_limit)i, target->update->values[i], &limits) < 0)
			return err_set(err, "'%.100s' is not %s", target->update->values[i],
				       update_info((enum update_limit)i)->accepted);
		missing = cgroup_needed(&one) & ~there;
		if (missing)
			return refuse(target, update_info((enum update_limit)i)->option,
				      missing, err);
	}
	return limits.has_memory_max ? check_memory(target, limits.memory_max, err) : 0;
}

static int change_all(struct target *target, struct err *err)
{
	AUTO_BUF struct buf words = {0};

	target->group_fd = open(target->record.cgroup ? target->record.cgroup : "",
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->group_fd < 0 && target->record.cgroup)
		return err_sys(err, "open the cgroup of box '%s'", target->name);
	if (check(target, err) < 0)
		return -1;
	for (int i = 0; i < UPDATE_COUNT; i++) {
		if (!target->update->values[i])
			continue;
		if (change(target, (enum update_limit)i, err) < 0)
			return -1;
		buf_printf(&words, "%s%s %s", words.len ? ", " : "",
			   update_info((enum update_limit)i)->key, target->update->values[i]);
	}
	live_limits_changed(&target->project, target->record.box);
	write_event(target, words.data);
	return 0;
}

static int update_record(struct target *target, const char *box, struct err *err)
{
	if (record_load_settled(target->project.runtime_dir, box, &target->record, err) < 0 &&
	    err->code != ENOENT)
		return -1;
	if (!target->record.box || !record_is_running(&target->record)) {
		(void)err_set(err, "box '%s' is not running", target->name);
		return err_hint(err, "limits of a box that is down are those of its profile: "
				     "devbox up");
	}
	return change_all(target, err);
}

static int update_box(struct devbox *devbox, const char *name, const struct update *update,
		      struct err *err)
{
	struct target target = {.update = update, .group_fd = -1};
	AUTO_FREE char *box = NULL;
	int result;

	if (devbox_find_box(devbox, name, &target.project, &box, err) < 0)
		return -1;
	target.name = box_full_name(target.project.id, box);
	result = project_lock(&target.project, "update", LOCK_TIMEOUT_MS, err);
	if (result == 0)
		result = update_record(&target, box, err);
	if (target.project.lock_fd >= 0)
		project_unlock(&target.project);
	record_done(&target.record);
	free(target.name);
	cleanup_close(&target.group_fd);
	project_done(&target.project);
	return result;
}

int devbox_update(struct devbox *devbox, const struct strv *boxes, const struct update *update,
		  struct err *err)
{
	if (boxes->count == 0 && update_box(devbox, NULL, update, err) < 0)
		return -1;
	for (size_t i = 0; i < boxes->count; i++)
		if (update_box(devbox, boxes->items[i], update, err) < 0)
			return -1;
	log_note("until the next 'devbox up', which brings the profile's limits back");
	return 0;
}
