#include "state/record.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WHOSE "project=shop\nbox=dev\n"

static void a_record_comes_back_as_it_was_written(void **state)
{
	struct record record = {
		.project = xstrdup("shop"),
		.box = xstrdup("db"),
		.image = xstrdup(""),
		.phase = PHASE_PAUSED,
		.init_pid = 2147483647,
		.init_start = UINT64_MAX,
		.created_ms = INT64_MIN,
		.exit_code = -1,
		.has_exit = true,
		.exec_uid = UINT32_MAX,
		.exec_bounding = 0xa80425fb,
		.plan = xstrdup("mount 'a'\n\\n is no line\n\n"),
		.stop_grace_us = 10000000,
	};
	struct record read;
	struct err err;

	(void)state;
	strv_add(&record.command, "sh");
	strv_add(&record.command, "");
	strv_add(&record.command, "a=b\n\\");
	strv_add(&record.exec_env, "PATH=/usr/bin");

	AUTO_FREE char *text = record_format(&record);

	assert_int_equal(record_parse(text, &read, &err), 0);

	AUTO_FREE char *again = record_format(&read);

	assert_string_equal(text, again);
	assert_string_equal(read.plan, record.plan);
	assert_string_equal(read.image, "");
	assert_null(read.reason);
	assert_int_equal(read.phase, PHASE_PAUSED);
	assert_true(read.init_start == UINT64_MAX && read.created_ms == INT64_MIN);
	assert_true(read.exec_uid == UINT32_MAX && read.exit_code == -1 && read.has_exit);
	assert_int_equal(read.command.count, 3);
	assert_string_equal(read.command.items[2], "a=b\n\\");
	assert_string_equal(env_get(&read.exec_env, "PATH"), "/usr/bin");
	record_done(&record);
	record_done(&read);
}

static void a_key_of_a_newer_version_is_skipped(void **state)
{
	struct record read;
	struct err err;

	(void)state;
	assert_int_equal(record_parse("colour=\\x\n" WHOSE "image=a\nimage=b", &read, &err), 0);
	assert_string_equal(read.project, "shop");
	assert_string_equal(read.image, "b");
	record_done(&read);
}

static void a_bad_record_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "run record does not say whose it is"},
		{"box=dev\n", "run record does not say whose it is"},
		{WHOSE "phase\n", "run record line 3 has no '='"},
		{WHOSE "\n", "run record line 3 has no '='"},
		{WHOSE "phase=\n", "run record line 3 has a bad value of 'phase'"},
		{WHOSE "init_pid=1x\n", "run record line 3 has a bad value of 'init_pid'"},
		{WHOSE "init_pid=2147483648\n",
		 "run record line 3 has a bad value of 'init_pid'"},
		{WHOSE "init_start=-1\n", "run record line 3 has a bad value of 'init_start'"},
		{WHOSE "has_exit=2\n", "run record line 3 has a bad value of 'has_exit'"},
		{WHOSE "exec_uid=4294967296\n",
		 "run record line 3 has a bad value of 'exec_uid'"},
		{WHOSE "created_ms=\n", "run record line 3 has a bad value of 'created_ms'"},
		{WHOSE "plan=a\\", "run record line 3 has a bad value of 'plan'"},
		{WHOSE "notes=\\t\n", "run record line 3 has a bad value of 'notes'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct record read = {.exit_code = 77};
		struct err err;

		assert_int_equal(record_parse(cases[i].text, &read, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(read.exit_code, 77);
		assert_null(read.project);
	}
}

static void phases_have_names_for_people(void **state)
{
	(void)state;
	assert_string_equal(phase_name(PHASE_STARTING), "starting");
	assert_string_equal(phase_name(PHASE_RUNNING), "up");
	assert_string_equal(phase_name(PHASE_PAUSED), "paused");
	assert_string_equal(phase_name(PHASE_EXITED), "exited");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back_as_it_was_written),
		cmocka_unit_test(a_key_of_a_newer_version_is_skipped),
		cmocka_unit_test(a_bad_record_is_refused_with_its_line),
		cmocka_unit_test(phases_have_names_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
