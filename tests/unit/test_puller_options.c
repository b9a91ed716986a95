#include "puller/options.h"

#include "puller/message.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *line, struct puller_options *out, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(line);
	const char *argv[16] = {0};
	char *save = NULL;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &save); word && count < ARRAY_LEN(argv) - 1;
	     word = strtok_r(NULL, " ", &save))
		argv[count++] = word;
	return puller_options_parse(argv, out, err);
}

static void a_pull_has_its_options_and_one_image(void **state)
{
	struct puller_options o;
	struct err err;

	(void)state;
	assert_int_equal(parse("pull --data /d --platform=linux/arm64 --insecure --always "
			       "--userns -1 debian:12",
			       &o, &err),
			 0);
	assert_int_equal(o.verb, PULLER_PULL);
	assert_string_equal(o.data, "/d");
	assert_string_equal(o.platform, "linux/arm64");
	assert_true(o.insecure && o.always);
	assert_int_equal(o.userns_fd, -1);
	assert_int_equal(o.operands.count, 1);
	assert_string_equal(o.operands.items[0], "debian:12");
	puller_options_done(&o);
}

static void without_options_the_user_namespace_has_the_number_of_the_protocol(void **state)
{
	struct puller_options o;
	struct err err;

	(void)state;
	assert_int_equal(parse("load -- --odd", &o, &err), 0);
	assert_int_equal(o.userns_fd, PULLER_USERNS_FD);
	assert_string_equal(o.operands.items[0], "--odd");
	puller_options_done(&o);
}

static void a_docker_archive_is_not_compressed_unless_asked_for(void **state)
{
	static const struct {
		const char *line;
		enum layer_compression compression;
	} cases[] = {
		{"save --output x a b", LAYER_GZIP},
		{"save --format oci --output x a", LAYER_GZIP},
		{"save --format docker-archive --output - a", LAYER_PLAIN},
		{"save --format docker-archive --compress gzip --output x a", LAYER_GZIP},
		{"save --compress zstd --output x a", LAYER_ZSTD},
		{"save --compress none --output x a", LAYER_PLAIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct puller_options o;
		struct err err;

		assert_int_equal(parse(cases[i].line, &o, &err), 0);
		assert_int_equal(o.compression, cases[i].compression);
		puller_options_done(&o);
	}
}

static void what_makes_no_sense_is_refused_by_name(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"", "a verb is missing"},
		{"push x", "unknown verb 'push'"},
		{"pull", "'pull' needs an image"},
		{"pull a b", "'pull' takes one image"},
		{"pull --names a", "'--names' is not an option of 'pull'"},
		{"load --insecure a", "'--insecure' is not an option of 'load'"},
		{"pull --always=1 a", "'--always' takes no value"},
		{"pull a --data", "'--data' needs a value"},
		{"pull --data here a", "no absolute path"},
		{"pull --userns x a", "no descriptor"},
		{"pull --userns -2 a", "no descriptor"},
		{"pull --weird a", "unknown option '--weird'"},
		{"save a", "'save' needs '--output'"},
		{"save --format tar --output x a", "unknown format 'tar'"},
		{"save --compress xz --output x a", "unknown compression 'xz'"},
		{"save --format oci --output - a", "cannot go to standard output"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct puller_options o;
		struct err err = {0};

		assert_int_equal(parse(cases[i].line, &o, &err), -1);
		if (!strstr(err.message, cases[i].says))
			fail_msg("'%s': '%s'", cases[i].line, err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pull_has_its_options_and_one_image),
		cmocka_unit_test(
			without_options_the_user_namespace_has_the_number_of_the_protocol),
		cmocka_unit_test(a_docker_archive_is_not_compressed_unless_asked_for),
		cmocka_unit_test(what_makes_no_sense_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
