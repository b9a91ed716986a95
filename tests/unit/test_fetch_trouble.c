#include "fetch/trouble.h"
#include "util/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void pause_doubles_with_jitter_up_to_a_minute(void **state)
{
	static const int64_t longest[] = {2000,  4000,  8000,  16000, 32000,
					  60000, 60000, 60000, 60000, 60000};
	const struct trouble trouble = {.after_ms = -1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(longest); i++) {
		for (int again = 0; again < 200; again++) {
			int64_t pause = trouble_pause_ms(&trouble, (unsigned)i + 1, 2000);

			assert_in_range(pause, longest[i] / 2, longest[i]);
		}
	}
}

static void pause_that_the_server_names_is_taken(void **state)
{
	const struct trouble named = {.after_ms = 7000};
	const struct trouble none = {.after_ms = 0};

	(void)state;
	assert_int_equal(trouble_pause_ms(&named, 5, 2000), 7000);
	assert_int_equal(trouble_pause_ms(&none, 5, 2000), 0);
}

/* What an answer of this status and body means for a question to @host. */
static struct trouble status_of(const char *host, int status, int64_t retry_after_s,
				const char *body)
{
	const struct trouble_about about = {
		.what = "'x'", .host = host, .wire = host, .stall_ms = 30000};
	struct http http = {0};
	struct trouble trouble = {0};

	http.answer.status = status;
	http.answer.retry_after_s = retry_after_s;
	buf_puts(&http.body, body);
	trouble_of_status(&about, &http, &trouble);
	buf_done(&http.body);
	return trouble;
}

static void quota_of_docker_hub_is_not_waited_for(void **state)
{
	static const char body[] = "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}";

	(void)state;
	assert_int_equal(status_of("docker.io", 429, -1, body).kind, TROUBLE_PLACE);
	assert_int_equal(status_of("docker.io", 429, 10, body).kind, TROUBLE_PLACE);
	assert_int_equal(status_of("ghcr.io", 429, -1, body).kind, TROUBLE_PLACE);
	assert_int_equal(status_of("ghcr.io", 429, 61, "").kind, TROUBLE_PLACE);
	assert_int_equal(status_of("ghcr.io", 429, 60, body).kind, TROUBLE_RETRY);
	assert_int_equal(status_of("ghcr.io", 429, 60, body).after_ms, 60000);
	assert_int_equal(status_of("ghcr.io", 429, -1, "").kind, TROUBLE_RETRY);
	assert_int_equal(status_of("ghcr.io", 429, -1, "").after_ms, -1);
}

static void only_a_passing_failure_is_tried_again(void **state)
{
	static const int passing[] = {408, 500, 502, 503, 504};
	static const int lasting[] = {400, 401, 403, 404, 405, 410, 451, 501, 505, 301};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		assert_int_equal(status_of("h", passing[i], -1, "").kind, TROUBLE_RETRY);
	for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
		assert_int_equal(status_of("h", lasting[i], -1, "").kind, TROUBLE_PLACE);
	assert_int_equal(status_of("h", 503, 5, "").after_ms, 5000);
	assert_int_equal(status_of("h", 503, 500, "").after_ms, -1);
}

/* What it means that nothing listens at @host. */
static struct trouble refused_by(const char *host)
{
	const struct trouble_about about = {.what = "'x'", .host = host, .wire = host};
	const struct http http = {.code = CURLE_COULDNT_CONNECT, .os_error = ECONNREFUSED};
	struct trouble trouble = {0};

	trouble_of_transport(&about, &http, &trouble);
	return trouble;
}

static void refused_connection_is_tried_once_more_and_not_on_this_machine(void **state)
{
	static const char *const here[] = {"localhost:5000", "127.0.0.1:5000", "[::1]:5000"};
	const struct trouble away = refused_by("ghcr.io");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(here); i++) {
		const struct trouble trouble = refused_by(here[i]);

		assert_int_equal(trouble.kind, TROUBLE_PLACE);
		assert_non_null(strstr(trouble.err.hint, "registry runs"));
	}
	assert_int_equal(away.kind, TROUBLE_RETRY);
	assert_int_equal(away.tries, 2);
	assert_in_range(away.after_ms, 0, 1000);
}

static void words_of_the_server_are_shown_without_control_characters(void **state)
{
	struct trouble trouble =
		status_of("h", 500, -1, "{\"errors\":[{\"message\":\"a\\u001b[2Jb\"}]}");

	(void)state;
	assert_non_null(strstr(trouble.err.message, "(a [2Jb)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pause_doubles_with_jitter_up_to_a_minute),
		cmocka_unit_test(pause_that_the_server_names_is_taken),
		cmocka_unit_test(quota_of_docker_hub_is_not_waited_for),
		cmocka_unit_test(only_a_passing_failure_is_tried_again),
		cmocka_unit_test(refused_connection_is_tried_once_more_and_not_on_this_machine),
		cmocka_unit_test(words_of_the_server_are_shown_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
