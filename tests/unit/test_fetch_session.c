#include "fetch_fixture.h"

#define BASIC_GOOD "Basic dXNlcjp3b3Jk"

static int get(struct rig *rig, const char *repository, struct err *err)
{
	AUTO_REFERENCE struct reference reference = rig_reference(rig, repository);
	struct fetched fetched = {0};

	if (!rig->fetch)
		(void)rig_fetch(rig, 300);
	assert_int_equal(truncate(rig->log, 0), 0);
	if (fetch_manifest(rig->fetch, &reference, NULL, &fetched, err) < 0)
		return -1;
	assert_string_equal(fetched.text, rig->manifest);
	fetched_done(&fetched);
	return 0;
}

static void assert_gets(struct rig *rig, const char *repository)
{
	struct err err = {0};

	if (get(rig, repository, &err) < 0)
		fail_msg("%s: %s", repository, err.message);
}

static void token_is_got_for_whoever_asks(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	assert_gets(rig, "x-auth-bearer/x-auth-anonymous/app");
	asked = rig_asked(rig);
	assert_int_equal(json_array_size(asked.all), 3);
	assert_int_equal(asked_status(&asked, 0), 401);
	assert_null(asked_header(&asked, 0, "Authorization"));
	assert_non_null(strstr(asked_text(&asked, 1, "path"),
			       "service=fault%2C%20registry&scope=repository%3Ax-auth-bearer%2F"
			       "x-auth-anonymous%2Fapp%3Apull"));
	assert_null(asked_header(&asked, 1, "Authorization"));
	assert_string_equal(asked_header(&asked, 2, "Authorization"), "Bearer token-1");
}

static void token_serves_all_questions_to_a_repository(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	assert_gets(rig, "x-auth-anonymous/app");
	assert_gets(rig, "x-auth-anonymous/app");
	asked = rig_asked(rig);
	assert_int_equal(json_array_size(asked.all), 1);
	assert_string_equal(asked_header(&asked, 0, "Authorization"), "Bearer token-1");
}

static void bearer_is_found_among_many_challenges(void **state)
{
	assert_gets(*state, "x-auth-many/app");
}

static void challenge_is_looked_for_where_all_registries_have_it(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	rig_login(rig, LOGIN_GOOD);
	assert_gets(rig, "x-auth-quiet/app");
	asked = rig_asked(rig);
	assert_string_equal(asked_text(&asked, 1, "path"), "/v2/");
	assert_int_equal(json_array_size(asked.all), 4);
}

static void login_is_shown_to_the_token_server_alone(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	rig_login(rig, LOGIN_GOOD);
	assert_gets(rig, "x-auth-bearer/app");
	asked = rig_asked(rig);
	assert_string_equal(asked_header(&asked, 1, "Authorization"), BASIC_GOOD);
	assert_non_null(strstr(asked_text(&asked, 1, "path"), "&account=user"));
	assert_string_equal(asked_header(&asked, 2, "Authorization"), "Bearer token-1");
}

static void login_is_shown_when_a_registry_wants_it_itself(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	rig_login(rig, LOGIN_GOOD);
	assert_gets(rig, "x-auth-basic/app");
	asked = rig_asked(rig);
	assert_null(asked_header(&asked, 0, "Authorization"));
	assert_string_equal(asked_header(&asked, 1, "Authorization"), BASIC_GOOD);
}

static void identity_token_is_posted(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	rig_login(rig, LOGIN_TOKEN);
	assert_gets(rig, "x-auth-bearer/app");
	asked = rig_asked(rig);
	assert_string_equal(asked_text(&asked, 1, "method"), "POST");
	assert_null(strchr(asked_text(&asked, 1, "path"), '?'));
	assert_non_null(
		strstr(asked_text(&asked, 1, "body"), "refresh_token=identity%2Btoken"));
}

static void server_without_oauth_is_asked_the_old_way(void **state)
{
	struct rig *rig = *state;

	rig_login(rig, LOGIN_TOKEN);
	assert_gets(rig, "x-auth-anonymous/x-token-nopost/app");
}

static void token_that_is_over_is_renewed(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	assert_gets(rig, "x-auth-anonymous/x-token-uses-2/app");
	assert_gets(rig, "x-auth-anonymous/x-token-uses-2/app");
	assert_gets(rig, "x-auth-anonymous/x-token-uses-2/app");
	asked = rig_asked(rig);
	assert_int_equal(asked_status(&asked, 0), 401);
	assert_string_equal(asked_header(&asked, 0, "Authorization"), "Bearer token-1");
	assert_string_equal(asked_header(&asked, 2, "Authorization"), "Bearer token-2");
}

static void token_for_something_else_is_got_again_for_this(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};

	assert_gets(rig, "x-auth-anonymous/x-auth-scope/app");
	asked = rig_asked(rig);
	assert_int_equal(json_array_size(asked.all), 5);
	assert_string_equal(asked_header(&asked, 4, "Authorization"), "Bearer token-2");
}

static void token_server_may_have_a_bad_day(void **state)
{
	assert_gets(*state, "x-auth-anonymous/x-token-status-503-2/app");
}

static void refusal_says_why(void **state)
{
	static const struct {
		const char *login;
		const char *repository;
		size_t questions;
		const char *words, *hint;
	} cases[] = {
		{NULL, "x-auth-bearer/a", 2, "does not exist or needs a login (UNAUTHORIZED",
		 "podman login 127.0.0.1"},
		{NULL, "x-auth-basic/a", 1, "does not exist or needs a login", "podman login"},
		{NULL, "x-auth-anonymous/x-auth-loop/a", 3, "needs a login", "podman login"},
		{LOGIN_GOOD, "x-auth-loop/a", 3, "refuses user 'user', whose login is from '",
		 "podman logout"},
		{LOGIN_WRONG, "x-auth-bearer/a", 2,
		 "refuses user 'user', whose login is from '", "podman logout"},
		{LOGIN_WRONG, "x-auth-basic/a", 2, "refuses user 'user'", "podman logout"},
		{NULL, "x-auth-realm-meta/a", 1,
		 "'http://169.254.169.254/latest/token' for a "
		 "token, an address of a private network",
		 "mistake"},
		{NULL, "x-auth-realm-file/a", 1, "which is not https", "mistake"},
		{NULL, "x-auth-realm-user/a", 1, "with a user in it", "mistake"},
		{LOGIN_GOOD, "x-auth-realm-plain/a", 1, "another domain", "podman logout"},
		{NULL, "x-auth-anonymous/x-token-junk/a", 2, "its answer is no JSON", ""},
		{NULL, "x-auth-anonymous/x-token-big/a", 2, "its answer is too long", ""},
		{NULL, "x-auth-anonymous/x-token-status-503-0/a", 6, "HTTP status 503",
		 "later"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_ASKED struct asked asked = {0};
		struct err err = {0};

		env_set(&rig->env, "REGISTRY_AUTH_FILE", NULL);
		if (cases[i].login)
			rig_login(rig, cases[i].login);
		(void)rig_fetch(rig, 300);
		assert_int_equal(get(rig, cases[i].repository, &err), -1);
		asked = rig_asked(rig);
		if (!strstr(err.message, cases[i].words) || !strstr(err.hint, cases[i].hint) ||
		    json_array_size(asked.all) != cases[i].questions)
			fail_msg("%s: %zu questions: %s (%s)", cases[i].repository,
				 json_array_size(asked.all), err.message, err.hint);
	}
}

static void redirection_carries_no_login_elsewhere(void **state)
{
	static const char *const cases[] = {"x-auth-bearer/x-blob-redirect/a",
					    "x-auth-basic/x-blob-redirect/a"};
	struct rig *rig = *state;

	rig_login(rig, LOGIN_GOOD);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BLOB struct blob_run run = {0};
		AUTO_ASKED struct asked asked = {0};

		(void)rig_fetch(rig, 0);
		assert_gets(rig, cases[i]);
		blob_start(rig, cases[i], &run);
		assert_int_equal(blob_finish(rig, &run), TRANSFER_DONE);
		assert_whole(rig, &run);
		asked = rig_asked(rig);
		/* There was one elsewhere, and the one that led there did carry it. */
		assert_int_equal(asked_count(&asked, "/kept/"), 1);
		assert_no_login_at(&asked, "other");
		assert_non_null(
			asked_header(&asked, json_array_size(asked.all) - 2, "Authorization"));
	}
}

static void redirection_within_a_registry_keeps_the_login(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};

	rig_login(rig, LOGIN_GOOD);
	(void)rig_fetch(rig, 0);
	blob_start(rig, "x-auth-basic/x-blob-redirectself/a", &run);
	assert_int_equal(blob_finish(rig, &run), TRANSFER_DONE);
}

static void many_blobs_share_one_token(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};
	struct blob_run runs[6] = {0};

	(void)rig_fetch(rig, 0);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		blob_start(rig, "x-auth-anonymous/app", &runs[i]);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		assert_int_equal(blob_finish(rig, &runs[i]), TRANSFER_DONE);
		blob_done(&runs[i]);
	}
	asked = rig_asked(rig);
	assert_int_equal(asked_count(&asked, "/token/"), 1);
}

static void token_that_ends_between_blobs_is_renewed(void **state)
{
	struct rig *rig = *state;
	struct blob_run runs[6] = {0};

	(void)rig_fetch(rig, 0);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		blob_start(rig, "x-auth-anonymous/x-token-uses-1/x-blob-cut-1500000-2/app",
			   &runs[i]);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		if (blob_finish(rig, &runs[i]) != TRANSFER_DONE)
			fail_msg("%s", runs[i].err.message);
		assert_whole(rig, &runs[i]);
		blob_done(&runs[i]);
	}
}

static void mirror_gets_no_login_of_the_registry(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference reference = rig_reference(rig, "x-auth-basic/app");
	AUTO_ASKED struct asked asked = {0};
	AUTO_FREE char *conf =
		xasprintf("[[registry]]\nlocation = \"127.0.0.1:%s\"\n[[registry.mirror]]\n"
			  "location = \"127.0.0.1:%s\"\n",
			  rig->port, rig->other);
	struct fetched fetched = {0};
	struct err err = {0};

	rig_login(rig, LOGIN_GOOD);
	rig_write(rig, "registries.conf", conf);
	(void)rig_fetch(rig, 0);
	assert_int_equal(fetch_manifest(rig->fetch, &reference, NULL, &fetched, &err), 0);
	fetched_done(&fetched);
	asked = rig_asked(rig);
	assert_string_equal(asked_text(&asked, 0, "server"), "other");
	assert_no_login_at(&asked, "other");
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_make, rig_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RIG(token_is_got_for_whoever_asks),
		IN_RIG(token_serves_all_questions_to_a_repository),
		IN_RIG(bearer_is_found_among_many_challenges),
		IN_RIG(challenge_is_looked_for_where_all_registries_have_it),
		IN_RIG(login_is_shown_to_the_token_server_alone),
		IN_RIG(login_is_shown_when_a_registry_wants_it_itself),
		IN_RIG(identity_token_is_posted),
		IN_RIG(server_without_oauth_is_asked_the_old_way),
		IN_RIG(token_that_is_over_is_renewed),
		IN_RIG(token_for_something_else_is_got_again_for_this),
		IN_RIG(token_server_may_have_a_bad_day),
		IN_RIG(refusal_says_why),
		IN_RIG(redirection_carries_no_login_elsewhere),
		IN_RIG(redirection_within_a_registry_keeps_the_login),
		IN_RIG(many_blobs_share_one_token),
		IN_RIG(token_that_ends_between_blobs_is_renewed),
		IN_RIG(mirror_gets_no_login_of_the_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
