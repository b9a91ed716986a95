#include "api/transfer.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define BLOCK 512

static int make_folder(void **state)
{
	const char *base = getenv("TMPDIR");
	char *dir = xasprintf("%s/devbox-kind-XXXXXX", base ? base : "/tmp");

	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

static int remove_folder(void **state)
{
	AUTO_FREE char *dir = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", dir);

	return system(command); /* NOLINT(cert-env33-c): a name of our own */
}

/* A header as tar writes it, and @size bytes after it. */
static void add_member(struct buf *tar, const char *name, const char *size_field, size_t size)
{
	char block[BLOCK] = {0};

	memcpy(block, name, strlen(name));
	memcpy(block + 124, size_field, strlen(size_field));
	memcpy(block + 257, "ustar", 6);
	buf_add(tar, block, BLOCK);
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < size; i += BLOCK)
		buf_add(tar, block, BLOCK);
}

static const char *kind_of(const char *dir, const struct buf *text, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/file", dir);
	const char *kind = "unset";

	assert_int_equal(fd_write_file(AT_FDCWD, path, text->data, text->len, 0600, err), 0);
	return transfer_kind(path, &kind, err) < 0 ? "error" : kind ? kind : "compressed";
}

static void archives_are_known_by_the_names_in_them(void **state)
{
	static const struct {
		const char *names[3];
		const char *kind;
	} cases[] = {
		{{"oci-layout", "blobs/sha256/x", "index.json"}, "oci-archive:"},
		{{"./blobs/", "./index.json", "./x"}, "oci-archive:"},
		{{"blobs/sha256/x", "index.json", "manifest.json"}, "docker-archive:"},
		{{"a/layer.tar", "manifest.json", "repositories"}, "docker-archive:"},
		{{"bin/", "etc/manifest.json", "index.json.old"}, "tar:"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf tar = {0};
		struct err err = {0};

		for (size_t j = 0; j < ARRAY_LEN(cases[i].names); j++)
			add_member(&tar, cases[i].names[j], "00000001001", 513);
		assert_string_equal(kind_of(*state, &tar, &err), cases[i].kind);
	}
}

static void sizes_that_lie_end_the_search(void **state)
{
	static const char *const sizes[] = {"77777777777", "\200\377\377\377\377\377\377\377"
							   "\377\377\377\377"};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO_BUF struct buf tar = {0};
		struct err err = {0};

		add_member(&tar, "first", sizes[i], 0);
		add_member(&tar, "manifest.json", "0", 0);
		assert_string_equal(kind_of(*state, &tar, &err), "tar:");
	}
}

static void what_is_compressed_may_be_anything(void **state)
{
	static const char *const begins[] = {"\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "BZh9",
					     "\xfd"
					     "7zXZ"};

	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		AUTO_BUF struct buf text = {0};
		struct err err = {0};

		buf_puts(&text, begins[i]);
		assert_string_equal(kind_of(*state, &text, &err), "compressed");
	}
}

static void all_else_is_refused(void **state)
{
	AUTO_BUF struct buf text = {0};
	const char *kind;
	struct err err = {0};

	buf_puts(&text, "hello");
	assert_string_equal(kind_of(*state, &text, &err), "error");
	assert_non_null(strstr(err.message, "is no image"));
	buf_done(&text);
	text = (struct buf){0};
	buf_puts(&text, "");
	assert_string_equal(kind_of(*state, &text, &err), "error");
	assert_int_equal(transfer_kind("/dev/null", &kind, &err), -1);
	assert_int_equal(transfer_kind("/no/such", &kind, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

static void a_folder_is_a_layout_or_nothing(void **state)
{
	AUTO_FREE char *path = xasprintf("%s/oci-layout", (const char *)*state);
	const char *kind;
	struct err err = {0};

	assert_int_equal(transfer_kind(*state, &kind, &err), -1);
	assert_non_null(strstr(err.message, "no OCI image layout"));
	assert_int_equal(fd_write_file(AT_FDCWD, path, "{}", 2, 0600, &err), 0);
	assert_int_equal(transfer_kind(*state, &kind, &err), 0);
	assert_string_equal(kind, "oci:");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(archives_are_known_by_the_names_in_them),
		IN_FOLDER(sizes_that_lie_end_the_search),
		IN_FOLDER(what_is_compressed_may_be_anything),
		IN_FOLDER(all_else_is_refused),
		IN_FOLDER(a_folder_is_a_layout_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
