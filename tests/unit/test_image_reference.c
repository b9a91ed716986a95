#include "image/reference.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64
#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A128 A32 A32 A32 A32

static void check_words(const char *input, const char *what, const char *found,
			const char *wanted)
{
	if (!str_eq(found, wanted))
		fail_msg("'%s': %s is '%s', not '%s'", input, what, found ? found : "(none)",
			 wanted ? wanted : "(none)");
}

static void names_in_registries_are_taken_apart_with_dockers_defaults(void **state)
{
	static const struct {
		const char *input, *host, *repository, *tag, *digest;
	} cases[] = {
		{"debian", "docker.io", "library/debian", "latest", NULL},
		{"debian:12", "docker.io", "library/debian", "12", NULL},
		{"docker://debian:12", "docker.io", "library/debian", "12", NULL},
		{"foo/bar", "docker.io", "foo/bar", "latest", NULL},
		{"library/debian", "docker.io", "library/debian", "latest", NULL},
		{"docker.io/debian", "docker.io", "library/debian", "latest", NULL},
		{"index.docker.io/debian:1", "docker.io", "library/debian", "1", NULL},
		{"registry-1.docker.io/a/b", "docker.io", "a/b", "latest", NULL},
		{"DOCKER.IO/debian", "docker.io", "library/debian", "latest", NULL},
		{"docker.io:443/debian", "docker.io:443", "debian", "latest", NULL},
		{"localhost/foo", "localhost", "foo", "latest", NULL},
		{"Localhost/foo", "localhost", "foo", "latest", NULL},
		{"localhost:5000/app:dev", "localhost:5000", "app", "dev", NULL},
		{"localhost:05000/app", "localhost:5000", "app", "latest", NULL},
		{"localhost:5000", "docker.io", "library/localhost", "5000", NULL},
		{"127.0.0.1:5555/x", "127.0.0.1:5555", "x", "latest", NULL},
		{"[::1]:5000/x:1", "[::1]:5000", "x", "1", NULL},
		{"[::1]/x", "[::1]", "x", "latest", NULL},
		{"[0:0:0:0:0:0:0:1]/x", "[::1]", "x", "latest", NULL},
		{"[FE80::A]:80/x", "[fe80::a]:80", "x", "latest", NULL},
		{"ghcr.io/x/y@" DIGEST, "ghcr.io", "x/y", NULL, DIGEST},
		{"ghcr.io/x/y:z@" DIGEST, "ghcr.io", "x/y", "z", DIGEST},
		{"debian@" DIGEST, "docker.io", "library/debian", NULL, DIGEST},
		{"a.b/c/d/e/f:t", "a.b", "c/d/e/f", "t", NULL},
		{"X-y.Example.COM/r", "x-y.example.com", "r", "latest", NULL},
		{"a_b/c__d/e-f/g---h/i.j", "docker.io", "a_b/c__d/e-f/g---h/i.j", "latest",
		 NULL},
		{"x:_a.b-C", "docker.io", "library/x", "_a.b-C", NULL},
		{"x:" A128, "docker.io", "library/x", A128, NULL},
		{"host:1", "docker.io", "library/host", "1", NULL},
		{"docker.io/host", "docker.io", "library/host", "latest", NULL},
		{"0123", "docker.io", "library/0123", "latest", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_REFERENCE struct reference ref = {0};
		AUTO_REFERENCE struct reference again = {0};
		const char *input = cases[i].input;
		struct err err = {0};

		if (reference_parse(input, NULL, &ref, &err) < 0)
			fail_msg("'%s': %s", input, err.message);
		assert_int_equal(ref.source, IMAGE_REGISTRY);
		assert_null(ref.path);
		check_words(input, "host", ref.host, cases[i].host);
		check_words(input, "repository", ref.repository, cases[i].repository);
		check_words(input, "tag", ref.tag, cases[i].tag);
		check_words(input, "digest", ref.digest, cases[i].digest);

		assert_int_equal(reference_parse(ref.text, NULL, &again, &err), 0);
		check_words(input, "text", again.text, ref.text);
	}
}

static void a_name_is_short_when_it_has_no_registry(void **state)
{
	static const struct {
		const char *input;
		bool is_short;
	} cases[] = {
		{"debian", true},
		{"foo/bar:1", true},
		{"docker://debian", true},
		{"docker.io/library/debian", false},
		{"index.docker.io/debian", false},
		{"localhost/x", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_REFERENCE struct reference ref = {0};
		struct err err;

		assert_int_equal(reference_parse(cases[i].input, NULL, &ref, &err), 0);
		assert_int_equal(ref.is_short, cases[i].is_short);
	}
}

static void paths_and_names_inside_archives_are_taken_apart(void **state)
{
	static const struct {
		const char *input, *text, *path, *tag;
		enum image_source source;
	} cases[] = {
		{"host", "host", NULL, NULL, IMAGE_HOST},
		{"rootfs:/srv/root", "rootfs:/srv/root", "/srv/root", NULL, IMAGE_ROOTFS},
		{"rootfs:/srv/a:b/", "rootfs:/srv/a:b", "/srv/a:b", NULL, IMAGE_ROOTFS},
		{"oci:/srv/layout", "oci:/srv/layout", "/srv/layout", NULL, IMAGE_OCI_DIR},
		{"oci:lay/../out:app", "oci:/base/out:app", "/base/out", "app", IMAGE_OCI_DIR},
		{"oci:.", "oci:/base", "/base", NULL, IMAGE_OCI_DIR},
		{"oci:/x:docker.io/library/a:1", "oci:/x:docker.io/library/a:1", "/x",
		 "docker.io/library/a:1", IMAGE_OCI_DIR},
		{"oci-archive:/x.tar:v1", "oci-archive:/x.tar:v1", "/x.tar", "v1",
		 IMAGE_OCI_ARCHIVE},
		{"docker-archive:x.tar", "docker-archive:/base/x.tar", "/base/x.tar", NULL,
		 IMAGE_DOCKER_ARCHIVE},
		{"docker-archive:/x.tar:debian:12", "docker-archive:/x.tar:debian:12", "/x.tar",
		 "debian:12", IMAGE_DOCKER_ARCHIVE},
		{"tar:a b:c.tar.gz", "tar:/base/a b:c.tar.gz", "/base/a b:c.tar.gz", NULL,
		 IMAGE_TAR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_REFERENCE struct reference ref = {0};
		AUTO_REFERENCE struct reference again = {0};
		const char *input = cases[i].input;
		struct err err = {0};

		if (reference_parse(input, "/base", &ref, &err) < 0)
			fail_msg("'%s': %s", input, err.message);
		assert_int_equal(ref.source, cases[i].source);
		check_words(input, "text", ref.text, cases[i].text);
		check_words(input, "path", ref.path, cases[i].path);
		check_words(input, "tag", ref.tag, cases[i].tag);
		assert_null(ref.host);
		assert_null(ref.repository);

		assert_int_equal(reference_parse(ref.text, NULL, &again, &err), 0);
		check_words(input, "text again", again.text, ref.text);
	}
}

static void what_is_wrong_with_a_name_is_said(void **state)
{
	static const struct {
		const char *input, *message, *hint;
	} cases[] = {
		{"", "empty", ""},
		{"a\nb", "control", ""},
		{":12", "has no name", ""},
		{"@" DIGEST, "has no name", ""},
		{HEX64, "is an id", "REPOSITORY@"},
		{"Debian", "'Debian' is not in lower case", "did you mean 'debian'"},
		{"Foo/Bar:1", "'Foo/Bar' is not in lower case", "did you mean 'foo/bar'"},
		{"a//b", "'' cannot be part", "a-z"},
		{"a/", "'' cannot be part", "a-z"},
		{"localhost/", "'' cannot be part", "a-z"},
		{"-a", "'-a' cannot be part", "a-z"},
		{"a-", "'a-' cannot be part", "a-z"},
		{"a..b", "'a..b' cannot be part", "a-z"},
		{"a___b", "'a___b' cannot be part", "a-z"},
		{"a._b", "'a._b' cannot be part", "a-z"},
		{"a b", "'a b' cannot be part", "a-z"},
		{"caf\xc3\xa9", "cannot be part", "a-z"},
		{"/a", "'' cannot be part", "a-z"},
		{"a:", "'' is not a tag", "a tag is"},
		{"a:.b", "'.b' is not a tag", "a tag is"},
		{"a:b c", "'b c' is not a tag", "a tag is"},
		{"a:" A128 "a", "is not a tag", "at most 128"},
		{"a@", "'' is not a digest", "64 digits"},
		{"a@sha256:12", "'sha256:12' is not a digest", "64 digits"},
		{"a@sha256:" HEX64 "0", "is not a digest", "64 digits"},
		{"a@sha256:A" HEX64, "is not a digest", "64 digits"},
		{"a@sha512:" HEX64 HEX64, "type 'sha512' are not supported", "sha256"},
		{"a@" DIGEST "@" DIGEST, "is not a digest", ""},
		{"a:b:c", "'b:c' is not a tag", ""},
		{"-x.y/z", "'-x.y' is not the host", "[::1]:5000"},
		{"x..y/z", "'x..y' is not the host", "[::1]:5000"},
		{".y/z", "'.y' is not the host", "[::1]:5000"},
		{"x_y.z/a", "'x_y.z' is not the host", "[::1]:5000"},
		{"x:/z", "'x:' is not the host", "[::1]:5000"},
		{"x:0/z", "'x:0' is not the host", "[::1]:5000"},
		{"x:65536/z", "'x:65536' is not the host", "[::1]:5000"},
		{"x:1:2/z", "'x:1:2' is not the host", "[::1]:5000"},
		{"user:pw@x.y/z", "is not", ""},
		{"::1/z", "'::1' is not the host", "[::1]:5000"},
		{"[::1/z", "'[::1' is not the host", "[::1]:5000"},
		{"[::g]/z", "'[::g]' is not the host", "[::1]:5000"},
		{"[::1]5/z", "'[::1]5' is not the host", "[::1]:5000"},
		{"[::1]:/z", "'[::1]:' is not the host", "[::1]:5000"},
		{"localhost/" A128 "/" A128, "longer than 255", ""},
		{A128 A128 A128 A128 A128, "too long", ""},
		{"https://x.y/z", "'https://'", "leave 'https://' out"},
		{"oci://x.y/z", "'oci://'", "leave 'oci://' out"},
		{"docker-daemon:x", "'docker-daemon:'", "docker save"},
		{"box:x@y", "'box:'", "docker.io/library/box"},
		{"oci:", "names no folder", "oci:PATH[:NAME]"},
		{"tar:", "names no file", "tar:PATH"},
		{"oci::x", "names no folder", "oci:PATH[:NAME]"},
		{"oci:/x:", "'' is not the name of an image", "second colon"},
		{"oci:/x:a b", "'a b' is not the name of an image", "second colon"},
		{"docker-archive:/x:A", "not in lower case", ""},
		{"oci:x", "the path is relative", "absolute"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reference ref = {.text = (char *)(uintptr_t) "untouched"};
		struct err err = {0};

		if (reference_parse(cases[i].input, NULL, &ref, &err) == 0)
			fail_msg("'%s' was taken", cases[i].input);
		assert_string_equal(ref.text, "untouched");
		if (!strstr(err.message, cases[i].message) || !strstr(err.hint, cases[i].hint))
			fail_msg("'%s': '%s', '%s'", cases[i].input, err.message, err.hint);
	}
}

static void the_short_form_is_what_people_write_and_means_the_same(void **state)
{
	static const struct {
		const char *input, *words;
	} cases[] = {
		{"docker.io/library/debian:12", "debian:12"},
		{"debian", "debian:latest"},
		{"debian@" DIGEST, "debian@" DIGEST},
		{"docker.io/foo/bar:1", "foo/bar:1"},
		{"docker.io/library/a/b:1", "library/a/b:1"},
		{"docker.io/localhost/x:1", "docker.io/localhost/x:1"},
		{"docker.io/oci:1", "docker.io/library/oci:1"},
		{"docker.io/box:1", "docker.io/library/box:1"},
		{"docker.io/a.b/c:1", "docker.io/a.b/c:1"},
		{"quay.io/library/x:1", "quay.io/library/x:1"},
		{"oci:/x:1", "oci:/x:1"},
		{"host", "host"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_REFERENCE struct reference ref = {0};
		AUTO_FREE char *words = NULL;
		struct err err;

		assert_int_equal(reference_parse(cases[i].input, NULL, &ref, &err), 0);
		words = reference_short(&ref);
		check_words(cases[i].input, "short form", words, cases[i].words);
	}
}

static void names_are_the_same_whatever_docker_leaves_out(void **state)
{
	(void)state;
	assert_true(reference_is_same_name("debian", "docker.io/library/debian:latest"));
	assert_true(reference_is_same_name("a/b:1", "docker.io/a/b:1"));
	assert_true(reference_is_same_name("Not A Name", "Not A Name"));
	assert_false(reference_is_same_name("debian", "debian:12"));
	assert_false(reference_is_same_name("debian", "Not A Name"));
	assert_false(reference_is_same_name("debian", "quay.io/library/debian"));
}

static void a_digest_is_64_lower_case_digits_of_sha256(void **state)
{
	(void)state;
	assert_true(digest_check(DIGEST));
	assert_string_equal(digest_hex(DIGEST), HEX64);
	assert_false(digest_check(""));
	assert_false(digest_check("sha256:"));
	assert_false(digest_check("sha256:../../etc/passwd"));
	assert_false(digest_check("sha512:" HEX64));
	assert_false(digest_check(DIGEST "0"));
	assert_false(digest_check(DIGEST "\n"));
	assert_false(digest_check("SHA256:" HEX64));
	assert_false(digest_check(
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_in_registries_are_taken_apart_with_dockers_defaults),
		cmocka_unit_test(a_name_is_short_when_it_has_no_registry),
		cmocka_unit_test(paths_and_names_inside_archives_are_taken_apart),
		cmocka_unit_test(what_is_wrong_with_a_name_is_said),
		cmocka_unit_test(the_short_form_is_what_people_write_and_means_the_same),
		cmocka_unit_test(names_are_the_same_whatever_docker_leaves_out),
		cmocka_unit_test(a_digest_is_64_lower_case_digits_of_sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
