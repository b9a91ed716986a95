#include "box/control.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_folder.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A supervisor that takes one request, checks it and gives @answer (NULL: hangs up). */
static pid_t start_supervisor(int listen_fd, const char *request, const char *answer,
			      size_t len)
{
	pid_t pid = fork();
	char got[CONTROL_MESSAGE_MAX];
	ssize_t n;
	int client;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)alarm(20);
	(void)fcntl(listen_fd, F_SETFL, 0);
	client = accept(listen_fd, NULL, NULL);
	n = recv(client, got, sizeof(got), 0);
	if (n != (ssize_t)strlen(request) || memcmp(got, request, (size_t)n) != 0)
		_exit(1);
	if (answer && send(client, answer, len, 0) < 0)
		_exit(2);
	_exit(0);
}

static int ask(const char *folder, const char *answer, size_t len, struct err *err)
{
	AUTO_CLOSE int listen_fd = control_listen(folder, "dev", err);
	int status;
	pid_t pid;
	int rc;

	assert_true(listen_fd >= 0);
	pid = start_supervisor(listen_fd, "stop dev -1", answer, len);
	rc = control_ask(folder, "stop dev -1", 5000, err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return rc;
}

static void an_ok_is_an_ok(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	struct err err = {0};

	(void)state;
	assert_int_equal(ask(folder, "ok", 2, &err), 0);
	/* A second supervisor takes the place of the first one's socket. */
	assert_int_equal(ask(folder, "ok", 2, &err), 0);
}

static void other_words_are_for_the_user(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	char garbage[3 * CONTROL_MESSAGE_MAX];
	struct err err = {0};

	(void)state;
	assert_int_equal(ask(folder, "it does not want to", 19, &err), -1);
	assert_string_equal(err.message, "it does not want to");
	assert_int_equal(ask(folder, "okay", 4, &err), -1);
	assert_string_equal(err.message, "okay");
	assert_int_equal(ask(folder, "%s%n", 4, &err), -1);
	assert_string_equal(err.message, "%s%n");
	memset(garbage, 'x', sizeof(garbage));
	assert_int_equal(ask(folder, garbage, sizeof(garbage), &err), -1);
	assert_int_equal(err.message[0], 'x');
}

static void a_supervisor_that_dies_is_told(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	struct err err = {0};

	(void)state;
	assert_int_equal(ask(folder, NULL, 0, &err), -1);
	assert_int_equal(err.code, ECONNRESET);
}

static void nobody_there_is_told(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *missing = path_join(folder, "none");
	struct err err = {0};

	(void)state;
	assert_int_equal(control_ask(missing, "stop dev -1", 5000, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(control_ask(folder, "stop dev -1", 5000, &err), -1);
	assert_int_equal(err.code, ENOENT);
	/* What a killed supervisor leaves behind. */
	(void)close(control_listen(folder, "dev", &err));
	assert_int_equal(control_ask(folder, "stop dev -1", 5000, &err), -1);
	assert_int_equal(err.code, ECONNREFUSED);
	folder_write(folder, "plain/control.sock", "");
	free(missing);
	missing = path_join(folder, "plain");
	assert_int_equal(control_ask(missing, "stop dev -1", 5000, &err), -1);
	assert_int_equal(err.code, ECONNREFUSED);
	free(missing);
	missing = path_join(folder, "absent");
	assert_int_equal(control_listen(missing, "dev", &err), -1);
	assert_int_equal(err.code, ENOENT);
}

static void a_long_path_is_fine(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *deep = xasprintf("%s/%0150d/%0150d", folder, 1, 2);
	struct err err = {0};

	(void)state;
	assert_int_equal(path_mkdirs(deep, 0700), 0);
	assert_int_equal(ask(deep, "ok", 2, &err), 0);
}

static void only_its_owner_may_connect(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *path = path_join(folder, "control.sock");
	struct err err = {0};
	mode_t old = umask(0);
	AUTO_CLOSE int fd = control_listen(folder, "dev", &err);
	struct stat st;

	(void)state;
	(void)umask(old);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ok_is_an_ok),
		cmocka_unit_test(other_words_are_for_the_user),
		cmocka_unit_test(a_supervisor_that_dies_is_told),
		cmocka_unit_test(nobody_there_is_told),
		cmocka_unit_test(a_long_path_is_fine),
		cmocka_unit_test(only_its_owner_may_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
