#include "cgroup_fake.h"

#include "cgroup/cpulist.h"

static void weight_maps_shares_linearly(void **state)
{
	(void)state;
	assert_int_equal(cgroup_weight_from_shares(0), 1);
	assert_int_equal(cgroup_weight_from_shares(2), 1);
	assert_int_equal(cgroup_weight_from_shares(1024), 39);
	assert_int_equal(cgroup_weight_from_shares(262144), 10000);
	assert_int_equal(cgroup_weight_from_shares(UINT64_MAX), 10000);
}

static void needed_names_each_controller(void **state)
{
	struct cgroup_limits none = {0};
	struct cgroup_limits all = {.has_cpu_weight = true,
				    .cpuset_mems = (char[]){"0"},
				    .has_swap_max = true,
				    .has_pids_max = true,
				    .io_max_count = 1};
	char text[64];

	(void)state;
	assert_int_equal(cgroup_needed(&none), 0);
	assert_string_equal(cgroup_controller_names(0, text), "");
	assert_string_equal(cgroup_controller_names(cgroup_needed(&all), text),
			    "cpu cpuset io memory pids");
	assert_string_equal(cgroup_controller_names(CGROUP_PIDS, text), "pids");
}

static void cpulists_are_compared_as_sets(void **state)
{
	(void)state;
	assert_true(cpulist_equal("0-3", "0,1,2-3"));
	assert_true(cpulist_equal("3,1", "1,3\n"));
	assert_true(cpulist_equal("", ""));
	assert_false(cpulist_equal("0-3", "0-1"));
	assert_false(cpulist_equal("3-1", "1-3"));
	assert_false(cpulist_equal("x", "x"));
	assert_false(cpulist_equal("99999", "99999"));
}

static void limits_write_the_kernels_words(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_CLOSE int fd = fake_open(root);
	static const char *const files[] = {
		"cpu.max",    "cpu.weight",  "cpuset.cpus", "memory.low", "memory.swap.max",
		"memory.max", "cpuset.mems", "pids.max",    "io.weight",  "io.max"};
	struct cgroup_limits limits = {.has_cpu_max = true,
				       .cpu_quota_us = 150000,
				       .cpu_period_us = 100000,
				       .has_cpu_weight = true,
				       .cpu_weight = 39,
				       .cpuset = (char[]){"0-1"},
				       .cpuset_mems = (char[]){"0"},
				       .has_memory_max = true,
				       .memory_max = 6442450944,
				       .has_memory_low = true,
				       .memory_low = 0,
				       .has_swap_max = true,
				       .swap_max = CGROUP_NO_LIMIT,
				       .has_pids_max = true,
				       .pids_max = 4096,
				       .has_io_weight = true,
				       .io_weight = 50,
				       .io_max_count = 1};
	struct err err = {0};

	(void)state;
	limits.io_max[0].major = 8;
	limits.io_max[0].rbps = 1048576;
	limits.io_max[0].wbps = limits.io_max[0].riops = limits.io_max[0].wiops =
		CGROUP_NO_LIMIT;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		fake_file(root, files[i],
			  "an old value that is longer than the new one, much longer");

	if (cgroup_limits_apply(fd, &limits, &err) < 0)
		fail_msg("%s", err.message);
	assert_file(root, "cpu.max", "150000 100000");
	assert_file(root, "cpu.weight", "39");
	assert_file(root, "cpuset.cpus", "0-1");
	assert_file(root, "cpuset.mems", "0");
	assert_file(root, "memory.max", "6442450944");
	assert_file(root, "memory.low", "0");
	assert_file(root, "memory.swap.max", "max");
	assert_file(root, "pids.max", "4096");
	assert_file(root, "io.weight", "default 50");
	assert_file(root, "io.max", "8:0 rbps=1048576 wbps=max riops=max wiops=max");
}

static void limits_lift_with_no_limit(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_CLOSE int fd = fake_open(root);
	struct cgroup_limits limits = {.has_cpu_max = true,
				       .cpu_quota_us = CGROUP_NO_LIMIT,
				       .has_memory_max = true,
				       .memory_max = CGROUP_NO_LIMIT,
				       .has_pids_max = true,
				       .pids_max = CGROUP_NO_LIMIT};
	struct err err = {0};

	(void)state;
	fake_file(root, "cpu.max", "");
	fake_file(root, "memory.max", "");
	fake_file(root, "pids.max", "");
	assert_int_equal(cgroup_limits_apply(fd, &limits, &err), 0);
	assert_file(root, "cpu.max", "max 100000");
	assert_file(root, "memory.max", "max");
	assert_file(root, "pids.max", "max");
}

static void limits_not_asked_for_are_left_alone(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_CLOSE int fd = fake_open(root);
	struct cgroup_limits limits = {.memory_max = 5, .pids_max = 5};
	struct err err = {0};

	(void)state;
	fake_file(root, "memory.max", "max\n");
	assert_int_equal(cgroup_limits_apply(fd, &limits, &err), 0);
	assert_file(root, "memory.max", "max\n");
}

static void limits_name_the_file_the_value_and_a_way_out(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_CLOSE int fd = fake_open(root);
	struct cgroup_limits limits = {.has_memory_max = true, .memory_max = 1024};
	struct err err = {0};

	(void)state;
	assert_int_equal(cgroup_limits_apply(fd, &limits, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.message,
			    "set 'memory.max' to '1024': No such file or directory");
	assert_true(err.hint[0] != '\0');
	/* It is a limit to write, not a file to make. */
	assert_null(fake_read(root, "memory.max"));
}

static void limits_say_which_part_of_a_controller_is_missing(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_CLOSE int fd = fake_open(root);
	struct cgroup_limits swap = {.has_swap_max = true, .swap_max = 0};
	struct cgroup_limits weight = {.has_io_weight = true, .io_weight = 10000};
	struct err err = {0};

	(void)state;
	fake_file(root, "cgroup.controllers", "cpu io memory\n");
	assert_int_equal(cgroup_limits_apply(fd, &swap, &err), -1);
	assert_non_null(strstr(err.message, "'memory.swap.max'"));
	assert_non_null(strstr(err.hint, "swapaccount=1"));

	err = (struct err){0};
	assert_int_equal(cgroup_limits_apply(fd, &weight, &err), -1);
	assert_non_null(strstr(err.message, "'io.weight'"));
	assert_non_null(strstr(err.hint, "bfq"));

	fake_file(root, "io.bfq.weight", "100");
	assert_int_equal(cgroup_limits_apply(fd, &weight, &err), 0);
	assert_file(root, "io.bfq.weight", "1000");
}

static void cpuset_that_is_not_in_force_is_refused(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_CLOSE int fd = fake_open(root);
	struct cgroup_limits limits = {.cpuset = (char[]){"0-3"}};
	struct err err = {0};

	(void)state;
	fake_file(root, "cpuset.cpus", "");
	fake_file(root, "cpuset.cpus.effective", "0-1\n");
	assert_int_equal(cgroup_limits_apply(fd, &limits, &err), -1);
	assert_non_null(strstr(err.message, "'cpuset.cpus' to '0-3': only '0-1'"));

	fake_file(root, "cpuset.cpus.effective", "0-3\n");
	assert_int_equal(cgroup_limits_apply(fd, &limits, &err), 0);
}

static void hint_fits_the_machine(void **state)
{
	AUTO_FAKE char *root = fake_root();
	struct cgroup_place place = {.layout = CGROUP_LAYOUT_V1};
	struct err err = {0};

	(void)state;
	assert_int_equal(cgroup_missing_hint(&place, CGROUP_MEMORY, &err), -1);
	assert_non_null(strstr(err.hint, "no cgroup v2"));

	place.layout = CGROUP_LAYOUT_HYBRID;
	(void)cgroup_missing_hint(&place, CGROUP_MEMORY, &err);
	assert_non_null(strstr(err.hint, "'memory' is bound to cgroup v1"));

	place.layout = CGROUP_LAYOUT_UNIFIED;
	place.mount = root;
	fake_file(root, "cgroup.controllers", "cpu cpuset memory pids\n");
	(void)cgroup_missing_hint(&place, CGROUP_IO | CGROUP_CPU, &err);
	assert_non_null(strstr(err.hint, "offers no 'io'"));

	place.has_systemd = true;
	place.method = CGROUP_SYSTEMD;
	(void)cgroup_missing_hint(&place, CGROUP_CPUSET, &err);
	assert_non_null(
		strstr(err.hint, "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n'"));
	assert_non_null(strstr(err.hint, "/etc/systemd/system/user@.service.d/delegate.conf"));
	assert_non_null(strstr(err.hint, "daemon-reload"));

	place.method = CGROUP_NONE;
	(void)cgroup_missing_hint(&place, CGROUP_CPUSET, &err);
	assert_non_null(strstr(err.hint, "enable-linger"));

	place.has_systemd = false;
	(void)cgroup_missing_hint(&place, CGROUP_CPUSET, &err);
	assert_non_null(strstr(err.hint, "as root"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weight_maps_shares_linearly),
		cmocka_unit_test(needed_names_each_controller),
		cmocka_unit_test(cpulists_are_compared_as_sets),
		cmocka_unit_test(limits_write_the_kernels_words),
		cmocka_unit_test(limits_lift_with_no_limit),
		cmocka_unit_test(limits_not_asked_for_are_left_alone),
		cmocka_unit_test(limits_name_the_file_the_value_and_a_way_out),
		cmocka_unit_test(limits_say_which_part_of_a_controller_is_missing),
		cmocka_unit_test(cpuset_that_is_not_in_force_is_refused),
		cmocka_unit_test(hint_fits_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
