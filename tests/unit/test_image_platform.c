#include "image/platform.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

static void parse(const char *text, struct platform *out)
{
	struct err err = {0};

	if (platform_parse(text, out, &err) < 0)
		fail_msg("'%s': %s", text, err.message);
}

static void platforms_are_understood_as_images_and_machines_write_them(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"linux/amd64", "linux/amd64"},
		{"linux/amd64/v3", "linux/amd64/v3"},
		{"linux/arm/v7", "linux/arm/v7"},
		{"linux/x86_64", "linux/amd64"},
		{"linux/aarch64/v8", "linux/arm64/v8"},
		{"arm64", "linux/arm64"},
		{"aarch64", "linux/arm64"},
		{"x86_64", "linux/amd64"},
		{"i686", "linux/386"},
		{"armv7l", "linux/arm/v7"},
		{"armv6l", "linux/arm/v6"},
		{"armv6l/v5", "linux/arm/v5"},
		{"arm/v7", "linux/arm/v7"},
		{"amd64/v2", "linux/amd64/v2"},
		{"loongarch64", "linux/loong64"},
		{"windows/amd64", "windows/amd64"},
		{"linux/other", "linux/other"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct platform platform = {0};
		char *words;

		parse(cases[i].text, &platform);
		words = platform_words(&platform);
		assert_string_equal(words, cases[i].words);
		free(words);
		platform_done(&platform);
	}
}

static void what_is_no_platform_is_refused_with_an_example(void **state)
{
	static const struct {
		const char *text, *hint;
	} cases[] = {
		{"", "linux/arm/v7"},
		{"linux", "linux/arm/v7"},
		{"linux/", "linux/arm/v7"},
		{"/amd64", "linux/arm/v7"},
		{"linux//v7", "linux/arm/v7"},
		{"linux/arm/v7/x", "linux/arm/v7"},
		{"linux/a b", "linux/arm/v7"},
		{"Linux/AMD64", "linux/arm/v7"},
		{"amd46", "did you mean 'amd64'"},
		{"riscv46", "did you mean 'riscv64'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct platform platform = {0};
		struct err err = {0};

		if (platform_parse(cases[i].text, &platform, &err) == 0)
			fail_msg("'%s' was taken", cases[i].text);
		assert_null(platform.os);
		if (!strstr(err.hint, cases[i].hint))
			fail_msg("'%s': '%s'", cases[i].text, err.hint);
	}
}

static int rank(const char *wanted, const char *offered)
{
	struct platform a = {0}, b = {0};
	int result;

	parse(wanted, &a);
	parse(offered, &b);
	result = platform_rank(&a, &b);
	platform_done(&a);
	platform_done(&b);
	return result;
}

static void another_system_or_architecture_does_not_serve(void **state)
{
	struct platform wanted = {0}, nothing = {0};

	(void)state;
	assert_int_equal(rank("linux/amd64", "windows/amd64"), 0);
	assert_int_equal(rank("linux/amd64", "linux/arm64"), 0);
	assert_int_equal(rank("linux/amd64", "linux/386"), 0);
	parse("linux/amd64", &wanted);
	assert_int_equal(platform_rank(&wanted, &nothing), 0);
	platform_done(&wanted);
}

static void the_strongest_variant_that_runs_is_the_best(void **state)
{
	static const char *const orders[][6] = {
		/* wanted, then offers from best to worst */
		{"linux/arm/v7", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5", "linux/arm"},
		{"linux/amd64/v3", "linux/amd64/v3", "linux/amd64/v2", "linux/amd64/v1",
		 "linux/amd64"},
		{"linux/amd64", "linux/amd64", "linux/amd64/v1"},
		{"linux/arm64", "linux/arm64", "linux/arm64/v8"},
		{"linux/arm64/v8", "linux/arm64/v8", "linux/arm64"},
		{"linux/arm64/v9", "linux/arm64/v9", "linux/arm64/v8.2", "linux/arm64/v8",
		 "linux/arm64"},
		{"linux/arm", "linux/arm", "linux/arm/v7", "linux/arm/v6"},
		{"linux/ppc64le/power9", "linux/ppc64le/power9", "linux/ppc64le"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		int before = 0;

		for (size_t j = 1; j < ARRAY_LEN(orders[i]) && orders[i][j]; j++) {
			int now = rank(orders[i][0], orders[i][j]);

			if (now <= 0 || (j > 1 && now >= before))
				fail_msg("%s for %s: %d after %d", orders[i][j], orders[i][0],
					 now, before);
			before = now;
		}
	}
}

static void a_stronger_or_unknown_variant_does_not_serve(void **state)
{
	(void)state;
	assert_int_equal(rank("linux/arm/v6", "linux/arm/v7"), 0);
	assert_int_equal(rank("linux/arm", "linux/arm/v8"), 0);
	assert_int_equal(rank("linux/amd64", "linux/amd64/v2"), 0);
	assert_int_equal(rank("linux/amd64/v2", "linux/amd64/v3"), 0);
	assert_int_equal(rank("linux/arm64", "linux/arm64/v9"), 0);
	assert_int_equal(rank("linux/arm64/v8.1", "linux/arm64/v8.2"), 0);
	assert_int_equal(rank("linux/ppc64le", "linux/ppc64le/power9"), 0);
	assert_int_equal(rank("linux/ppc64le/power9", "linux/ppc64le/power8"), 0);
	assert_int_equal(rank("linux/arm/v7", "linux/arm/v0"), 0);
	assert_int_equal(rank("linux/arm/v7", "linux/arm/v6x"), 0);
	assert_int_equal(rank("linux/arm/v7", "linux/arm/v4294967301"), 0);
}

static void this_machine_serves_itself(void **state)
{
	struct platform host = {0}, named = {0};
	struct utsname name;

	(void)state;
	assert_int_equal(uname(&name), 0);
	platform_host(&host);
	parse(name.machine, &named);
	assert_string_equal(host.os, "linux");
	assert_string_equal(host.architecture, named.architecture);
	assert_true(platform_rank(&host, &named) > 0);
	assert_true(platform_rank(&host, &host) > 0);
	if (str_eq(host.architecture, "amd64"))
		assert_true(strlen(host.variant) == 2 && strchr("1234", host.variant[1]));
	platform_done(&host);
	platform_done(&named);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(platforms_are_understood_as_images_and_machines_write_them),
		cmocka_unit_test(what_is_no_platform_is_refused_with_an_example),
		cmocka_unit_test(another_system_or_architecture_does_not_serve),
		cmocka_unit_test(the_strongest_variant_that_runs_is_the_best),
		cmocka_unit_test(a_stronger_or_unknown_variant_does_not_serve),
		cmocka_unit_test(this_machine_serves_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
