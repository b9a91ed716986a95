#include "fetch/credentials.h"
#include "fetch/credentials_parts.h"
#include "util/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_folder.h"

#define LIMIT_MS 20000

/* Single quotes stand for double ones, so that a document can be read. */
static char *json(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

static void check_words(const char *what, const char *found, const char *wanted)
{
	if (!str_eq(found, wanted))
		fail_msg("%s: '%s', not '%s'", what, found ? found : "(none)",
			 wanted ? wanted : "(none)");
}

/* --- what a file says --- */

static void read_login(const char *text, const char *host, const char *repository,
		       struct login_text *out)
{
	AUTO_FREE char *document = json(text);
	struct err err = {0};

	if (login_text_read(document, false, host, repository, out, &err) < 0)
		fail_msg("%s: %s", document, err.message);
}

static void check_user(const char *text, const char *host, const char *repository,
		       const char *user)
{
	AUTO_LOGIN_TEXT struct login_text login = {0};

	read_login(text, host, repository, &login);
	check_words(text, login.found.user, user);
}

static void user_and_password_come_out_of_base64(void **state)
{
	static const struct {
		const char *base64, *user, *password;
	} cases[] = {
		{"dTpw", "u", "p"},
		{"dTpwOnE=", "u", "p:q"},
		{"dTo=", "u", ""},
		{"OnA=", "", "p"},
		{"dTpwAAA=", "u", "p"},
		{"dTrDqT8+", "u", "\xc3\xa9?>"},
		{"", NULL, NULL},
		{"dXA=", NULL, NULL},
		{"dTpw=", NULL, NULL},
		{"dTo", NULL, NULL},
		{"d", NULL, NULL},
		{"dTpw dTpw", NULL, NULL},
		{"dTpw\xff\xff\xff\xff", NULL, NULL},
		{"====", NULL, NULL},
		{"AHU6cA==", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *user = NULL;
		AUTO_FREE char *password = NULL;

		assert_int_equal(login_decode(cases[i].base64, &user, &password),
				 cases[i].user ? 0 : -1);
		check_words(cases[i].base64, user, cases[i].user);
		check_words(cases[i].base64, password, cases[i].password);
	}
}

static void the_most_specific_entry_counts(void **state)
{
	/* "a:x", "b:x", "c:x", "d:x" */
	static const char text[] = "{'auths':{'r.x':{'auth':'YTp4'},'r.x/n':{'auth':'Yjp4'},"
				   "'r.x/n/i':{'auth':'Yzp4'},'R.Y:5':{'auth':'ZDp4'}}}";

	(void)state;
	check_user(text, "r.x", "n/i", "c");
	check_user(text, "r.x", "n/j", "b");
	check_user(text, "r.x", "n/i/k", "c");
	check_user(text, "r.x", "nn", "a");
	check_user(text, "r.x", "N/i", "a");
	check_user(text, "r.y:5", "i", "d");
	check_user(text, "r.y", "i", NULL);
	check_user(text, "s.x", "i", NULL);
}

static void hosts_are_the_same_as_addresses(void **state)
{
	static const char *const hub[] = {
		"https://index.docker.io/v1/", "index.docker.io",     "docker.io",
		"registry-1.docker.io",        "index.docker.io/v1/", "docker.io/library",
		"docker.io/library/debian"};
	static const char *const other[] = {"https://r.x", "http://r.x/v2/", "r.x/",
					    "https://R.X/v1/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hub); i++) {
		AUTO_FREE char *text = xasprintf("{'auths':{'%s':{'auth':'YTp4'}}}", hub[i]);

		check_user(text, "docker.io", "library/debian", "a");
		check_user(text, "r.x", "library/debian", NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(other); i++) {
		AUTO_FREE char *text = xasprintf("{'auths':{'%s':{'auth':'YTp4'}}}", other[i]);

		check_user(text, "r.x", "i", "a");
		check_user(text, "docker.io", "i", NULL);
	}
}

static void tokens_helpers_and_empty_entries_are_told_apart(void **state)
{
	AUTO_LOGIN_TEXT struct login_text login = {0};
	AUTO_LOGIN_TEXT struct login_text other = {0};
	AUTO_LOGIN_TEXT struct login_text third = {0};

	(void)state;
	read_login("{'auths':{'r.x':{'auth':'YTo=','identitytoken':'T'}},'credsStore':'s',"
		   "'credHelpers':{'h.x':'one'},'psFormat':7}",
		   "r.x", "i", &login);
	check_words("token", login.found.identity_token, "T");
	check_words("store", login.store, "s");
	check_words("helper", login.helper, NULL);
	assert_true(login.is_known);

	read_login("{'auths':{'h.x':{}},'credHelpers':{'https://H.x':'one'}}", "h.x", "i",
		   &other);
	check_words("helper", other.helper, "one");
	check_words("user", other.found.user, NULL);
	assert_true(other.is_known);

	read_login("{'auths':{'r.x':{'username':'u','password':'p'}},'credHelpers':null}",
		   "r.x", "i", &third);
	check_words("user", third.found.user, "u");
	check_words("password", third.found.password, "p");
	check_user(" \n", "r.x", "i", NULL);
	check_user("{}", "r.x", "i", NULL);
}

static void a_file_that_makes_no_sense_is_refused_without_its_secrets(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{'auths':{'r.x':{'auth':'c2VjcmV0OnNlY3JldA==' secret}}", "not valid JSON"},
		{"[]", "not a JSON object"},
		{"{'auths':[]}", "'auths' must be an object"},
		{"{'credHelpers':'x'}", "'credHelpers' must be an object"},
		{"{'auths':{'r.x':'secret'}}", "the entry of 'r.x' must be an object"},
		{"{'auths':{'r.x':{'auth':'secret'}}}", "the 'auth' of 'r.x' is not"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *document = json(cases[i].text);
		AUTO_LOGIN_TEXT struct login_text login = {0};
		struct err err = {0};

		if (login_text_read(document, false, "r.x", "i", &login, &err) == 0)
			fail_msg("%s was taken", document);
		if (!strstr(err.message, cases[i].message) || strstr(err.message, "secret"))
			fail_msg("%s: %s", document, err.message);
	}
}

/* --- helpers --- */

/* A helper NAME in a folder of PATH; its script has the question in $server. */
static void write_helper(const char *dir, const char *name, const char *script)
{
	AUTO_FREE char *file = xasprintf("bin/docker-credential-%s", name);
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);
	AUTO_FREE char *text = xasprintf("#!/bin/sh\n[ \"$*\" = get ] || exit 9\n"
					 "read -r server\n%s\n",
					 script);
	AUTO_FREE char *bin = xasprintf("%s/bin", dir);

	folder_write(dir, file, text);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(setenv("PATH", bin, 1), 0);
}

#define ANSWER(user, secret)                                                     \
	"printf '{\"ServerURL\":\"%s\",\"Username\":\"%s\",\"Secret\":\"%s\"}' " \
	"\"$server\" \"" user "\" \"" secret "\""

static void a_helper_is_asked_for_the_host(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	AUTO_CREDENTIALS struct credentials found = {0};
	AUTO_CREDENTIALS struct credentials token = {0};
	AUTO_CREDENTIALS struct credentials hub = {0};
	struct err err = {0};

	(void)state;
	write_helper(dir, "test.1", ANSWER("u-$server", "p:q"));
	if (helper_ask("test.1", "r.x:5000", LIMIT_MS, &found, &err) < 0)
		fail_msg("%s", err.message);
	check_words("user", found.user, "u-r.x:5000");
	check_words("password", found.password, "p:q");
	assert_true(str_ends(found.origin, "/bin/docker-credential-test.1"));

	write_helper(dir, "token", ANSWER("<token>", "T"));
	assert_int_equal(helper_ask("token", "r.x", LIMIT_MS, &token, &err), 0);
	check_words("user", token.user, NULL);
	check_words("token", token.identity_token, "T");

	assert_int_equal(helper_ask("test.1", "docker.io", LIMIT_MS, &hub, &err), 0);
	check_words("user", hub.user, "u-https://index.docker.io/v1/");
}

static void a_helper_may_know_nothing(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	AUTO_CREDENTIALS struct credentials found = {0};
	AUTO_CREDENTIALS struct credentials second = {0};
	struct err err = {0};

	(void)state;
	write_helper(dir, "none", "echo 'credentials not found in native keychain'; exit 1");
	assert_int_equal(helper_ask("none", "r.x", LIMIT_MS, &found, &err), 0);
	assert_null(found.user);
	assert_null(found.origin);

	write_helper(dir, "empty", ANSWER("", ""));
	assert_int_equal(helper_ask("empty", "r.x", LIMIT_MS, &found, &err), 0);
	assert_null(found.user);

	/* Docker Hub has two names. */
	write_helper(dir, "hub",
		     "[ \"$server\" = docker.io ] || { echo credentials not found; exit 1; "
		     "}\n" ANSWER("u", "p"));
	assert_int_equal(helper_ask("hub", "docker.io", LIMIT_MS, &second, &err), 0);
	check_words("user", second.user, "u");
}

static void a_helper_that_fails_is_said_with_its_words(void **state)
{
	static const struct {
		const char *script, *message;
	} cases[] = {
		{"echo oh\tno\033; exit 3", "it failed with status 3: oh no"},
		{"exit 4", "it failed with status 4"},
		{"kill -9 $$", "it failed with status 137"},
		{"echo '{}'", "its answer is not"},
		{"echo", "its answer is not"},
		{"while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
		 "its answer is too long"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FOLDER char *dir = folder_make();
		struct credentials found = {.user = NULL};
		struct err err = {0};

		write_helper(dir, "bad", cases[i].script);
		assert_int_equal(helper_ask("bad", "r.x", LIMIT_MS, &found, &err), -1);
		if (!strstr(err.message, cases[i].message) || !str_is_printable(err.message))
			fail_msg("%s: %s", cases[i].script, err.message);
		assert_null(found.user);
	}
}

static void a_helper_has_a_time_limit(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	struct credentials found = {.user = NULL};
	struct err err = {0};

	(void)state;
	write_helper(dir, "slow", "exec >&-; while :; do PATH=/bin:/usr/bin sleep 1; done");
	assert_int_equal(helper_ask("slow", "r.x", 100, &found, &err), -1);
	assert_non_null(strstr(err.message, "has not answered in 1 seconds"));
}

static void what_a_helper_leaves_behind_is_not_waited_for(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	AUTO_CREDENTIALS struct credentials found = {0};
	struct err err = {0};

	(void)state;
	/* It holds the pipe for longer than the limit. */
	write_helper(dir, "fork", "PATH=/bin:/usr/bin sleep 30 & " ANSWER("u", "p"));
	if (helper_ask("fork", "r.x", LIMIT_MS, &found, &err) < 0)
		fail_msg("%s", err.message);
	check_words("user", found.user, "u");
}

static void a_helper_is_a_program_of_that_name_and_nothing_else(void **state)
{
	static const char *const names[] = {"", "a/b", "../x", "a b", "a;b", "$x"};
	struct credentials found;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(helper_ask(names[i], "r.x", LIMIT_MS, &found, &err), -1);
		assert_non_null(strstr(err.message, "is not made of"));
	}
	assert_int_equal(helper_ask("missing", "r.x", LIMIT_MS, &found, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

/* --- files --- */

static int find(const char *dir, bool has_own_file, const char *host, struct credentials *out,
		struct err *err)
{
	AUTO_STRV struct strv env = {0};
	AUTO_FREE char *home = xasprintf("%s/home", dir);

	strv_addf(&env, "XDG_RUNTIME_DIR=%s/run", dir);
	if (has_own_file)
		strv_addf(&env, "REGISTRY_AUTH_FILE=%s/own.json", dir);
	return credentials_find(&env, home, host, "i", out, err);
}

static void check_found(const char *dir, bool has_own_file, const char *host, const char *user,
			const char *origin)
{
	AUTO_CREDENTIALS struct credentials found = {0};
	struct err err = {0};

	if (find(dir, has_own_file, host, &found, &err) < 0)
		fail_msg("%s: %s", err.file, err.message);
	check_words("user", found.user, user);
	if (origin)
		assert_true(str_ends(found.origin, origin));
	else
		assert_null(found.origin);
}

static void the_first_file_that_knows_the_host_counts(void **state)
{
	AUTO_FOLDER char *dir = folder_make();

	(void)state;
	check_found(dir, false, "r.x", NULL, NULL);
	/* "a:x" to "e:x" */
	folder_write(dir, "home/.dockercfg", "{\"r.x\":{\"auth\":\"YTp4\"}}");
	check_found(dir, false, "r.x", "a", "/.dockercfg");
	folder_write(dir, "home/.docker/config.json",
		     "{\"auths\":{\"r.x\":{\"auth\":\"Yjp4\"}}}");
	check_found(dir, false, "r.x", "b", "/.docker/config.json");
	folder_write(dir, "home/.config/containers/auth.json",
		     "{\"auths\":{\"r.x\":{\"auth\":\"Yzp4\"}}}");
	check_found(dir, false, "r.x", "c", "/.config/containers/auth.json");
	folder_write(dir, "run/containers/auth.json",
		     "{\"auths\":{\"other.x\":{\"auth\":\"ZDp4\"}}}");
	check_found(dir, false, "r.x", "c", "/.config/containers/auth.json");
	check_found(dir, false, "other.x", "d", "/run/containers/auth.json");

	folder_write(dir, "own.json", "{\"auths\":{\"own.x\":{\"auth\":\"ZTp4\"}}}");
	check_found(dir, true, "own.x", "e", "/own.json");
	check_found(dir, true, "r.x", NULL, NULL);
}

static void a_file_that_was_asked_for_must_be_there(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	struct credentials found;
	struct err err = {0};

	(void)state;
	assert_int_equal(find(dir, true, "r.x", &found, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.message, "own.json"));
}

static void a_broken_file_is_named(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	struct credentials found;
	struct err err = {0};

	(void)state;
	folder_write(dir, "home/.docker/config.json", "{\n]");
	assert_int_equal(find(dir, false, "r.x", &found, &err), -1);
	assert_true(str_ends(err.file, "/.docker/config.json"));
	assert_int_equal(err.line, 2);
}

static void a_host_s_helper_counts_before_its_entry_and_a_store_after(void **state)
{
	AUTO_FOLDER char *dir = folder_make();

	(void)state;
	write_helper(dir, "one", ANSWER("helped", "p"));
	folder_write(dir, "home/.docker/config.json",
		     "{\"credsStore\":\"one\",\"credHelpers\":{\"h.x\":\"one\"},\"auths\":{"
		     "\"h.x\":{\"auth\":\"YTp4\"},\"r.x\":{\"auth\":\"YTp4\"},\"s.x\":{}}}");
	check_found(dir, false, "h.x", "helped", "/docker-credential-one");
	check_found(dir, false, "r.x", "a", "/config.json");
	check_found(dir, false, "s.x", "helped", "/docker-credential-one");
	check_found(dir, false, "t.x", "helped", "/docker-credential-one");
}

static void a_store_that_fails_matters_where_the_user_logged_in(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	struct credentials found;
	struct err err = {0};

	(void)state;
	folder_write(dir, "home/.docker/config.json",
		     "{\"credsStore\":\"missing\",\"auths\":{\"s.x\":{}}}");
	check_found(dir, false, "t.x", NULL, NULL);
	assert_int_equal(find(dir, false, "s.x", &found, &err), -1);
	assert_non_null(strstr(err.message, "docker-credential-missing"));
	assert_true(str_ends(err.file, "/config.json"));
	assert_string_equal(err.hint, "install it, or take it out of that file");

	folder_write(dir, "home/.docker/config.json",
		     "{\"credHelpers\":{\"h.x\":\"missing\"}}");
	assert_int_equal(find(dir, false, "h.x", &found, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_and_password_come_out_of_base64),
		cmocka_unit_test(the_most_specific_entry_counts),
		cmocka_unit_test(hosts_are_the_same_as_addresses),
		cmocka_unit_test(tokens_helpers_and_empty_entries_are_told_apart),
		cmocka_unit_test(a_file_that_makes_no_sense_is_refused_without_its_secrets),
		cmocka_unit_test(a_helper_is_asked_for_the_host),
		cmocka_unit_test(a_helper_may_know_nothing),
		cmocka_unit_test(a_helper_that_fails_is_said_with_its_words),
		cmocka_unit_test(a_helper_has_a_time_limit),
		cmocka_unit_test(what_a_helper_leaves_behind_is_not_waited_for),
		cmocka_unit_test(a_helper_is_a_program_of_that_name_and_nothing_else),
		cmocka_unit_test(the_first_file_that_knows_the_host_counts),
		cmocka_unit_test(a_file_that_was_asked_for_must_be_there),
		cmocka_unit_test(a_broken_file_is_named),
		cmocka_unit_test(a_host_s_helper_counts_before_its_entry_and_a_store_after),
		cmocka_unit_test(a_store_that_fails_matters_where_the_user_logged_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
