#include "box/birth.h"
#include "box/child.h"
#include "init/config.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PATIENCE_MS 10000

static const struct birth_place a_new_place = {.clone_flags = CLONE_NEWUSER, .cgroup_fd = -1};

static struct birth begin(void)
{
	struct birth birth;
	struct err err = {0};

	if (birth_begin(&a_new_place, &birth, &err) < 0)
		skip(); /* user namespaces are forbidden here */
	return birth;
}

static void no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void an_abandoned_birth_leaves_nobody(void **state)
{
	struct birth birth = begin();

	(void)state;
	birth_abandon(&birth);
	no_child_is_left();
	birth_abandon(&birth);
}

static void who_is_born_ends_when_nobody_has_orders(void **state)
{
	struct birth birth = begin();
	struct pollfd gone = {.fd = birth.pid_fd, .events = POLLIN};

	(void)state;
	cleanup_close(&birth.socket);
	birth.socket = -1;
	assert_int_equal(poll(&gone, 1, PATIENCE_MS), 1);
	birth_abandon(&birth);
	no_child_is_left();
}

static void who_is_born_ends_so_whatever_else_was_open(void **state)
{
	int others[16];

	/* Our end of the socket gets a number that the child does not give out itself. */
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		others[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	who_is_born_ends_when_nobody_has_orders(state);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		(void)close(others[i]);
}

static void a_failed_entry_is_told_when_waited_for(void **state)
{
	/* No namespace to enter, but a file. */
	AUTO_CLOSE int no_namespace = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct birth_place place = {
		.clone_flags = 0, .kept_userns = no_namespace, .cgroup_fd = -1};
	struct birth birth;
	struct err err = {0};

	(void)state;
	assert_int_equal(birth_begin(&place, &birth, &err), 0);
	assert_int_equal(birth_wait(&birth, &err), -1);
	assert_int_equal(err.code, EINVAL);
	birth_abandon(&birth);
	no_child_is_left();
}

/* The step @data cannot be done, so that the child says which one it was. */
static void give(struct birth *birth, const struct step *steps, size_t count)
{
	AUTO_CLOSE int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct err err = {0};
	int fds[CHILD_FDS];
	size_t i;

	for (i = 0; i < CHILD_FDS; i++)
		fds[i] = null_fd;
	assert_int_equal(birth_give(birth, steps, count, NULL, fds, &err), 0);
}

static void orders_arrive_whole_and_outlive_the_plan(void **state)
{
	struct birth birth = begin();
	struct step *steps = calloc(2, sizeof(*steps));
	char *target = strdup("/there/is/no/such/file");
	struct init_message message = {0};

	(void)state;
	assert_non_null(steps);
	steps[0] = (struct step){.kind = STEP_SYSCTL, .optional = true};
	steps[0].target = target;
	steps[0].data = "1";
	steps[1] = steps[0];
	steps[1].optional = false;
	give(&birth, steps, 2);
	/* From now on the copy is all there is. */
	memset(target, '#', strlen(target));
	memset(steps, -1, 2 * sizeof(*steps));
	free(target);
	free(steps);
	assert_int_equal(recv(birth.socket, &message, sizeof(message), 0), sizeof(message));
	assert_int_equal(message.type, INIT_STEP_FAILED);
	assert_int_equal(message.a, 1);
	assert_int_equal(message.b, ENOENT);
	birth_abandon(&birth);
	no_child_is_left();
}

static void a_plan_without_end_is_refused(void **state)
{
	struct birth birth = begin();
	const size_t len = 17 * 1024 * 1024;
	AUTO_FREE char *text = malloc(len);
	struct step step = {.kind = STEP_TEXT};
	const int fds[CHILD_FDS] = {0};
	struct err err = {0};

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len - 1);
	text[len - 1] = '\0';
	step.data = text;
	assert_int_equal(birth_give(&birth, &step, 1, NULL, fds, &err), -1);
	assert_non_null(strstr(err.message, "larger than 16 MiB"));
	birth_abandon(&birth);
	no_child_is_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_abandoned_birth_leaves_nobody),
		cmocka_unit_test(who_is_born_ends_when_nobody_has_orders),
		cmocka_unit_test(who_is_born_ends_so_whatever_else_was_open),
		cmocka_unit_test(a_failed_entry_is_told_when_waited_for),
		cmocka_unit_test(orders_arrive_whole_and_outlive_the_plan),
		cmocka_unit_test(a_plan_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
