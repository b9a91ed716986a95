#include "sec/caps.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BIT(cap) (UINT64_C(1) << (cap))

static void name_is_read_with_and_without_prefix_in_any_case(void **state)
{
	static const char *const names[] = {"NET_ADMIN", "CAP_NET_ADMIN", "net_admin",
					    "cap_Net_Admin"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		uint64_t mask = 0;

		assert_int_equal(caps_from_name(names[i], &mask, &err), 0);
		assert_int_equal(mask, BIT(12));
	}
}

static void all_is_every_capability_of_the_kernel(void **state)
{
	uint64_t mask = 0;
	struct err err;

	(void)state;
	assert_int_equal(caps_from_name("all", &mask, &err), 0);
	assert_int_equal(mask, caps_all());
	assert_true((mask & BIT(0)) != 0 && (mask & BIT(37)) != 0);
	assert_int_equal(mask & (mask + 1), 0);
}

static void unknown_name_gets_the_nearest_as_hint(void **state)
{
	uint64_t mask = 77;
	struct err err;

	(void)state;
	assert_int_equal(caps_from_name("cap_net_admn", &mask, &err), -1);
	assert_int_equal(mask, 77);
	assert_string_equal(err.message, "unknown capability 'cap_net_admn'");
	assert_string_equal(err.hint, "did you mean 'NET_ADMIN'?");
	assert_int_equal(caps_from_name("", &mask, &err), -1);
	assert_int_equal(caps_from_name("CAP_", &mask, &err), -1);
	assert_string_equal(err.hint, "capabilities(7) lists the names");
}

static void every_number_up_to_40_has_a_name_that_reads_back(void **state)
{
	struct err err;

	(void)state;
	for (int i = 0; i <= 40; i++) {
		uint64_t mask = 0;

		assert_non_null(caps_name(i));
		assert_int_equal(caps_from_name(caps_name(i), &mask, &err), 0);
		assert_int_equal(mask, BIT(i));
	}
	assert_string_equal(caps_name(0), "CHOWN");
	assert_string_equal(caps_name(21), "SYS_ADMIN");
	assert_string_equal(caps_name(40), "CHECKPOINT_RESTORE");
	assert_null(caps_name(41));
	assert_null(caps_name(-1));
}

static void default_lets_a_package_manager_work_and_nothing_wider(void **state)
{
	static const char *const kept[] = {"CHOWN",  "DAC_OVERRIDE",     "FOWNER",
					   "SETUID", "SETGID",           "SETFCAP",
					   "KILL",   "NET_BIND_SERVICE", "SYS_CHROOT"};
	static const char *const dropped[] = {"SYS_ADMIN",  "NET_ADMIN",  "MKNOD",
					      "SYS_PTRACE", "SYS_MODULE", "AUDIT_WRITE",
					      "SYS_RAWIO",  "BPF"};
	uint64_t mask;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		assert_int_equal(caps_from_name(kept[i], &mask, &err), 0);
		assert_true((caps_default() & mask) != 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
		assert_int_equal(caps_from_name(dropped[i], &mask, &err), 0);
		assert_true((caps_default() & mask) == 0);
	}
	assert_int_equal(caps_default() & ~caps_all(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_read_with_and_without_prefix_in_any_case),
		cmocka_unit_test(all_is_every_capability_of_the_kernel),
		cmocka_unit_test(unknown_name_gets_the_nearest_as_hint),
		cmocka_unit_test(every_number_up_to_40_has_a_name_that_reads_back),
		cmocka_unit_test(default_lets_a_package_manager_work_and_nothing_wider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
