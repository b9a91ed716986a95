#include "image/buildfiles.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BIG (64 * 1024)

/* A folder "work" to read from, beside it a folder "out". */
struct place {
	char *top;
	char *work;
	char *cache;
};

static int place_make(void **state)
{
	const char *base = getenv("TMPDIR");
	struct place *place = xmalloc(sizeof(*place));
	AUTO_FREE char *made = xasprintf("%s/devbox-files-XXXXXX", base ? base : "/tmp");
	AUTO_FREE char *out = NULL;

	assert_non_null(mkdtemp(made));
	place->top = realpath(made, NULL);
	place->work = path_join(place->top, "work");
	place->cache = path_join(place->top, "cache/hashes");
	out = path_join(place->top, "out");
	assert_int_equal(mkdir(place->work, 0755) | mkdir(out, 0755), 0);
	*state = place;
	return 0;
}

static int place_remove(void **state)
{
	struct place *place = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", place->top);

	assert_int_equal(system(command), 0);
	free(place->top);
	free(place->work);
	free(place->cache);
	free(place);
	return 0;
}

static void put(const struct place *place, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(place->work, name);
	AUTO_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct err err;

	assert_int_equal(path_mkdirs(dir, 0755), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, path, text, strlen(text), 0644, &err), 0);
}

/* "f requirements.txt 3;", one for each, of input @name; or the error. free() it. */
static char *read_words(const struct place *place, const char *name)
{
	AUTO_FREE char *path = path_normalize(place->work, name);
	struct build_files files = {0};
	struct err err = {0};
	struct buf text = {0};

	if (build_files_read(place->work, path, NULL, &files, &err) < 0) {
		build_files_done(&files);
		return xstrdup(err.message);
	}
	for (size_t i = 0; i < files.count; i++)
		buf_printf(&text, "%c %s %llu%s%s;", "fxldo"[files.items[i].kind],
			   files.items[i].path, (unsigned long long)files.items[i].size,
			   files.items[i].kind == BUILD_LINK ? " " : "",
			   files.items[i].kind == BUILD_LINK ? files.items[i].content : "");
	for (size_t i = 0; i < files.hidden.count; i++)
		buf_printf(&text, "hidden %s;", files.hidden.items[i]);
	build_files_done(&files);
	return buf_take(&text);
}

static void expect(const struct place *place, const char *name, const char *wanted)
{
	AUTO_FREE char *got = read_words(place, name);

	assert_string_equal(got, wanted);
}

static void a_folder_is_read_in_order(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *script = path_join(place->work, "a/run");
	AUTO_FREE char *link = path_join(place->work, "a/link");
	AUTO_FREE char *pipe = path_join(place->work, "a/pipe");

	put(place, "a/z", "zz");
	put(place, "a/b/c", "");
	put(place, "a/run", "x");
	assert_int_equal(chmod(script, 0755) | symlink("/no/where", link) | mkfifo(pipe, 0600),
			 0);
	expect(place, "a",
	       "d a 0;d a/b 0;f a/b/c 0;l a/link 9 /no/where;o a/pipe 0;x a/run 1;f a/z 2;");
	expect(place, "a/run", "x a/run 1;");
}

static void what_git_keeps_is_left_out(void **state)
{
	const struct place *place = *state;

	put(place, ".git/HEAD", "x");
	put(place, "sub/.git/HEAD", "x");
	put(place, "a", "x");
	expect(place, ".", "d . 0;f ./a 1;d ./sub 0;hidden ./.git;hidden ./sub/.git;");
	expect(place, ".git", "d .git 0;f .git/HEAD 1;");
}

static void links_do_not_lead_out(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *inside = path_join(place->work, "inside");
	AUTO_FREE char *outside = path_join(place->work, "outside");

	put(place, "a", "x");
	assert_int_equal(symlink("a", inside) | symlink("../out", outside), 0);
	expect(place, "inside", "f inside 1;");
	expect(place, "outside", "'outside' is a link out of the workspace");
	expect(place, "no", "'no': No such file or directory");
}

static void deep_folders_are_refused(void **state)
{
	const struct place *place = *state;
	AUTO_BUF struct buf name = {0};
	AUTO_FREE char *got = NULL;

	for (int i = 0; i < 130; i++)
		buf_puts(&name, "d/");
	buf_puts(&name, "x");
	put(place, name.data, "");
	got = read_words(place, "d");
	assert_true(str_ends(got, " is more than 128 deep"));
}

static int open_big(const struct place *place, const char *path, char letter, time_t age_s)
{
	AUTO_FREE char *full = path_join(place->work, path);
	AUTO_FREE char *data = xmalloc(BIG);
	struct timespec times[2];
	struct err err;

	memset(data, letter, BIG);
	assert_int_equal(fd_write_file(AT_FDCWD, full, data, BIG, 0644, &err), 0);
	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= age_s;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, full, times, 0), 0);
	return open(full, O_RDWR | O_CLOEXEC);
}

static char *hash_of(const struct place *place, int fd)
{
	struct file_hashes *hashes = file_hashes_open(place->cache);
	char *hex = xmalloc(SHA256_HEX_MAX);
	struct err err;

	assert_int_equal(file_hashes_get(hashes, fd, "x", hex, &err), 0);
	file_hashes_close(hashes);
	return hex;
}

/* The time of change cannot be set back: what was kept is made up here. */
static void plant(const struct place *place, int fd, const char *hex)
{
	AUTO_FREE char *dir = path_join(place->top, "cache");
	AUTO_FREE char *text = NULL;
	struct stat st;
	struct err err;

	assert_int_equal(fstat(fd, &st), 0);
	text = xasprintf("devbox file hashes 1\n%llu %llu %llu %lld %lld %s\n",
			 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			 (unsigned long long)st.st_size,
			 (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
			 (long long)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec, hex);
	assert_int_equal(path_mkdirs(dir, 0755), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, place->cache, text, strlen(text), 0600, &err),
			 0);
}

static void a_known_file_is_not_read_again(void **state)
{
	static const char planted[] =
		"1111111111111111111111111111111111111111111111111111111111111111";
	const struct place *place = *state;
	AUTO_CLOSE int fd = open_big(place, "big", 'a', 60);
	AUTO_FREE char *hex = NULL;

	plant(place, fd, planted);
	hex = hash_of(place, fd);
	assert_string_equal(hex, planted);
}

static void a_changed_file_is_read_again(void **state)
{
	static const char planted[] =
		"1111111111111111111111111111111111111111111111111111111111111111";
	const struct place *place = *state;
	AUTO_CLOSE int fd = open_big(place, "big", 'a', 60);
	AUTO_FREE char *before = hash_of(place, fd);
	AUTO_FREE char *after = NULL;

	plant(place, fd, planted);
	assert_int_equal(pwrite(fd, "b", 1, 0), 1);
	after = hash_of(place, fd);
	assert_string_not_equal(after, planted);
	assert_string_not_equal(after, before);
}

static void a_young_file_is_not_kept(void **state)
{
	const struct place *place = *state;
	AUTO_CLOSE int fd = open_big(place, "big", 'a', 0);
	AUTO_FREE char *hex = hash_of(place, fd);

	(void)hex;
	assert_int_equal(access(place->cache, F_OK), -1);
}

static void a_broken_cache_is_an_empty_one(void **state)
{
	static const char *const texts[] = {"", "x", "devbox file hashes 1\n1 2 3\n\n9 9",
					    "devbox file hashes 2\n"};
	const struct place *place = *state;
	AUTO_CLOSE int fd = open_big(place, "big", 'a', 60);
	AUTO_FREE char *first = hash_of(place, fd);
	struct err err;

	plant(place, fd, "zz");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO_FREE char *hex = NULL;

		assert_int_equal(fd_write_file(AT_FDCWD, place->cache, texts[i],
					       strlen(texts[i]), 0600, &err),
				 0);
		hex = hash_of(place, fd);
		assert_string_equal(hex, first);
	}
}

#define AT_A_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(a_folder_is_read_in_order),
		AT_A_PLACE(what_git_keeps_is_left_out),
		AT_A_PLACE(links_do_not_lead_out),
		AT_A_PLACE(deep_folders_are_refused),
		AT_A_PLACE(a_known_file_is_not_read_again),
		AT_A_PLACE(a_changed_file_is_read_again),
		AT_A_PLACE(a_young_file_is_not_kept),
		AT_A_PLACE(a_broken_cache_is_an_empty_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
