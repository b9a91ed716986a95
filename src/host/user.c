#include "host/host.h"

#include "util/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define RECORD_MAX_BYTES (1U << 20)

#define PASSWD_FILE "/etc/passwd"
#define GROUP_FILE "/etc/group"
#define LINE_MAX_BYTES 1024

/*
 * The local files first: nearly everybody is in them, and to be told the same by a name service
 * takes sockets, its settings and its libraries. "+" and "-" begin lines that are not accounts
 * but words to such a service.
 */
static bool find_local_user(uid_t uid, struct passwd *record, char *buffer, size_t size)
{
	AUTO_FCLOSE FILE *file = fopen(PASSWD_FILE, "re");
	struct passwd *found;

	while (file && fgetpwent_r(file, record, buffer, size, &found) == 0) {
		if (record->pw_uid == uid && !strchr("+-", record->pw_name[0]))
			return true;
	}
	return false;
}

static bool find_local_group(gid_t gid, struct group *record, char *buffer, size_t size)
{
	AUTO_FCLOSE FILE *file = fopen(GROUP_FILE, "re");
	struct group *found;

	while (file && fgetgrent_r(file, record, buffer, size, &found) == 0) {
		if (record->gr_gid == gid && !strchr("+-", record->gr_name[0]))
			return true;
	}
	return false;
}

/* The record and the buffer its strings lie in; *buffer is free()d by the caller. Return: false
 * when there is none. */
static bool find_user(uid_t uid, struct passwd *record, char **buffer)
{
	struct passwd *found = NULL;

	*buffer = xmalloc(LINE_MAX_BYTES);
	if (find_local_user(uid, record, *buffer, LINE_MAX_BYTES))
		return true;
	for (size_t size = LINE_MAX_BYTES; size <= RECORD_MAX_BYTES; size *= 2) {
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
	AUTO_FREE char *buffer = xmalloc(LINE_MAX_BYTES);

	if (find_local_group(gid, &record, buffer, LINE_MAX_BYTES))
		return xstrdup(record.gr_name);
	for (size_t size = LINE_MAX_BYTES; size <= RECORD_MAX_BYTES; size *= 2) {
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
