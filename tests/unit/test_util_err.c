#include "util/err.h"
#include "util/log.h"
#include "util/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_error_says_what_failed_and_why(void **state)
{
	struct err err;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&err, "open '%s'", "x"), -1);
	assert_string_equal(err.message, "open 'x': No such file or directory");
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.hint, "");

	assert_int_equal(err_code(&err, EPERM, "clone"), -1);
	assert_string_equal(err.message, "clone: Operation not permitted");
	assert_int_equal(err_set(&err, "no %d", 1), -1);
	assert_string_equal(err.message, "no 1");
	assert_int_equal(err.code, 0);
}

static void wrapping_puts_words_in_front_and_keeps_the_rest(void **state)
{
	struct err err;

	(void)state;
	(void)err_code(&err, EPERM, "clone");
	(void)err_hint(&err, "try %d", 2);
	(void)err_at(&err, "devbox.yaml", 12, 5);
	assert_int_equal(err_wrap(&err, "start '%s'", "shop"), -1);
	assert_string_equal(err.message, "start 'shop': clone: Operation not permitted");
	assert_string_equal(err.hint, "try 2");
	assert_string_equal(err.file, "devbox.yaml");
	assert_int_equal(err.line, 12);
	assert_int_equal(err.column, 5);
	assert_int_equal(err.code, EPERM);

	(void)err_at(&err, NULL, 1, 2);
	assert_string_equal(err.file, "devbox.yaml");
	assert_int_equal(err.line, 1);
}

static void too_long_an_error_is_cut(void **state)
{
	char words[4000];
	struct err err;

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	(void)err_code(&err, EPERM, "%s", words);
	(void)err_wrap(&err, "%s", words);
	(void)err_hint(&err, "%s", words);
	(void)err_at(&err, words, 1, 1);
	assert_int_equal(strlen(err.message), ERR_MESSAGE_MAX - 1);
	assert_int_equal(strlen(err.hint), ERR_HINT_MAX - 1);
	assert_int_equal(strlen(err.file), ERR_FILE_MAX - 1);
}

static void keep_last(void *arg, enum log_level level, const char *text)
{
	struct strv *lines = arg;

	strv_addf(lines, "%d %s", (int)level, text);
}

static void the_log_goes_where_it_was_sent(void **state)
{
	AUTO_STRV struct strv lines = {0};

	(void)state;
	log_note("nobody hears %d", 1);
	log_to(keep_last, &lines);
	log_note("n %d", 1);
	log_warn("w");
	log_debug("d");
	log_to(NULL, NULL);
	log_warn("nobody again");
	assert_int_equal(lines.count, 3);
	assert_string_equal(lines.items[0], "0 n 1");
	assert_string_equal(lines.items[1], "1 w");
	assert_string_equal(lines.items[2], "2 d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_says_what_failed_and_why),
		cmocka_unit_test(wrapping_puts_words_in_front_and_keeps_the_rest),
		cmocka_unit_test(too_long_an_error_is_cut),
		cmocka_unit_test(the_log_goes_where_it_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
