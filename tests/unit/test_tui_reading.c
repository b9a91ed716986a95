#include "tui/files.h"
#include "tui/reading.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void a_value_is_a_number_or_max_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} cases[] = {
		{"0\n", 0},
		{"123\n", 123},
		{"123", 123},
		{"max\n", STAT_NO_LIMIT},
		{"max", STAT_NO_LIMIT},
		{"", 7},
		{"\n", 7},
		{"maximal", 7},
		{"-1\n", 7},
		{"12x\n", 7},
		{"99999999999999999999999\n", 7},
		{"18446744073709551615\n", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 7;

		parse_value(cases[i].text, &value);
		assert_int_equal(value, cases[i].want);
	}
}

static void a_key_is_found_by_its_whole_name_wherever_it_stands(void **state)
{
	const char *text = "inactive_anon 1\nanon 2\nfile 3";
	uint64_t anon = 0, file = 0, none = 9, cut = 9;

	(void)state;
	parse_flat(text, "anon", &anon);
	parse_flat(text, "file", &file);
	parse_flat(text, "fil", &none);
	parse_flat("anon", "anon", &cut);
	assert_int_equal(anon, 2);
	assert_int_equal(file, 3);
	assert_int_equal(none, 9);
	assert_int_equal(cut, 9);
}

static void a_processor_limit_has_a_quota_and_a_period(void **state)
{
	uint64_t quota = 1, period = 2;

	(void)state;
	parse_cpu_max("max 100000\n", &quota, &period);
	assert_int_equal(quota, STAT_NO_LIMIT);
	assert_int_equal(period, 100000);
	parse_cpu_max("50000 100000\n", &quota, &period);
	assert_int_equal(quota, 50000);
	parse_cpu_max("60000\n", &quota, &period);
	parse_cpu_max("60000 0\n", &quota, &period);
	parse_cpu_max("", &quota, &period);
	parse_cpu_max("lots 1\n", &quota, &period);
	assert_int_equal(quota, 50000);
	assert_int_equal(period, 100000);
}

static void pressure_is_read_in_hundredths(void **state)
{
	struct pressure p;

	(void)state;
	memset(&p, 0xff, sizeof(p));
	parse_pressure("some avg10=14.60 avg60=9.80 avg300=2.20 total=77\n"
		       "full avg10=0.05 avg60=0.00 avg300=100.00 total=5 new=1\n",
		       &p);
	assert_int_equal(p.some.avg10, 1460);
	assert_int_equal(p.some.avg300, 220);
	assert_int_equal(p.some.total_us, 77);
	assert_int_equal(p.full.avg10, 5);
	assert_int_equal(p.full.avg300, 10000);
	memset(&p, 0xff, sizeof(p));
	parse_pressure("some avg10=1.5 avg60= avg300=x total=\nfull", &p);
	assert_int_equal(p.some.avg10, STAT_UNKNOWN);
	assert_int_equal(p.some.total_us, STAT_UNKNOWN);
}

static void io_is_summed_over_devices_and_none_is_zero(void **state)
{
	struct reading reading;

	(void)state;
	reading_unknown(&reading);
	parse_io("8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n"
		 "259:0 wbytes=5 rbytes=1",
		 &reading);
	assert_int_equal(reading.read_bytes, 11);
	assert_int_equal(reading.write_bytes, 25);
	assert_int_equal(reading.writes, 2);
	parse_io("", &reading);
	assert_int_equal(reading.read_bytes, 0);
	parse_io("8:0 rbytes=18446744073709551613 rbytes=9 rbytes=", &reading);
	assert_int_equal(reading.read_bytes, STAT_NO_LIMIT - 1);
}

static void the_network_is_all_interfaces_but_loopback(void **state)
{
	const char *text =
		"Inter-|   Receive                            |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
		"    lo: 1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0\n"
		"  tap0:  310 2 3 4 0 0 0 0   77 3 5 6 0 0 0 0\n"
		"  eth1: 5 0 0 0 0 0 0 0 6";
	struct reading reading;

	(void)state;
	parse_net(text, &reading);
	assert_int_equal(reading.received_bytes, 315);
	assert_int_equal(reading.sent_bytes, 83);
	assert_int_equal(reading.net_errors, 8);
	assert_int_equal(reading.net_drops, 10);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void a_box_is_read_again_without_opening_anything(void **state)
{
	char dir[] = "/tmp/test_tui_reading.XXXXXX", command[64];
	struct files files;
	struct reading reading;

	(void)state;
	assert_non_null(mkdtemp(dir));
	put(dir, "cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
	put(dir, "memory.current", "100\n");
	put(dir, "memory.stat", "anon 60\ninactive_file 30\n");
	put(dir, "memory.max", "max\n");
	assert_int_equal(files_open(dir, 0, &files), 0);
	reading_unknown(&reading);
	assert_int_equal(files_read(&files, READ_ALL, &reading), 0);
	assert_int_equal(reading.cpu_usage_us, 5);
	assert_int_equal(reading.memory, 100);
	assert_int_equal(reading.inactive_file, 30);
	assert_int_equal(reading.memory_max, STAT_NO_LIMIT);
	/* A controller that is missing is not known, and not zero. */
	assert_int_equal(reading.pids, STAT_UNKNOWN);
	assert_int_equal(reading.read_bytes, STAT_UNKNOWN);

	put(dir, "cpu.stat", "usage_usec 9\n");
	put(dir, "memory.current", "200\n");
	put(dir, "pids.current", "3\n");
	assert_int_equal(files_read(&files, READ_CHEAP, &reading), 0);
	assert_int_equal(reading.cpu_usage_us, 9);
	assert_int_equal(reading.memory, 200);
	assert_int_equal(reading.pids, STAT_UNKNOWN);
	files_close(&files);
	assert_false(files.is_open);
	assert_int_equal(files_open("/nonexistent/x", 0, &files), -1);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_a_number_or_max_and_nothing_else),
		cmocka_unit_test(a_key_is_found_by_its_whole_name_wherever_it_stands),
		cmocka_unit_test(a_processor_limit_has_a_quota_and_a_period),
		cmocka_unit_test(pressure_is_read_in_hundredths),
		cmocka_unit_test(io_is_summed_over_devices_and_none_is_zero),
		cmocka_unit_test(the_network_is_all_interfaces_but_loopback),
		cmocka_unit_test(a_box_is_read_again_without_opening_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
