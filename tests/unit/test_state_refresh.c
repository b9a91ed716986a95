#include "state/record.h"

#include "store_fixture.h"
#include "util/fd.h"
#include "util/proc.h"

#include <sys/wait.h>

/* A process that was here and is no more. */
static pid_t gone_pid(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static uint64_t own_start(void)
{
	uint64_t ticks;

	assert_int_equal(proc_start_time(getpid(), &ticks), 0);
	return ticks;
}

static void a_box_whose_init_runs_stays_up(void **state)
{
	struct record record = {
		.phase = PHASE_RUNNING, .init_pid = getpid(), .init_start = own_start()};

	(void)state;
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_RUNNING);
	assert_true(record_is_running(&record));
}

static void a_recycled_pid_is_not_the_box(void **state)
{
	struct record record = {
		.phase = PHASE_RUNNING, .init_pid = getpid(), .init_start = own_start() + 1};

	(void)state;
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_EXITED);
	assert_false(record_is_running(&record));
	record_done(&record);
}

static void a_box_that_died_with_its_supervisor_says_so(void **state)
{
	struct record record = {.phase = PHASE_RUNNING,
				.init_pid = gone_pid(),
				.init_start = 1,
				.supervisor_pid = gone_pid(),
				.supervisor_start = 1,
				.reason = xstrdup("health check fails"),
				.has_exit = true};

	(void)state;
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_EXITED);
	assert_string_equal(record.reason, "supervisor was killed");
	assert_false(record.has_exit);
	record_done(&record);
}

static void a_box_whose_supervisor_is_about_to_report_has_ended(void **state)
{
	struct record record = {.phase = PHASE_RUNNING,
				.init_pid = gone_pid(),
				.init_start = 1,
				.supervisor_pid = getpid(),
				.supervisor_start = own_start()};

	(void)state;
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_EXITED);
	assert_null(record.reason);
}

static void a_box_that_is_being_started_is_starting(void **state)
{
	struct record record = {.phase = PHASE_STARTING,
				.supervisor_pid = getpid(),
				.supervisor_start = own_start()};

	(void)state;
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_STARTING);
	assert_true(record_is_running(&record));

	record.supervisor_start++;
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_EXITED);
	record_done(&record);
}

static void what_has_exited_stays_as_it_is(void **state)
{
	struct record record = {.phase = PHASE_EXITED, .has_exit = true, .exit_code = 3};

	(void)state;
	record_refresh(&record);
	assert_true(record.has_exit);
	assert_int_equal(record.exit_code, 3);
	assert_null(record.reason);
}

static void set_frozen(const struct home *home, const char *events)
{
	AUTO_FREE char *path = path_join(home->top, "cgroup.events");
	struct err err;

	assert_int_equal(fd_write_file(AT_FDCWD, path, events, strlen(events), 0600, &err), 0);
}

static void a_frozen_cgroup_is_a_paused_box(void **state)
{
	const struct home *home = *state;
	struct record record = {.phase = PHASE_RUNNING,
				.init_pid = getpid(),
				.init_start = own_start(),
				.cgroup = home->top};

	set_frozen(home, "populated 1\nfrozen 1\n");
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_PAUSED);
	assert_true(record_is_running(&record));

	set_frozen(home, "populated 1\nfrozen 0\n");
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_RUNNING);
}

static void a_box_paused_without_a_cgroup_stays_paused(void **state)
{
	struct record record = {
		.phase = PHASE_PAUSED, .init_pid = getpid(), .init_start = own_start()};

	(void)state;
	record_refresh(&record);
	assert_int_equal(record.phase, PHASE_PAUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_box_whose_init_runs_stays_up),
		cmocka_unit_test(a_recycled_pid_is_not_the_box),
		cmocka_unit_test(a_box_that_died_with_its_supervisor_says_so),
		cmocka_unit_test(a_box_whose_supervisor_is_about_to_report_has_ended),
		cmocka_unit_test(a_box_that_is_being_started_is_starting),
		cmocka_unit_test(what_has_exited_stays_as_it_is),
		IN_HOME(a_frozen_cgroup_is_a_paused_box),
		cmocka_unit_test(a_box_paused_without_a_cgroup_stays_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
