#include "host/examine.h"

#include "host/subids.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>

#define RANGE_COUNT 65536U

static char *read_etc(const struct examine *x, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", x->etc, name);
	struct err ignored = {0};
	char *text = NULL;

	if (fd_read_file(AT_FDCWD, path, SUBIDS_FILE_MAX, &text, &ignored) < 0)
		return xstrdup("");
	return text;
}

static uint64_t total(const struct host_range *ranges, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += ranges[i].count;
	return sum;
}

static char *describe_ranges(const char *owner, const struct host_range *ranges, size_t count)
{
	AUTO_BUF struct buf text = {0};

	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s:%u:%u", i ? ", " : "", owner, ranges[i].start,
			   ranges[i].count);
	if (count == 0)
		buf_puts(&text, "none");
	return buf_take(&text);
}

char *examine_mend_subids(const struct examine *x, bool needs_uid, bool needs_gid)
{
	AUTO_FREE char *subuid = read_etc(x, "subuid");
	AUTO_FREE char *subgid = read_etc(x, "subgid");
	AUTO_FREE char *passwd = read_etc(x, "passwd");
	AUTO_BUF struct buf text = {0};
	uint32_t start = subids_free_start(subuid, subgid, passwd, RANGE_COUNT);
	uint32_t end = start + RANGE_COUNT - 1;

	if (subids_from_name_service(x->etc))
		return xstrdup("the source named by 'subid:' in /etc/nsswitch.conf gives no "
			       "ranges: ask who runs it for 65536 ids");
	buf_puts(&text, "sudo usermod");
	if (needs_uid)
		buf_printf(&text, " --add-subuids %u-%u", start, end);
	if (needs_gid)
		buf_printf(&text, " --add-subgids %u-%u", start, end);
	buf_printf(&text, " %s", x->user->name);
	return buf_take(&text);
}

char *host_mend_subids(const char *etc, const struct host_user *user, bool needs_uid,
		       bool needs_gid)
{
	const struct examine x = {.etc = etc, .user = user};

	return examine_mend_subids(&x, needs_uid, needs_gid);
}

void examine_subids(struct examine *x)
{
	static const char name[] = "subordinate ids";
	const struct host_subids *s = &x->subids;
	const bool needs_uid = total(s->uid, s->uid_count) < RANGE_COUNT;
	const bool needs_gid = total(s->gid, s->gid_count) < RANGE_COUNT;
	AUTO_FREE char *uids = describe_ranges(x->user->name, s->uid, s->uid_count);
	AUTO_FREE char *gids = describe_ranges(x->user->name, s->gid, s->gid_count);
	char *found = s->uid_count + s->gid_count == 0 ? xstrdup("none")
		      : str_eq(uids, gids)             ? xasprintf("%s (uid and gid)", uids)
					   : xasprintf("uid %s; gid %s", uids, gids);

	if (!needs_uid && !needs_gid)
		host_report_add(x->report, HOST_OK, "subids", name, found, NULL, NULL);
	else if (s->uid_count > 0 && s->gid_count > 0)
		host_report_add(x->report, HOST_WARN, "subids", name, found,
				xstrdup("images with more ids than that (most want 65536)"),
				examine_mend_subids(x, needs_uid, needs_gid));
	else if (x->user->uid == 0)
		host_report_add(
			x->report, HOST_FAIL, "subids", name, found,
			xstrdup("everything: no box runs with the root of this machine"),
			examine_mend_subids(x, needs_uid, needs_gid));
	else
		host_report_add(
			x->report, HOST_WARN, "subids", name, found,
			xstrdup("boxes have a single id: no other users in them, package "
				"managers and most services fail"),
			examine_mend_subids(x, needs_uid, needs_gid));
}
