#include "host/examine.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static void user_is_the_caller(void **state)
{
	struct host_user user;
	struct err err = {0};
	const struct passwd *record = getpwuid(getuid());

	(void)state;
	assert_int_equal(host_user_get(&user, &err), 0);
	assert_int_equal(user.uid, getuid());
	assert_int_equal(user.gid, getgid());
	assert_int_equal(user.group_count, getgroups(0, NULL));
	assert_non_null(user.group);
	assert_int_equal(user.shell[0], '/');
	if (record) {
		assert_string_equal(user.name, record->pw_name);
		assert_string_equal(user.home, record->pw_dir);
	}
	host_user_done(&user);
	assert_null(user.name);
	host_user_done(&user);
}

/* In a user namespace of its own, anybody may be a number that no record has. */
static int be_without_record(struct attempt *attempt, void *arg)
{
	AUTO_FREE char *uid_map = xasprintf("3000000 %u 1", getuid());
	AUTO_FREE char *gid_map = xasprintf("3000001 %u 1", getgid());
	struct host_user user;
	struct err err = {0};

	(void)arg;
	if (unshare(CLONE_NEWUSER) < 0 ||
	    fd_write_file(AT_FDCWD, "/proc/self/uid_map", uid_map, strlen(uid_map), 0, &err) <
		    0 ||
	    fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny", 4, 0, &err) < 0 ||
	    fd_write_file(AT_FDCWD, "/proc/self/gid_map", gid_map, strlen(gid_map), 0, &err) <
		    0)
		return attempt_fail(attempt, "be another user");
	errno = 0;
	if (setenv("USER", "no such name", 1) < 0 || setenv("HOME", "/some where", 1) < 0 ||
	    setenv("SHELL", "relative", 1) < 0 || host_user_get(&user, &err) < 0)
		return attempt_fail(attempt, "get the user");
	if (strcmp(user.name, "u3000000") != 0 || strcmp(user.group, "u3000000") != 0)
		return attempt_fail(attempt, user.name);
	if (strcmp(user.home, "/some where") != 0 || strcmp(user.shell, "/bin/sh") != 0)
		return attempt_fail(attempt, user.home);
	host_user_done(&user);
	if (setenv("USER", "some.one", 1) < 0 || host_user_get(&user, &err) < 0 ||
	    strcmp(user.name, "some.one") != 0)
		return attempt_fail(attempt, "take the name of $USER");
	host_user_done(&user);
	return 0;
}

static void user_without_a_record_has_a_name_and_a_home(void **state)
{
	struct attempt attempt;

	(void)state;
	if (attempt_run(be_without_record, NULL, &attempt) < 0)
		fail_msg("%s: %d", attempt.step, attempt.code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_is_the_caller),
		cmocka_unit_test(user_without_a_record_has_a_name_and_a_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
