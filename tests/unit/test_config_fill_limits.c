#include "config_fixture.h"

static void wrong_limits_are_refused(void **state)
{
#define CPUS_WORDS                                                                          \
	"cpus must be a number of processors such as '2' or '1.5', at least 0.01, with at " \
	"most three decimals, not "
#define SIZE_WORDS " must be a size such as '512m' or '2g', not "
#define LIST_WORDS " must be a list of numbers and ranges such as '0-3,8', not "
	static const struct refusal table[] = {
		{"cpus: two\n", "1:7: " CPUS_WORDS "'two'"},
		{"cpus: 0\n", "1:7: " CPUS_WORDS "'0'"},
		{"cpus: 0.001\n", "1:7: " CPUS_WORDS "'0.001'"},
		{"cpus: -1\n", "1:7: " CPUS_WORDS "'-1'"},
		{"cpus: 1.0005\n", "1:7: " CPUS_WORDS "'1.0005'"},
		{"cpus: 1,5\n", "1:7: " CPUS_WORDS "'1,5'"},
		{"cpus: 1.\n", "1:7: " CPUS_WORDS "'1.'"},
		{"cpus: .\n", "1:7: " CPUS_WORDS "'.'"},
		{"cpus: 1.5.5\n", "1:7: " CPUS_WORDS "'1.5.5'"},
		{"cpus: 9999999999999999999999\n",
		 "1:7: " CPUS_WORDS "'9999999999999999999999'"},
		{"cpus: [1]\n", "1:7: " CPUS_WORDS "a list"},
		{"cpu_shares: 1\n",
		 "1:13: cpu_shares must be a number from 2 to 262144, not '1'"},
		{"cpu_shares: -1\n",
		 "1:13: cpu_shares must be a number from 2 to 262144, not '-1'"},
		{"cpu_quota: 999\n",
		 "1:12: cpu_quota must be microseconds, at least 1000, or a duration such as "
		 "'50ms', not '999'"},
		{"cpu_period: 1000001\n",
		 "1:13: cpu_period must be microseconds from 1000 to 1000000, or a "
		 "duration such as '100ms', not '1000001'"},
		{"cpuset: 3-1\n", "1:9: cpuset" LIST_WORDS "'3-1'"},
		{"cpuset: 0,,1\n", "1:9: cpuset" LIST_WORDS "'0,,1'"},
		{"cpuset: -1\n", "1:9: cpuset" LIST_WORDS "'-1'"},
		{"cpuset: 0-99999\n", "1:9: cpuset" LIST_WORDS "'0-99999'"},
		{"cpuset_mems: a\n", "1:14: cpuset_mems" LIST_WORDS "'a'"},
		{"mem_limit: lots\n", "1:12: mem_limit" SIZE_WORDS "'lots'"},
		{"mem_limit: -1\n", "1:12: mem_limit" SIZE_WORDS "'-1'"},
		{"mem_limit: 0\n", "1:12: mem_limit" SIZE_WORDS "'0'"},
		{"mem_limit: 512\n",
		 "1:12: mem_limit '512' is less than 1 MiB | a number without a unit is in "
		 "bytes: write '512m' or '2g'"},
		{"mem_limit: 99999999999g\n", "1:12: mem_limit" SIZE_WORDS "'99999999999g'"},
		{"mem_reservation: [1g]\n", "1:18: mem_reservation" SIZE_WORDS "a list"},
		{"pids_limit: 0\n", "1:13: pids_limit must be a number from 1 to 4194304, or "
				    "-1 for no limit, not '0'"},
		{"pids_limit: 64k\n", "1:13: pids_limit must be a number from 1 to 4194304, or "
				      "-1 for no limit, not '64k'"},
		{"oom_score_adj: 1001\n",
		 "1:16: oom_score_adj must be a number from -1000 to 1000, not '1001'"},
		{"blkio_config: 1\n", "1:15: blkio_config must be a map, not '1'"},
		{"blkio_config: {weight: 5}\n",
		 "1:24: blkio_config.weight must be a number from 10 to 1000, not '5'"},
		{"blkio_config: {weight_device: []}\n",
		 "1:16: key 'weight_device' of blkio_config is not built yet"},
		{"blkio_config: {device_read_bps: x}\n",
		 "1:33: device_read_bps must be a list of {path, rate}, not 'x'"},
		{"blkio_config: {device_read_bps: [{path: /dev/sda}]}\n",
		 "1:34: blkio_config: device_read_bps must be a list of {path, rate}"},
		{"blkio_config: {device_read_bps: [x]}\n",
		 "1:34: blkio_config: device_read_bps must be a list of {path, rate}"},
		{"blkio_config: {device_read_bps: [{path: sda, rate: 1m}]}\n",
		 "1:41: blkio_config: path must be a device such as '/dev/sda', not 'sda'"},
		{"blkio_config: {device_read_bps: [{path: /dev/sda, rate: fast}]}\n",
		 "1:57: blkio_config: rate" SIZE_WORDS "'fast'"},
		{"blkio_config: {device_read_iops: [{path: /dev/sda, rate: 1m}]}\n",
		 "1:58: blkio_config: rate must be a number of operations in a second, not "
		 "'1m'"},

		{"cpus: 1\ncpu_quota: 50000\n", "2:12: cpu_quota cannot stand beside cpus | "
						"both limit processor time: keep one of them"},
		{"cpu_period: 50000\n",
		 "1:13: cpu_period has no effect without cpu_quota or cpus | add a "
		 "cpu_quota, or remove cpu_period"},
		{"cpu_period: 50000\ncpus: 1\n", "fine"},
		{"cpus: 0.1\ncpu_period: 5ms\n",
		 "2:13: cpu_period is too short for so few cpus | their product is at least 1 "
		 "ms: the kernel "
		 "takes no smaller quota"},
		{"cpus: 0.1\ncpu_period: 10ms\n", "fine"},
		{"memswap_limit: 1g\n",
		 "1:16: memswap_limit needs mem_limit | it is memory and swap together: "
		 "add a mem_limit that is not larger"},
		{"mem_limit: 2g\nmemswap_limit: 1g\n",
		 "2:16: memswap_limit is less than mem_limit | it is memory and swap together; "
		 "the same value "
		 "as mem_limit means no swap"},
		{"mem_limit: 2g\nmemswap_limit: 2g\n", "fine"},
		{"mem_limit: 2g\nmemswap_limit: -1\n", "fine"},
		{"mem_limit: 1g\nmem_reservation: 2g\n",
		 "2:18: mem_reservation is more than mem_limit"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void limits_are_in_the_units_named(void **state)
{
	struct spec spec = desk_good(
		*state, "cpus: 1.5\ncpu_shares: 512\ncpu_period: 50ms\n"
			"cpuset: 0-1,3\ncpuset_mems: 0\n"
			"mem_limit: 2g\nmem_reservation: 512MiB\nmemswap_limit: -1\n"
			"pids_limit: -1\noom_score_adj: -500\n"
			"blkio_config:\n"
			"  weight: 100\n"
			"  device_read_bps: [{path: /dev/sda, rate: 1m}]\n"
			"  device_write_bps: [{path: /dev/sda, rate: 512k}]\n"
			"  device_read_iops: [{path: /dev/sdb, rate: 100}]\n"
			"  device_write_iops:\n    - {path: /dev/sdb, rate: \"200\"}\n");
	const struct spec_limits *l = &spec.limits;

	assert_int_equal(l->cpus_milli.value, 1500);
	assert_int_equal(l->cpu_shares.value, 512);
	assert_int_equal(l->cpu_period_us.value, 50000);
	assert_false(l->cpu_quota_us.is_set);
	assert_string_equal(l->cpuset.value, "0-1,3");
	assert_string_equal(l->cpuset_mems.value, "0");
	assert_int_equal(l->mem_limit_bytes.value, INT64_C(2) << 30);
	assert_int_equal(l->mem_reservation_bytes.value, 512 << 20);
	assert_int_equal(l->memswap_limit_bytes.value, -1);
	assert_int_equal(l->pids_limit.value, -1);
	assert_int_equal(l->oom_score_adj.value, -500);
	assert_int_equal(l->blkio_weight.value, 100);
	assert_int_equal(l->blkio_device_count, 4);
	assert_int_equal(l->blkio_devices[0].kind, BLKIO_READ_BPS);
	assert_int_equal(l->blkio_devices[0].rate, 1 << 20);
	assert_int_equal(l->blkio_devices[1].kind, BLKIO_WRITE_BPS);
	assert_int_equal(l->blkio_devices[1].rate, 512 << 10);
	assert_int_equal(l->blkio_devices[2].kind, BLKIO_READ_IOPS);
	assert_int_equal(l->blkio_devices[3].kind, BLKIO_WRITE_IOPS);
	assert_int_equal(l->blkio_devices[3].rate, 200);
	assert_string_equal(l->blkio_devices[3].path, "/dev/sdb");
	assert_int_equal(l->blkio_devices[3].at.line, 17);
	spec_done(&spec);
}

static void processors_may_be_a_fraction(void **state)
{
	static const struct {
		const char *yaml;
		int64_t milli;
	} table[] = {{"cpus: 2\n", 2000},  {"cpus: '0.5'\n", 500},  {"cpus: .25\n", 250},
		     {"cpus: 0.01\n", 10}, {"cpus: 3.125\n", 3125}, {"cpus: 1.50\n", 1500}};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct spec spec = desk_good(*state, table[i].yaml);

		assert_int_equal(spec.limits.cpus_milli.value, table[i].milli);
		spec_done(&spec);
	}
}

static void a_bare_quota_is_in_microseconds(void **state)
{
	struct spec spec = desk_good(*state, "cpu_quota: 50000\n");

	assert_int_equal(spec.limits.cpu_quota_us.value, 50000);
	spec_done(&spec);
	spec = desk_good(*state, "cpu_quota: 200ms\n");
	assert_int_equal(spec.limits.cpu_quota_us.value, 200000);
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_limits_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(limits_are_in_the_units_named, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(processors_may_be_a_fraction, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(a_bare_quota_is_in_microseconds, desk_make,
						desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
