#include "host/host.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX_BYTES (1U << 20)

#define PASSWD_FILE "/etc/passwd"
#define GROUP_FILE "/etc/group"
#define FILE_MAX_BYTES (4U << 20)

/*
 * The line of an account file with this id, free() it; NULL: none. The local files come first:
 * nearly everybody is in them, and to be told the same by a name service takes sockets, its
 * settings and its libraries. "+" and "-" begin lines that are not accounts but words to such a
 * service.
 */
static char *find_line(const char *path, uint32_t id)
{
	AUTO_FREE char *text = NULL;
	struct err ignored;
	char *save = NULL;
	char *line;

	if (fd_read_file(AT_FDCWD, path, FILE_MAX_BYTES, &text, &ignored) < 0)
		return NULL;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *field = strchr(line, ':');
		char *end;

		field = field ? strchr(field + 1, ':') : NULL;
		if (!field || strchr("+-:", line[0]))
			continue;
		if (strtoul(field + 1, &end, 10) == id && end != field + 1 && *end == ':')
			return xstrdup(line);
	}
	return NULL;
}

static bool find_local_user(uid_t uid, struct passwd *record, char **buffer)
{
	char *fields[7] = {0};
	char *rest = *buffer = find_line(PASSWD_FILE, uid);
	size_t i;

	for (i = 0; rest && i < ARRAY_LEN(fields); i++)
		fields[i] = strsep(&rest, ":");
	record->pw_name = fields[0];
	record->pw_dir = fields[5];
	record->pw_shell = fields[6];
	return fields[6] != NULL;
}

/* The record and the buffer its strings lie in; *buffer is free()d by the caller. Return: false
 * when there is none. */
static bool find_user(uid_t uid, struct passwd *record, char **buffer)
{
	struct passwd *found = NULL;

	if (find_local_user(uid, record, buffer))
		return true;
	for (size_t size = 1024; size <= RECORD_MAX_BYTES; size *= 2) {
		int code;

		*buffer = xrealloc(*buffer, size);
		code = getpwuid_r(uid, record, *buffer, size, &found);
		if (code != ERANGE)
			break;
	}
	return found != NULL;
}

static char *find_group_name(gid_t gid)
{
	struct group record, *found = NULL;
	AUTO_FREE char *buffer = find_line(GROUP_FILE, gid);

	if (buffer)
		return xstrndup(buffer, strcspn(buffer, ":"));
	for (size_t size = 1024; size <= RECORD_MAX_BYTES; size *= 2) {
		int code;

		buffer = xrealloc(buffer, size);
		code = getgrgid_r(gid, &record, buffer, size, &found);
		if (code != ERANGE)
			break;
	}
	return found ? xstrdup(found->gr_name) : NULL;
}

/* A name that may stand in a passwd file. */
static bool is_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";

	return s && *s && *s != '-' && strlen(s) <= 32 && s[strspn(s, allowed)] == '\0';
}

static bool is_path(const char *s)
{
	return s && *s == '/' && str_is_printable(s) && !strchr(s, ':');
}

static char *first_path(const char *a, const char *b, const char *otherwise)
{
	if (is_path(a))
		return xstrdup(a);
	return xstrdup(is_path(b) ? b : otherwise);
}

static int get_groups(struct host_user *user, struct err *err)
{
	int count = getgroups(0, NULL);

	if (count < 0)
		return err_sys(err, "read the groups of this process");
	user->groups = xmalloc(((size_t)count + 1) * sizeof(*user->groups));
	count = getgroups(count, user->groups);
	if (count < 0)
		return err_sys(err, "read the groups of this process");
	user->group_count = (size_t)count;
	return 0;
}

int host_user_get(struct host_user *out_user, struct err *err)
{
	struct host_user user = {.uid = getuid(), .gid = getgid()};
	struct passwd record = {0};
	AUTO_FREE char *buffer = NULL;
	const char *env_name = getenv("USER");

	if (get_groups(&user, err) < 0) {
		host_user_done(&user);
		return -1;
	}
	/* No record (a container, an unreachable directory service) is no reason to refuse. */
	if (!find_user(user.uid, &record, &buffer))
		record = (struct passwd){0};
	if (record.pw_name)
		user.name = xstrdup(record.pw_name);
	else
		user.name = is_name(env_name) ? xstrdup(env_name) : xasprintf("u%u", user.uid);
	user.group = find_group_name(user.gid);
	if (!user.group)
		user.group = xstrdup(user.name);
	user.home = first_path(record.pw_dir, getenv("HOME"), "/");
	user.shell = first_path(record.pw_shell, getenv("SHELL"), "/bin/sh");
	*out_user = user;
	return 0;
}

void host_user_done(struct host_user *user)
{
	free(user->name);
	free(user->group);
	free(user->home);
	free(user->shell);
	free(user->groups);
	*user = (struct host_user){0};
}
