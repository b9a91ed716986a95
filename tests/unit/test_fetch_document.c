#include "fetch_fixture.h"

static int get(struct rig *rig, const char *repository, struct fetched *out, struct err *err)
{
	AUTO_REFERENCE struct reference reference = rig_reference(rig, repository);

	assert_int_equal(truncate(rig->log, 0), 0);
	(void)rig_fetch(rig, 300);
	return fetch_manifest(rig->fetch, &reference, NULL, out, err);
}

static void manifest_comes_by_tag(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};
	struct fetched fetched = {0};
	struct err err = {0};

	if (get(rig, "app", &fetched, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(fetched.text, rig->manifest);
	assert_int_equal(fetched.len, strlen(rig->manifest));
	assert_string_equal(fetched.media_type, MANIFEST_TYPE);
	assert_string_equal(fetched.digest, rig->manifest_digest);
	fetched_done(&fetched);
	asked = rig_asked(rig);
	assert_string_equal(asked_text(&asked, 0, "path"), "/v2/app/manifests/latest");
	assert_non_null(strstr(asked_header(&asked, 0, "Accept"),
			       "application/vnd.oci.image.index.v1+json"));
	assert_non_null(strstr(asked_header(&asked, 0, "Accept"),
			       "application/vnd.docker.distribution.manifest.v2+json"));
	assert_null(strstr(asked_header(&asked, 0, "Accept"), "distribution.manifest.v1+"));
	assert_non_null(strstr(asked_header(&asked, 0, "User-Agent"), "devbox/"));
}

static void manifest_comes_by_digest(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference reference = rig_reference(rig, "app");
	AUTO_ASKED struct asked asked = {0};
	AUTO_FREE char *path = xasprintf("/v2/app/manifests/%s", rig->manifest_digest);
	struct fetched fetched = {0};
	struct err err = {0};

	(void)rig_fetch(rig, 0);
	assert_int_equal(
		fetch_manifest(rig->fetch, &reference, rig->manifest_digest, &fetched, &err),
		0);
	fetched_done(&fetched);
	reference.digest = xstrdup(rig->manifest_digest);
	assert_int_equal(fetch_manifest(rig->fetch, &reference, NULL, &fetched, &err), 0);
	fetched_done(&fetched);
	asked = rig_asked(rig);
	assert_string_equal(asked_text(&asked, 0, "path"), path);
	assert_string_equal(asked_text(&asked, 1, "path"), path);
}

static void manifest_of_another_digest_is_refused(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference reference = rig_reference(rig, "x-manifest-flip/app");
	struct fetched fetched = {0};
	struct err err = {0};

	(void)rig_fetch(rig, 0);
	assert_int_equal(
		fetch_manifest(rig->fetch, &reference, rig->manifest_digest, &fetched, &err),
		-1);
	assert_int_equal(err.code, EBADMSG);
	assert_non_null(strstr(err.message, rig->manifest_digest));
	assert_null(fetched.text);
}

static void manifest_that_cannot_be_had_says_why(void **state)
{
	static const struct {
		const char *repository;
		size_t questions;
		int code;
		const char *words, *hint;
	} cases[] = {
		{"x-manifest-status-404-0/a", 1, ENOENT, "no such tag or digest (UNKNOWN",
		 "name"},
		{"x-manifest-status-401-0/a", 1, EACCES, "does not exist or needs a login",
		 "podman login"},
		{"x-manifest-status-403-0/a", 1, EACCES, "does not exist or needs a login",
		 "podman login"},
		{"x-manifest-status-502-0/a", 5, EIO, "HTTP status 502", "later"},
		{"x-manifest-quota/a", 1, EAGAIN, "TOOMANYREQUESTS: You have reached",
		 "podman login"},
		{"x-manifest-big/a", 1, EBADMSG, "more than 4194304 bytes", "no image"},
		{"x-manifest-bigchunk/a", 1, EBADMSG, "more than 4194304 bytes", "no image"},
		{"x-manifest-endless/a", 1, EBADMSG, "more than 4194304 bytes", "no image"},
		{"x-manifest-wrongdigest/a", 1, EBADMSG, "instead of 'sha256:00000", "push"},
		{"x-manifest-cut-3/a", 1, EBADMSG, "damaged", "push"},
		{"x-manifest-html/a", 1, EBADMSG, "sent a web page", "browser"},
		{"x-manifest-gzip/a", 1, EPROTO, "Content-Encoding 'gzip'", "proxy"},
		{"x-manifest-stall-10-0/a", 5, ETIMEDOUT, "next to nothing", "later"},
		{"x-manifest-drop-10-0/a", 5, EIO, "broke", "again"},
		{"x-manifest-redirectloop/a", 6, EPROTO, "in a circle", "mistake"},
		{"x-manifest-redirectfile/a", 1, EPROTO, "which is not https", "mistake"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_ASKED struct asked asked = {0};
		struct fetched fetched = {0};
		struct err err = {0};

		assert_int_equal(get(rig, cases[i].repository, &fetched, &err), -1);
		asked = rig_asked(rig);
		if (!strstr(err.message, cases[i].words) || !strstr(err.hint, cases[i].hint) ||
		    err.code != cases[i].code ||
		    asked_count(&asked, "/manifests/") != cases[i].questions)
			fail_msg("%s: %zu questions, code %d: %s (%s)", cases[i].repository,
				 asked_count(&asked, "/manifests/"), err.code, err.message,
				 err.hint);
		assert_null(fetched.text);
	}
}

static void manifest_comes_in_spite_of_a_bad_day(void **state)
{
	static const char *const cases[] = {
		"x-manifest-status-503-4/a", "x-manifest-drop-3/a",   "x-manifest-stall-3/a",
		"x-manifest-limit-0-3/a",    "x-manifest-nodigest/a",
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fetched fetched = {0};
		struct err err = {0};

		if (get(rig, cases[i], &fetched, &err) < 0)
			fail_msg("%s: %s", cases[i], err.message);
		assert_string_equal(fetched.text, rig->manifest);
		fetched_done(&fetched);
	}
}

static void media_type_is_that_of_the_server_when_it_means_something(void **state)
{
	struct rig *rig = *state;
	struct fetched fetched = {0};
	struct err err = {0};

	assert_int_equal(get(rig, "x-manifest-plain/a", &fetched, &err), 0);
	assert_null(fetched.media_type);
	fetched_done(&fetched);
	assert_int_equal(get(rig, "x-manifest-schema1/a", &fetched, &err), 0);
	assert_string_equal(fetched.media_type,
			    "application/vnd.docker.distribution.manifest.v1+prettyjws");
	fetched_done(&fetched);
}

static void warning_of_a_registry_is_passed_on_once(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference reference = rig_reference(rig, "x-manifest-warn/a");
	struct err err = {0};

	(void)rig_fetch(rig, 0);
	for (int i = 0; i < 2; i++) {
		struct fetched fetched = {0};

		assert_int_equal(fetch_manifest(rig->fetch, &reference, NULL, &fetched, &err),
				 0);
		fetched_done(&fetched);
	}
	assert_int_equal(rig->notes.count, 1);
	assert_true(rig_has_note(rig, "warns: this registry ends [1msoon"));
}

static void head_gives_the_digest_alone(void **state)
{
	static const struct {
		const char *repository;
		const char *last; /* method of the last question */
	} cases[] = {
		{"a", "HEAD"},
		/* One that does not know HEAD, and one that does not say the digest. */
		{"x-manifest-nohead/a", "GET"},
		{"x-manifest-nodigest/a", "GET"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_REFERENCE struct reference reference =
			rig_reference(rig, cases[i].repository);
		AUTO_ASKED struct asked asked = {0};
		AUTO_FREE char *digest = NULL;
		struct err err = {0};

		(void)rig_fetch(rig, 0);
		if (fetch_head(rig->fetch, &reference, &digest, &err) < 0)
			fail_msg("%s", err.message);
		assert_string_equal(digest, rig->manifest_digest);
		asked = rig_asked(rig);
		assert_string_equal(
			asked_text(&asked, json_array_size(asked.all) - 1, "method"),
			cases[i].last);
	}
}

static void head_of_a_missing_tag_fails(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference reference = rig_reference(rig, "a");
	char *digest = NULL;
	struct err err = {0};

	free(reference.tag);
	reference.tag = xstrdup("none");
	(void)rig_fetch(rig, 0);
	assert_int_equal(fetch_head(rig->fetch, &reference, &digest, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_null(digest);
}

static int get_config(struct rig *rig, const char *repository, struct fetched *out,
		      struct err *err)
{
	AUTO_REFERENCE struct reference reference = rig_reference(rig, repository);

	(void)rig_fetch(rig, 300);
	return fetch_small(rig->fetch, &reference, &rig->config, out, err);
}

static void config_comes_whole_or_not_at_all(void **state)
{
	struct rig *rig = *state;
	struct fetched fetched = {0};
	struct err err = {0};

	assert_int_equal(get_config(rig, "a", &fetched, &err), 0);
	assert_string_equal(fetched.text, "{\"os\":\"linux\"}");
	assert_string_equal(fetched.digest, rig->config.digest);
	fetched_done(&fetched);
	assert_int_equal(get_config(rig, "x-blob-redirect/a", &fetched, &err), 0);
	fetched_done(&fetched);
	assert_int_equal(get_config(rig, "x-blob-flip/a", &fetched, &err), -1);
	assert_non_null(strstr(err.message, "fetch the config of '127.0.0.1:"));
	assert_non_null(strstr(err.message, "damaged"));
	rig->config.size++;
	assert_int_equal(get_config(rig, "a", &fetched, &err), -1);
	assert_non_null(strstr(err.message, "it has 14 bytes, but the image says 15"));
	rig->config.size = DOCUMENT_MAX + 1;
	assert_int_equal(get_config(rig, "a", &fetched, &err), -1);
	assert_non_null(strstr(err.message, "too many"));
}

static void mirrors_are_asked_first_and_in_order(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference reference = rig_reference_at("registry.invalid", "app");
	AUTO_ASKED struct asked asked = {0};
	AUTO_FREE char *conf = xasprintf(
		"[[registry]]\nlocation = \"registry.invalid\"\n"
		"[[registry.mirror]]\nlocation = \"127.0.0.1:%s/x-manifest-status-404-0\"\n"
		"[[registry.mirror]]\nlocation = \"127.0.0.1:%s/good\"\n",
		rig->port, rig->port);
	struct fetched fetched = {0};
	struct err err = {0};

	rig_write(rig, "registries.conf", conf);
	(void)rig_fetch(rig, 0);
	if (fetch_manifest(rig->fetch, &reference, NULL, &fetched, &err) < 0)
		fail_msg("%s", err.message);
	fetched_done(&fetched);
	asked = rig_asked(rig);
	assert_int_equal(json_array_size(asked.all), 2);
	assert_string_equal(asked_text(&asked, 1, "path"), "/v2/good/app/manifests/latest");
	assert_true(rig_has_note(rig, "no such tag or digest"));
}

static void registry_that_is_not_there_is_named(void **state)
{
	static const struct {
		const char *host;
		const char *words, *hint;
	} cases[] = {
		{"registry.invalid", "'registry.invalid' cannot be resolved", "getent hosts"},
		{"127.0.0.1:1", "'127.0.0.1:1' cannot be reached", "registry runs"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_REFERENCE struct reference reference =
			rig_reference_at(cases[i].host, "app");
		struct fetched fetched = {0};
		struct err err = {0};

		(void)rig_fetch(rig, 0);
		assert_int_equal(fetch_manifest(rig->fetch, &reference, NULL, &fetched, &err),
				 -1);
		if (!strstr(err.message, cases[i].words) || !strstr(err.hint, cases[i].hint))
			fail_msg("%s (%s)", err.message, err.hint);
	}
	/* Nothing will come up on this machine while we wait. */
	assert_false(rig_has_note(rig, "'127.0.0.1:1' cannot be reached"));
}

static void proxy_is_taken_from_the_caller_and_not_for_this_machine(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference away = rig_reference_at("registry.invalid", "app");
	AUTO_REFERENCE struct reference here = rig_reference(rig, "app");
	struct fetched fetched = {0};
	struct err err = {0};

	/* A proxy that does not know CONNECT, and is nobody's for plain HTTP. */
	strv_addf(&rig->env, "https_proxy=http://127.0.0.1:%s", rig->other);
	strv_add(&rig->env, "http_proxy=http://127.0.0.1:1");
	(void)rig_fetch(rig, 0);
	assert_int_equal(fetch_manifest(rig->fetch, &away, NULL, &fetched, &err), -1);
	if (!strstr(err.message, "the proxy does not help"))
		fail_msg("%s", err.message);
	assert_non_null(strstr(err.hint, "https_proxy"));
	assert_int_equal(fetch_manifest(rig->fetch, &here, NULL, &fetched, &err), 0);
	fetched_done(&fetched);
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_make, rig_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RIG(manifest_comes_by_tag),
		IN_RIG(manifest_comes_by_digest),
		IN_RIG(manifest_of_another_digest_is_refused),
		IN_RIG(manifest_that_cannot_be_had_says_why),
		IN_RIG(manifest_comes_in_spite_of_a_bad_day),
		IN_RIG(media_type_is_that_of_the_server_when_it_means_something),
		IN_RIG(warning_of_a_registry_is_passed_on_once),
		IN_RIG(head_gives_the_digest_alone),
		IN_RIG(head_of_a_missing_tag_fails),
		IN_RIG(config_comes_whole_or_not_at_all),
		IN_RIG(mirrors_are_asked_first_and_in_order),
		IN_RIG(registry_that_is_not_there_is_named),
		IN_RIG(proxy_is_taken_from_the_caller_and_not_for_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
