#include "host/examine.h"

#include "host/subids.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>

/*
 * Ids that are subordinate and somebody's own at once: whoever has them could read and kill
 * what boxes leave behind, and the other way round. Directory services that hand out high
 * numbers make such clashes (CVE-2024-56433); they cannot be listed, so only what this machine
 * knows is looked at.
 */

static bool holds(const struct host_range *ranges, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= ranges[i].start && id - ranges[i].start < ranges[i].count)
			return true;
	return false;
}

static bool touches(const struct host_range *ranges, size_t count,
		    const struct host_range *other)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].start < other->start + other->count &&
		    other->start < ranges[i].start + ranges[i].count)
			return true;
	return false;
}

/* An account of @etc/passwd whose uid is one of ours. Its name is owned by the caller. */
static char *find_account(const struct examine *x)
{
	AUTO_FREE char *path = xasprintf("%s/passwd", x->etc);
	AUTO_FCLOSE FILE *file = fopen(path, "re");
	char buffer[4096];
	struct passwd record, *found;

	while (file && fgetpwent_r(file, &record, buffer, sizeof(buffer), &found) == 0)
		if (holds(x->subids.uid, x->subids.uid_count, record.pw_uid))
			return xasprintf("account '%s' has uid %u", record.pw_name,
					 record.pw_uid);
	return NULL;
}

/* A line of another user in @name (subuid or subgid) that shares ids with ours. */
static char *find_sharer(const struct examine *x, const char *name,
			 const struct host_range *ranges, size_t count)
{
	AUTO_FREE char *path = xasprintf("%s/%s", x->etc, name);
	AUTO_FREE char *text = NULL;
	struct err ignored = {0};
	struct subid_line line;
	char *cursor;

	if (fd_read_file(AT_FDCWD, path, SUBIDS_FILE_MAX, &text, &ignored) < 0)
		return NULL;
	cursor = text;
	while (subids_next(&cursor, &line))
		if (!subids_is_owner(line.owner, x->user) &&
		    touches(ranges, count, &line.range))
			return xasprintf("/etc/%s gives '%s' the same ids: %u:%u", name,
					 line.owner, line.range.start, line.range.count);
	return NULL;
}

/* Take all ranges away and add a free one. */
static char *mend(const struct examine *x)
{
	AUTO_FREE char *add = examine_mend_subids(x, true, true);
	AUTO_BUF struct buf text = {0};

	buf_puts(&text, "sudo usermod");
	for (size_t i = 0; i < x->subids.uid_count; i++)
		buf_printf(&text, " --del-subuids %u-%u", x->subids.uid[i].start,
			   x->subids.uid[i].start + x->subids.uid[i].count - 1);
	for (size_t i = 0; i < x->subids.gid_count; i++)
		buf_printf(&text, " --del-subgids %u-%u", x->subids.gid[i].start,
			   x->subids.gid[i].start + x->subids.gid[i].count - 1);
	buf_printf(&text, " %s && %s", x->user->name, add);
	return buf_take(&text);
}

void examine_clash(struct examine *x)
{
	static const char name[] = "id clashes";
	const struct host_subids *s = &x->subids;
	char *found = NULL;

	if (s->uid_count == 0 && s->gid_count == 0)
		return;
	if (holds(s->uid, s->uid_count, x->user->uid))
		found = xasprintf("your own uid %u is one of your subordinate ids",
				  x->user->uid);
	if (!found)
		found = find_account(x);
	if (!found)
		found = find_sharer(x, "subuid", s->uid, s->uid_count);
	if (!found)
		found = find_sharer(x, "subgid", s->gid, s->gid_count);
	if (!found) {
		host_report_add(x->report, HOST_OK, "clash", name,
				xstrdup("no local account or other user shares the range"),
				NULL, NULL);
		return;
	}
	host_report_add(
		x->report, HOST_WARN, "clash", name, found,
		xstrdup("isolation: a box and that account can touch each other's files "
			"and processes"),
		mend(x));
}
