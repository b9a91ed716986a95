#include "puller/feed.h"

#include "puller_folder.h"

#include <errno.h>
#include <signal.h>

struct piped {
	struct feed feed;
	int read_fd;
};

static void begin(struct piped *p, int fd, uint64_t offset, uint64_t size, const char *digest)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	p->read_fd = ends[0];
	feed_begin(&p->feed, fd, offset, size, digest, ends[1]);
}

/* Turn by turn, until it is over. */
static char *run(struct piped *p)
{
	struct buf got = {0};
	char chunk[4096];
	ssize_t n;

	while (p->feed.state == FEED_RUNS) {
		feed_step(&p->feed);
		while ((n = read(p->read_fd, chunk, sizeof(chunk))) > 0)
			buf_add(&got, chunk, (size_t)n);
	}
	return buf_take(&got);
}

static void end(struct piped *p)
{
	feed_end(&p->feed);
	(void)close(p->read_fd);
}

static int open_text(const char *folder, const char *text)
{
	AUTO_FREE char *path = folder_file(folder, "text", text, strlen(text));
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void a_part_of_a_file_comes_through_and_its_digest_is_known(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_CLOSE int fd = open_text(folder, "..abc..");
	AUTO_FREE char *got = NULL;
	struct piped p;

	(void)state;
	begin(&p, fd, 2, 3, NULL);
	got = run(&p);
	assert_int_equal(p.feed.state, FEED_DONE);
	assert_string_equal(got, "abc");
	assert_string_equal(p.feed.digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb4"
					   "10ff61f20015ad");
	assert_int_equal(p.feed.done, 3);
	end(&p);
}

static void more_than_a_pipe_full_waits_for_its_reader(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *text = xmalloc(3000001);
	AUTO_FREE char *got = NULL;
	char want[SHA256_HEX_MAX];
	struct piped p;
	int fd;

	(void)state;
	memset(text, 'x', 3000000);
	sha256_text(text, 3000000, want);
	fd = open_text(folder, text);
	begin(&p, fd, 0, 3000000, want);
	feed_step(&p.feed);
	feed_step(&p.feed);
	assert_int_equal(p.feed.state, FEED_RUNS);
	assert_true(p.feed.done < 3000000);
	got = run(&p);
	assert_int_equal(p.feed.state, FEED_DONE);
	assert_string_equal(got, text);
	end(&p);
	(void)close(fd);
}

static void another_digest_is_a_failure(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_CLOSE int fd = open_text(folder, "abc");
	AUTO_FREE char *got = NULL;
	char want[SHA256_HEX_MAX];
	struct piped p;

	(void)state;
	sha256_text("abd", 3, want);
	begin(&p, fd, 0, 3, want);
	got = run(&p);
	assert_int_equal(p.feed.state, FEED_FAILED);
	assert_int_equal(p.feed.err.code, EBADMSG);
	end(&p);
}

static void a_file_that_ends_early_is_a_failure(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_CLOSE int fd = open_text(folder, "abc");
	AUTO_FREE char *got = NULL;
	struct piped p;

	(void)state;
	begin(&p, fd, 0, 10, NULL);
	got = run(&p);
	assert_int_equal(p.feed.state, FEED_FAILED);
	assert_non_null(strstr(p.feed.err.message, "ends 7 bytes before"));
	end(&p);
}

static void a_reader_that_went_away_is_epipe(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_CLOSE int fd = open_text(folder, "abc");
	struct piped p;

	(void)state;
	begin(&p, fd, 0, 3, NULL);
	(void)close(p.read_fd);
	p.read_fd = -1;
	feed_step(&p.feed);
	assert_int_equal(p.feed.state, FEED_FAILED);
	assert_int_equal(p.feed.err.code, EPIPE);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_of_a_file_comes_through_and_its_digest_is_known),
		cmocka_unit_test(more_than_a_pipe_full_waits_for_its_reader),
		cmocka_unit_test(another_digest_is_a_failure),
		cmocka_unit_test(a_file_that_ends_early_is_a_failure),
		cmocka_unit_test(a_reader_that_went_away_is_epipe),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
