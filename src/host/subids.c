#include "host/subids.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define GETSUBIDS_MAX_BYTES 65536U
#define FIRST_FREE_START 100000U

static int parse_id(const char *s, uint32_t *out)
{
	uint64_t value;

	if (!s || str_to_u64(s, &value) < 0 || value > UINT32_MAX)
		return -1;
	*out = (uint32_t)value;
	return 0;
}

/* Ids 0 and -1 are nobody's to give away. */
static bool is_sane(const struct host_range *range)
{
	return range->start > 0 && range->count > 0 &&
	       range->count <= UINT32_MAX - range->start;
}

bool subids_next(char **cursor, struct subid_line *out_line)
{
	char *text;

	while ((text = strsep(cursor, "\n")) != NULL) {
		struct subid_line line = {0};
		char *rest = str_trim(text);
		const char *owner, *start, *count;

		if (*rest == '\0' || *rest == '#')
			continue;
		owner = strsep(&rest, ":");
		start = strsep(&rest, ":");
		count = strsep(&rest, ":");
		if (rest || *owner == '\0' || parse_id(start, &line.range.start) < 0 ||
		    parse_id(count, &line.range.count) < 0 || !is_sane(&line.range)) {
			log_debug("subordinate ids: line of '%s' makes no sense, skipped",
				  owner);
			continue;
		}
		line.owner = owner;
		*out_line = line;
		return true;
	}
	return false;
}

bool subids_is_owner(const char *owner, const struct host_user *user)
{
	uint32_t number;

	if (str_eq(owner, user->name))
		return true;
	return parse_id(owner, &number) == 0 && number == user->uid;
}

static bool overlaps(const struct host_range *a, const struct host_range *b)
{
	return a->start < b->start + b->count && b->start < a->start + a->count;
}

void subids_add(struct host_range *ranges, size_t *count, struct host_range range)
{
	for (size_t i = 0; i < *count;) {
		const struct host_range *other = &ranges[i];
		uint32_t end = range.start + range.count,
			 other_end = other->start + other->count;

		if (!overlaps(&range, other)) {
			i++;
			continue;
		}
		log_debug("subordinate ids: %u:%u overlaps %u:%u", range.start, range.count,
			  other->start, other->count);
		if (range.start < other->start) {
			/* A part behind it is another range, to be compared with all again. */
			range.count = other->start - range.start;
			if (end > other_end)
				subids_add(ranges, count,
					   (struct host_range){other_end, end - other_end});
		} else if (end > other_end) {
			range = (struct host_range){other_end, end - other_end};
		} else {
			return;
		}
		i = 0;
	}
	if (*count == HOST_RANGES_MAX) {
		log_debug("subordinate ids: more than %d ranges, rest left out",
			  HOST_RANGES_MAX);
		return;
	}
	ranges[(*count)++] = range;
}

static void collect(char *text, const struct host_user *user, struct host_range *ranges,
		    size_t *out_count)
{
	struct subid_line line;
	size_t count = 0;

	while (subids_next(&text, &line))
		if (subids_is_owner(line.owner, user))
			subids_add(ranges, &count, line.range);
	*out_count = count;
}

/* The text of a file in @etc; "" when there is none. */
static int read_etc(const char *etc, const char *name, char **out_text, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", etc, name);

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		*out_text = xstrdup("");
		return 0;
	}
	return fd_read_file(AT_FDCWD, path, SUBIDS_FILE_MAX, out_text, err);
}

/* nsswitch.conf(5): `subid: sss` and the like; `files` alone is what we read ourselves. */
static bool uses_name_service(char *nsswitch)
{
	char *line;

	while ((line = strsep(&nsswitch, "\n")) != NULL) {
		char *word, *rest = str_trim(line);

		if (!str_starts(rest, "subid:"))
			continue;
		rest += strlen("subid:");
		rest[strcspn(rest, "#")] = '\0';
		while ((word = strsep(&rest, " \t")) != NULL)
			if (*word && *word != '[' && !str_eq(word, "files"))
				return true;
	}
	return false;
}

/* Lines of getsubids(1): "0: dev 100000 65536". */
static void collect_getsubids(char *text, struct host_range *ranges, size_t *out_count)
{
	char *line;
	size_t count = 0;

	while ((line = strsep(&text, "\n")) != NULL) {
		struct host_range range;
		char *rest = str_trim(line), *words[4];
		size_t n = 0;

		while (n < 4 && (words[n] = strsep(&rest, " ")) != NULL)
			n++;
		if (n == 4 && !rest && parse_id(words[2], &range.start) == 0 &&
		    parse_id(words[3], &range.count) == 0 && is_sane(&range))
			subids_add(ranges, &count, range);
	}
	*out_count = count;
}

static int ask_getsubids(const char *program, bool is_gid, const struct host_user *user,
			 struct host_range *ranges, size_t *out_count)
{
	const char *argv[] = {program, is_gid ? "-g" : user->name, is_gid ? user->name : NULL,
			      NULL};
	AUTO_FREE char *text = NULL;
	struct err ignored = {0};
	int status;

	if (proc_run(argv, GETSUBIDS_MAX_BYTES, &text, &status, &ignored) < 0) {
		log_debug("getsubids: %s", ignored.message);
		return -1;
	}
	/* It fails too when the user has no ranges: that is an answer. */
	if (proc_exit_code(status) != 0)
		log_debug("getsubids: %s", text);
	collect_getsubids(text, ranges, out_count);
	return 0;
}

bool subids_from_name_service(const char *etc)
{
	AUTO_FREE char *nsswitch = NULL;
	struct err ignored = {0};

	if (read_etc(etc, "nsswitch.conf", &nsswitch, &ignored) < 0) {
		log_debug("%s", ignored.message);
		return false;
	}
	return uses_name_service(nsswitch);
}

int host_subids_get(const char *etc, const struct host_user *user,
		    struct host_subids *out_subids, struct err *err)
{
	struct host_subids subids = {0};
	AUTO_FREE char *uids = NULL;
	AUTO_FREE char *gids = NULL;
	AUTO_FREE char *program = NULL;

	if (subids_from_name_service(etc))
		program = proc_find_program("getsubids");
	if (program &&
	    ask_getsubids(program, false, user, subids.uid, &subids.uid_count) == 0 &&
	    ask_getsubids(program, true, user, subids.gid, &subids.gid_count) == 0) {
		*out_subids = subids;
		return 0;
	}
	if (read_etc(etc, "subuid", &uids, err) < 0 || read_etc(etc, "subgid", &gids, err) < 0)
		return -1;
	collect(uids, user, subids.uid, &subids.uid_count);
	collect(gids, user, subids.gid, &subids.gid_count);
	*out_subids = subids;
	return 0;
}

/* The first id behind a line of @text that overlaps @wanted; 0 when none does. */
static uint64_t end_of_overlap(const char *text, const struct host_range *wanted)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	struct subid_line line;

	while (subids_next(&cursor, &line))
		if (overlaps(&line.range, wanted))
			return (uint64_t)line.range.start + line.range.count;
	return 0;
}

static uint64_t end_of_account(const char *passwd, const struct host_range *wanted)
{
	AUTO_FREE char *copy = xstrdup(passwd);
	char *line, *cursor = copy;

	while ((line = strsep(&cursor, "\n")) != NULL) {
		uint32_t uid;

		(void)strsep(&line, ":");
		(void)strsep(&line, ":");
		if (line && parse_id(strsep(&line, ":"), &uid) == 0 && uid >= wanted->start &&
		    uid - wanted->start < wanted->count)
			return (uint64_t)uid + 1;
	}
	return 0;
}

uint32_t subids_free_start(const char *subuid, const char *subgid, const char *passwd,
			   uint32_t count)
{
	struct host_range wanted = {FIRST_FREE_START, count};

	for (;;) {
		uint64_t end = end_of_overlap(subuid, &wanted);

		if (end == 0)
			end = end_of_overlap(subgid, &wanted);
		if (end == 0)
			end = end_of_account(passwd, &wanted);
		if (end == 0)
			return wanted.start;
		if (end > UINT32_MAX - count)
			return FIRST_FREE_START;
		wanted.start = (uint32_t)end;
	}
}
