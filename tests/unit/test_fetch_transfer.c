#include "fetch_fixture.h"

/* The whole way of one blob; *out_asked: what the server saw. */
static enum transfer_state run_blob(struct rig *rig, const char *repository,
				    struct blob_run *run, struct asked *out_asked)
{
	enum transfer_state end;

	assert_int_equal(truncate(rig->log, 0), 0);
	blob_start(rig, repository, run);
	end = blob_finish(rig, run);
	*out_asked = rig_asked(rig);
	return end;
}

static void blob_comes_through_a_pipe(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};
	AUTO_ASKED struct asked asked = {0};

	(void)rig_fetch(rig, 0);
	assert_int_equal(run_blob(rig, "app", &run, &asked), TRANSFER_DONE);
	assert_whole(rig, &run);
	assert_int_equal(transfer_bytes(run.transfer), LAYER_BYTES);
	assert_string_equal(asked_header(&asked, 0, "Accept-Encoding"), "identity");
	assert_null(asked_header(&asked, 0, "Range"));
}

static void broken_blob_is_taken_up_where_it_was(void **state)
{
	static const struct {
		const char *repository;
		size_t questions;
		const char *range; /* of the last; NULL: whatever */
	} cases[] = {
		{"x-blob-drop-1000/a", 2, NULL},
		{"x-blob-drop-500000-3/a", 4, NULL},
		{"x-blob-mute-3/a", 4, ""},
		{"x-blob-cut-1000/a", 2, "bytes=1000-"},
		{"x-blob-cut-1000000-3/a", 4, "bytes=3000000-"},
		/* More often than is borne without getting on. */
		{"x-blob-cut-400000-7/a", 8, "bytes=2800000-"},
		{"x-blob-stall-1000/a", 2, "bytes=1000-"},
		{"x-blob-status-503-4/a", 5, NULL},
		{"x-blob-status-500/a", 2, NULL},
		{"x-blob-limit-0-2/a", 3, NULL},
		/* All of it comes again: what we have is passed over. */
		{"x-blob-cut-1000/x-blob-norange/a", 2, "bytes=1000-"},
		{"x-blob-cut-1000/x-blob-wrongrange/a", 3, ""},
		/* The address it was redirected to is not used twice. */
		{"x-blob-redirect/x-blob-cut-1000/a", 4, "bytes=1000-"},
		{"x-blob-redirectself/a", 2, NULL},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BLOB struct blob_run run = {0};
		AUTO_ASKED struct asked asked = {0};
		const char *range;

		(void)rig_fetch(rig, 300);
		if (run_blob(rig, cases[i].repository, &run, &asked) != TRANSFER_DONE)
			fail_msg("%s: %s", cases[i].repository, run.err.message);
		assert_whole(rig, &run);
		if (asked_count(&asked, "/blobs/") != cases[i].questions)
			fail_msg("%s: %zu questions", cases[i].repository,
				 asked_count(&asked, "/blobs/"));
		range = asked_header(&asked, json_array_size(asked.all) - 1, "Range");
		if (cases[i].range)
			assert_string_equal(range ? range : "", cases[i].range);
	}
}

static void blob_that_cannot_be_had_says_why(void **state)
{
	static const struct {
		const char *repository;
		size_t questions;
		int code;
		const char *words, *hint;
	} cases[] = {
		{"x-blob-drop-1000-0/a", 5, EIO, "broke", "try again"},
		{"x-blob-mute-0/a", 5, EIO, "broke", "try again"},
		{"x-blob-stall-0-0/a", 5, ETIMEDOUT, "next to nothing for 300ms", "later"},
		{"x-blob-slow/a", 5, ETIMEDOUT, "next to nothing", "later"},
		{"x-blob-cut-1000-0/a", 5, EBADMSG, "sent only 5000 of 3145805 bytes", "push"},
		{"x-blob-short-1000/a", 1, EBADMSG, "3144805 bytes of it, but the image says",
		 "push"},
		{"x-blob-long-5/a", 1, EBADMSG, "3145810 bytes of it", "push"},
		{"x-blob-endless/a", 1, EBADMSG, "but the image says 3145805", "push"},
		{"x-blob-flip/a", 1, EBADMSG, "damaged: sha256:", "push"},
		{"x-blob-gzip/a", 1, EPROTO, "Content-Encoding 'gzip'", "proxy"},
		{"x-blob-status-503-0/a", 5, EIO, "HTTP status 503 (UNKNOWN: a bad day)",
		 "later"},
		{"x-blob-status-400-0/a", 1, EIO, "HTTP status 400", ""},
		{"x-blob-status-404-0/a", 1, ENOENT, "does not have it", "push"},
		{"x-blob-status-403-0/a", 1, EACCES, "needs a login", "podman login"},
		{"x-blob-status-204-0/a", 1, EPROTO, "HTTP status 204", ""},
		{"x-blob-limit-3600-0/a", 1, EAGAIN, "for 1h: too many requests",
		 "podman login"},
		{"x-blob-limit-0-0/a", 5, EAGAIN, "TOOMANYREQUESTS: slow down", "mirror"},
		{"x-blob-quota/a", 1, EAGAIN, "your pull rate limit", "podman login"},
		{"x-blob-redirectloop/a", 6, EPROTO, "in a circle", "mistake"},
		{"x-blob-redirectfile/a", 1, EPROTO, "'file:///etc/passwd'", "mistake"},
		{"x-blob-redirect/x-blob-status-403-0/a", 10, EIO,
		 "keeps it, answers HTTP "
		 "status 403",
		 "later"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BLOB struct blob_run run = {0};
		AUTO_ASKED struct asked asked = {0};

		(void)rig_fetch(rig, 300);
		assert_int_equal(run_blob(rig, cases[i].repository, &run, &asked),
				 TRANSFER_FAILED);
		if (!strstr(run.err.message, cases[i].words) ||
		    !strstr(run.err.hint, cases[i].hint) || run.err.code != cases[i].code ||
		    asked_count(&asked, "/blobs/") != cases[i].questions)
			fail_msg("%s: %zu questions, code %d: %s (%s)", cases[i].repository,
				 asked_count(&asked, "/blobs/"), run.err.code, run.err.message,
				 run.err.hint);
		assert_true(str_is_printable(run.err.message));
		assert_non_null(strstr(run.err.message, "fetch layer "));
	}
}

static void blob_that_is_not_there_is_named(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};
	AUTO_ASKED struct asked asked = {0};
	char *digest = rig->blob.digest;

	rig->blob.digest = xasprintf("sha256:%064d", 7);
	(void)rig_fetch(rig, 0);
	assert_int_equal(run_blob(rig, "app", &run, &asked), TRANSFER_FAILED);
	assert_non_null(strstr(run.err.message, "fetch layer 000000000000 of '127.0.0.1:"));
	assert_non_null(strstr(run.err.message, "BLOB_UNKNOWN"));
	free(rig->blob.digest);
	rig->blob.digest = digest;
}

static void full_pipe_holds_back_its_blob_and_no_other(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run held = {0};
	AUTO_BLOB struct blob_run run = {0};
	AUTO_ASKED struct asked asked = {0};
	struct err err = {0};

	(void)rig_fetch(rig, 200);
	blob_start(rig, "held", &held);
	blob_start(rig, "app", &run);
	assert_int_equal(blob_finish(rig, &run), TRANSFER_DONE);
	assert_whole(rig, &run);
	assert_true(transfer_bytes(held.transfer) < LAYER_BYTES);

	/* Longer than a silence of the server would be borne. */
	assert_int_equal(fetch_wait(rig->fetch, NULL, 0, 700, &err), 0);
	assert_int_equal(transfer_state(held.transfer, &err), TRANSFER_RUNS);
	assert_int_equal(blob_finish(rig, &held), TRANSFER_DONE);
	assert_whole(rig, &held);
	asked = rig_asked(rig);
	assert_int_equal(asked_count(&asked, "held/blobs/"), 1);
}

static void blob_without_a_reader_fails_with_epipe(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};
	struct err err = {0};

	(void)rig_fetch(rig, 0);
	blob_start(rig, "app", &run);
	(void)close(steal_fd(&run.fd));
	while (transfer_state(run.transfer, &run.err) == TRANSFER_RUNS)
		assert_int_equal(fetch_wait(rig->fetch, NULL, 0, 10000, &err), 0);
	assert_int_equal(transfer_state(run.transfer, &run.err), TRANSFER_FAILED);
	assert_int_equal(run.err.code, EPIPE);
}

static void reader_that_goes_while_the_pipe_is_full_is_noticed(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};
	struct err err = {0};

	(void)rig_fetch(rig, 0);
	blob_start(rig, "app", &run);
	while (transfer_bytes(run.transfer) == 0)
		assert_int_equal(fetch_wait(rig->fetch, NULL, 0, 50, &err), 0);
	assert_int_equal(fetch_wait(rig->fetch, NULL, 0, 50, &err), 0);
	(void)close(steal_fd(&run.fd));
	while (transfer_state(run.transfer, &run.err) == TRANSFER_RUNS)
		assert_int_equal(fetch_wait(rig->fetch, NULL, 0, 10000, &err), 0);
	assert_int_equal(run.err.code, EPIPE);
}

static void wait_for_questions(struct rig *rig, size_t wanted)
{
	for (;;) {
		AUTO_ASKED struct asked asked = rig_asked(rig);
		struct err err = {0};

		assert_true(asked_count(&asked, "/blobs/") <= wanted);
		if (asked_count(&asked, "/blobs/") == wanted)
			break;
		assert_int_equal(fetch_wait(rig->fetch, NULL, 0, 20, &err), 0);
	}
}

static void four_blobs_come_at_once_and_others_wait(void **state)
{
	struct rig *rig = *state;
	struct blob_run runs[6] = {0};
	struct err err = {0};

	(void)rig_fetch(rig, 0);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		blob_start(rig, "x-blob-stall-10-0/a", &runs[i]);
	wait_for_questions(rig, 4);
	assert_int_equal(fetch_wait(rig->fetch, NULL, 0, 100, &err), 0);
	wait_for_questions(rig, 4);
	assert_int_equal(transfer_bytes(runs[4].transfer), 0);
	blob_done(&runs[0]);
	wait_for_questions(rig, 5);
	for (size_t i = 1; i < ARRAY_LEN(runs); i++)
		blob_done(&runs[i]);
}

static void many_blobs_all_come(void **state)
{
	struct rig *rig = *state;
	struct blob_run runs[9] = {0};

	(void)rig_fetch(rig, 0);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		blob_start(rig, i % 2 ? "x-blob-cut-700000-2/a" : "b", &runs[i]);
	/* The last first: those before it must not wait for their readers. */
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(blob_finish(rig, &runs[3 - i]), TRANSFER_DONE);
	for (size_t i = 4; i < ARRAY_LEN(runs); i++)
		assert_int_equal(blob_finish(rig, &runs[i]), TRANSFER_DONE);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		assert_whole(rig, &runs[i]);
		blob_done(&runs[i]);
	}
}

static void wait_ends_when_a_descriptor_of_the_caller_hangs_up(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};
	struct pollfd fd = {.events = POLLIN};
	struct err err = {0};
	int ends[2];

	(void)rig_fetch(rig, 0);
	blob_start(rig, "x-blob-stall-10-0/a", &run);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void)close(ends[1]);
	fd.fd = ends[0];
	/* libcurl's own poll keeps POLLHUP for itself. */
	assert_int_equal(fetch_wait(rig->fetch, &fd, 1, -1, &err), 0);
	assert_int_equal(fd.revents, POLLHUP);
	(void)close(ends[0]);
}

static void mirror_that_fails_gives_way_in_the_middle_of_a_blob(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};
	AUTO_ASKED struct asked asked = {0};
	AUTO_FREE char *conf =
		xasprintf("[[registry]]\nlocation = \"127.0.0.1:%s\"\n[[registry.mirror]]\n"
			  "location = \"127.0.0.1:%s/x-blob-cut-1000-0/m\"\n",
			  rig->port, rig->port);

	rig_write(rig, "registries.conf", conf);
	(void)rig_fetch(rig, 0);
	assert_int_equal(run_blob(rig, "app", &run, &asked), TRANSFER_DONE);
	assert_whole(rig, &run);
	assert_int_equal(asked_count(&asked, "/m/app/blobs/"), 5);
	assert_string_equal(asked_header(&asked, 5, "Range"), "bytes=5000-");
	assert_true(rig_has_note(rig, "mirror '127.0.0.1:"));
	assert_true(rig_has_note(rig, "trying again"));
}

static void client_may_be_closed_in_the_middle_of_a_blob(void **state)
{
	struct rig *rig = *state;
	struct blob_run run = {0};
	char byte;

	(void)rig_fetch(rig, 0);
	blob_start(rig, "x-blob-stall-10-0/a", &run);
	wait_for_questions(rig, 1);
	fetch_close(rig->fetch);
	rig->fetch = NULL;
	while (read(run.fd, &byte, 1) > 0)
		;
	/* Its end of the pipe is closed. */
	assert_int_equal(read(run.fd, &byte, 1), 0);
	(void)close(run.fd);
}

static void digest_that_is_none_is_refused_before_anything_is_asked(void **state)
{
	struct rig *rig = *state;
	AUTO_REFERENCE struct reference reference = rig_reference(rig, "app");
	AUTO_FREE char *digest = xstrdup("sha256:../../../etc/passwd");
	struct descriptor blob = {.digest = digest, .size = 1};
	struct transfer *transfer = NULL;
	struct err err = {0};
	char byte;
	int ends[2];

	(void)rig_fetch(rig, 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fetch_begin(rig->fetch, &reference, &blob, ends[1], &transfer, &err),
			 -1);
	assert_null(transfer);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	(void)close(ends[0]);
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_make, rig_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RIG(blob_comes_through_a_pipe),
		IN_RIG(broken_blob_is_taken_up_where_it_was),
		IN_RIG(blob_that_cannot_be_had_says_why),
		IN_RIG(blob_that_is_not_there_is_named),
		IN_RIG(full_pipe_holds_back_its_blob_and_no_other),
		IN_RIG(blob_without_a_reader_fails_with_epipe),
		IN_RIG(reader_that_goes_while_the_pipe_is_full_is_noticed),
		IN_RIG(four_blobs_come_at_once_and_others_wait),
		IN_RIG(many_blobs_all_come),
		IN_RIG(wait_ends_when_a_descriptor_of_the_caller_hangs_up),
		IN_RIG(mirror_that_fails_gives_way_in_the_middle_of_a_blob),
		IN_RIG(client_may_be_closed_in_the_middle_of_a_blob),
		IN_RIG(digest_that_is_none_is_refused_before_anything_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
