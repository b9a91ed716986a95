#include "cgroup_fake.h"

#include "cgroup/stats.h"
#include "cgroup/stats_parse.h"

static void number_knows_max(void **state)
{
	uint64_t value = 7;

	(void)state;
	assert_true(cgroup_parse_number("4096", &value));
	assert_int_equal(value, 4096);
	assert_true(cgroup_parse_number("max", &value));
	assert_true(value == STAT_NO_LIMIT);
	assert_false(cgroup_parse_number("", &value));
	assert_false(cgroup_parse_number("-1", &value));
	assert_false(cgroup_parse_number("maximum", &value));
	assert_true(value == STAT_NO_LIMIT);
}

static void cpu_max_is_quota_and_period(void **state)
{
	uint64_t quota = 1, period = 2;

	(void)state;
	assert_false(cgroup_parse_cpu_max("", &quota, &period));
	assert_false(cgroup_parse_cpu_max("max", &quota, &period));
	assert_false(cgroup_parse_cpu_max("x 100000", &quota, &period));
	assert_false(cgroup_parse_cpu_max("5 x", &quota, &period));
	assert_int_equal(quota, 1);
	assert_int_equal(period, 2);
	assert_true(cgroup_parse_cpu_max("max 100000", &quota, &period));
	assert_true(quota == STAT_NO_LIMIT);
	assert_int_equal(period, 100000);
	assert_true(cgroup_parse_cpu_max("150000 50000", &quota, &period));
	assert_int_equal(quota, 150000);
}

static void pressure_reads_some_and_full(void **state)
{
	struct cgroup_pressure p = {STAT_UNKNOWN, STAT_UNKNOWN, STAT_UNKNOWN, STAT_UNKNOWN};

	(void)state;
	cgroup_parse_pressure("some avg10=1.05 avg60=0.00 avg300=0.00 total=77\n", &p);
	assert_int_equal(p.some_avg10, 105);
	assert_int_equal(p.some_total_us, 77);
	assert_true(p.full_avg10 == STAT_UNKNOWN);
	cgroup_parse_pressure("some avg10=100.00 total=1\nfull avg10=0.99 total=2\n", &p);
	assert_int_equal(p.some_avg10, 10000);
	assert_int_equal(p.full_avg10, 99);
	assert_int_equal(p.full_total_us, 2);
	cgroup_parse_pressure(
		"some avg10=1.5 total=x\nfull avg10= total=\nfull\nsome avg10=.\n", &p);
	assert_int_equal(p.some_avg10, 10000);
	assert_int_equal(p.some_total_us, 1);
}

static void io_is_summed_over_devices(void **state)
{
	struct cgroup_stats s = {.io_reads = STAT_UNKNOWN};

	(void)state;
	cgroup_parse_io_stat("", &s);
	assert_int_equal(s.io_reads, 0);
	cgroup_parse_io_stat("8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353\n"
			     "8:0 wios=1 rios=2 newkey=9 wbytes=3 rbytes=4 dbytes=5 dios=6\n",
			     &s);
	assert_int_equal(s.io_read_bytes, 1459204);
	assert_int_equal(s.io_write_bytes, 314773507);
	assert_int_equal(s.io_reads, 194);
	assert_int_equal(s.io_writes, 354);
	cgroup_parse_io_stat("8:0 rbytes=18446744073709551615\n8:1 rbytes=5\n", &s);
	assert_true(s.io_read_bytes < STAT_NO_LIMIT);
}

static void fill(const char *root)
{
	fake_file(root, "cgroup.procs", "5\n6\n");
	fake_file(root, "cgroup.events", "populated 1\nfrozen 0\n");
	fake_file(root, "cpu.stat",
		  "usage_usec 10\nuser_usec 6\nsystem_usec 4\nnr_periods 9\n"
		  "nr_throttled 3\nthrottled_usec 55\n");
	fake_file(root, "cpu.max", "max 100000\n");
	fake_file(root, "memory.current", "8192\n");
	fake_file(root, "memory.max", "max\n");
	fake_file(root, "memory.peak", "9000\n");
	fake_file(root, "memory.stat",
		  "anon 1\nfile 2\nkernel 3\ninactive_anon 4\ninactive_file 5\n");
	fake_file(root, "memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 1\n");
	fake_file(root, "pids.current", "2\n");
	fake_file(root, "pids.max", "100\n");
	fake_file(root, "pids.events", "max 8\n");
	fake_file(root, "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4\n");
	fake_file(root, "memory.pressure",
		  "some avg10=0.10 total=5\nfull avg10=0.05 total=4\n");
}

static void stats_read_every_file(void **state)
{
	AUTO_FAKE char *root = fake_root();
	struct cgroup_stats s = {0};
	struct err err = {0};
	AUTO_CLOSE int fd = -1;

	(void)state;
	fill(root);
	fd = fake_open(root);
	assert_int_equal(cgroup_stats_read(fd, &s, &err), 0);
	assert_int_equal(s.cpu_usage_us, 10);
	assert_int_equal(s.cpu_throttled_us, 55);
	assert_true(s.cpu_quota_us == STAT_NO_LIMIT);
	assert_int_equal(s.memory_current, 8192);
	assert_true(s.memory_max == STAT_NO_LIMIT);
	assert_int_equal(s.memory_inactive_file, 5);
	assert_int_equal(s.memory_anon, 1);
	assert_int_equal(s.oom_events, 2);
	assert_int_equal(s.oom_kills, 1);
	assert_int_equal(s.pids_current, 2);
	assert_int_equal(s.pids_max_events, 8);
	assert_int_equal(s.io_writes, 4);
	assert_int_equal(s.memory_pressure.full_avg10, 5);
	assert_true(s.cpu_pressure.some_avg10 == STAT_UNKNOWN);
	assert_true(s.swap_current == STAT_UNKNOWN);
	assert_true(s.process_count == STAT_UNKNOWN);
	assert_true(s.is_populated);
	assert_false(s.is_frozen);
}

static void stats_without_controllers_are_unknown_and_count_processes(void **state)
{
	AUTO_FAKE char *root = fake_root();
	struct cgroup_stats s = {0};
	struct err err = {0};
	AUTO_CLOSE int fd = -1;

	(void)state;
	fake_file(root, "cgroup.procs", "5\n6\n0\n");
	fake_file(root, "sub/cgroup.procs", "6\n7\n");
	fd = fake_open(root);
	assert_int_equal(cgroup_stats_read(fd, &s, &err), 0);
	assert_int_equal(s.process_count, 3);
	assert_true(s.memory_current == STAT_UNKNOWN);
	assert_true(s.io_reads == STAT_UNKNOWN);
	assert_true(s.cpu_usage_us == STAT_UNKNOWN);
	assert_false(s.is_populated);
}

static void stats_of_a_group_that_is_gone_fail(void **state)
{
	AUTO_FAKE char *root = fake_root();
	struct cgroup_stats s = {.pids_max = 42};
	AUTO_CLOSE int fd = fake_open(root);
	struct err err = {0};

	(void)state;
	assert_int_equal(cgroup_stats_read(fd, &s, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(s.pids_max, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_knows_max),
		cmocka_unit_test(cpu_max_is_quota_and_period),
		cmocka_unit_test(pressure_reads_some_and_full),
		cmocka_unit_test(io_is_summed_over_devices),
		cmocka_unit_test(stats_read_every_file),
		cmocka_unit_test(stats_without_controllers_are_unknown_and_count_processes),
		cmocka_unit_test(stats_of_a_group_that_is_gone_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
