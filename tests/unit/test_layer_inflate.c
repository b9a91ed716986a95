#include "layer/inflate.h"

#include "layer_fixture.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <zlib.h>
#include <zstd.h>

/* Blobs of any compression, whole and broken, by all who can undo it. */

static const enum inflate_gzip inflaters[] = {INFLATE_ISAL, INFLATE_ZLIB};

static void add_gzip(struct buf *b, const void *data, size_t len, int level)
{
	z_stream z = {0};
	AUTO_FREE unsigned char *out = NULL;
	size_t size;

	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	size = deflateBound(&z, len) + 64;
	out = xmalloc(size);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(b, out, size - z.avail_out);
	(void)deflateEnd(&z);
}

static void add_zstd(struct buf *b, const void *data, size_t len)
{
	size_t size = ZSTD_compressBound(len);
	AUTO_FREE unsigned char *out = xmalloc(size);

	size = ZSTD_compress(out, size, data, len, 3);
	assert_false(ZSTD_isError(size));
	buf_add(b, out, size);
}

/* Text that compresses, with some noise. */
static char *some_text(size_t len)
{
	char *text = xmalloc(len + 1);
	uint32_t x = 12345;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = i % 7 ? "devbox"[i % 6] : (char)(x >> 24);
	}
	return text;
}

struct outcome {
	struct buf text;
	uint64_t taken;
	uint64_t trailing;
	struct err err;
	int result;
};

static int as_file(const struct buf *blob)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);

	assert_int_equal(write(fd, blob->data, blob->len), (ssize_t)blob->len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* A socket that gives @chunk bytes at each read. */
static int as_trickle(const struct buf *blob, size_t chunk)
{
	int pair[2];
	size_t at;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (fork() == 0) {
		for (at = 0; at < blob->len; at += chunk) {
			size_t left = blob->len - at;

			if (send(pair[1], blob->data + at, left < chunk ? left : chunk,
				 MSG_NOSIGNAL) < 0)
				break;
		}
		_exit(0);
	}
	(void)close(pair[1]);
	return pair[0];
}

/* @chunk 0: from a file. Into blocks of @block bytes. */
static struct outcome inflate_all(const struct buf *blob, size_t chunk, enum inflate_gzip gzip,
				  size_t block)
{
	AUTO_CLOSE int fd = chunk ? as_trickle(blob, chunk) : as_file(blob);
	struct inflate *in;
	AUTO_FREE char *out = xmalloc(block);
	struct outcome o = {0};
	size_t len = 0;

	in = inflate_new(fd, -1, gzip);
	do {
		o.result = inflate_next(in, out, block, &len, &o.err);
		if (o.result == 0)
			buf_add(&o.text, out, len);
	} while (o.result == 0 && len == block);
	o.taken = inflate_taken(in);
	o.trailing = inflate_trailing(in);
	inflate_free(in);
	if (chunk)
		(void)wait(NULL);
	return o;
}

static void assert_outcome(struct outcome o, const struct buf *blob, const char *want,
			   size_t want_len, uint64_t trailing)
{
	if (o.result < 0)
		fail_msg("%s", o.err.message);
	assert_int_equal(o.text.len, want_len);
	if (want_len)
		assert_memory_equal(o.text.data, want, want_len);
	assert_int_equal(o.taken, blob->len);
	assert_int_equal(o.trailing, trailing);
	buf_done(&o.text);
}

static void assert_inflates(const struct buf *blob, const char *want, size_t want_len,
			    uint64_t trailing)
{
	static const size_t blocks[] = {1, 511, 65536, 262144};
	static const size_t chunks[] = {1, 3, 8, 4093};
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(inflaters); i++) {
		for (n = want_len > 100000 ? 2 : 0; n < ARRAY_LEN(blocks); n++)
			assert_outcome(inflate_all(blob, 0, inflaters[i], blocks[n]), blob,
				       want, want_len, trailing);
		for (n = blob->len > 10000 ? 3 : 0; n < ARRAY_LEN(chunks); n++)
			assert_outcome(inflate_all(blob, chunks[n], inflaters[i], 65536), blob,
				       want, want_len, trailing);
	}
}

static void assert_broken(const struct buf *blob, const char *words)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(inflaters); i++) {
		struct outcome o = inflate_all(blob, 0, inflaters[i], 65536);

		assert_int_equal(o.result, -1);
		if (!strstr(o.err.message, words))
			fail_msg("no '%s' in: %s", words, o.err.message);
		buf_done(&o.text);
	}
}

static void all_compressions_give_the_same_bytes(void **state)
{
	static const size_t sizes[] = {0, 1, 511, 5000, 3000000};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO_FREE char *text = some_text(sizes[i]);
		AUTO_BUF struct buf plain = {0}, zstd = {0};
		int level;

		buf_add(&plain, text, sizes[i]);
		assert_inflates(&plain, text, sizes[i], 0);
		add_zstd(&zstd, text, sizes[i]);
		assert_inflates(&zstd, text, sizes[i], 0);
		for (level = 0; level <= 9; level += 3) {
			AUTO_BUF struct buf gzip = {0};

			add_gzip(&gzip, text, sizes[i], level);
			assert_inflates(&gzip, text, sizes[i], 0);
		}
	}
}

static void members_and_frames_follow_one_another(void **state)
{
	AUTO_BUF struct buf gzip = {0}, zstd = {0};

	(void)state;
	add_gzip(&gzip, "one ", 4, 6);
	add_gzip(&gzip, "", 0, 6);
	add_gzip(&gzip, "two", 3, 0);
	assert_inflates(&gzip, "one two", 7, 0);

	buf_add(&zstd,
		"\x50\x2a\x4d\x18\x03\x00\x00\x00"
		"abc",
		11);
	add_zstd(&zstd, "one ", 4);
	buf_add(&zstd, "\x5f\x2a\x4d\x18\x00\x00\x00\x00", 8);
	add_zstd(&zstd, "two", 3);
	assert_inflates(&zstd, "one two", 7, 0);
}

static void optional_parts_of_a_gzip_header_are_skipped(void **state)
{
	AUTO_BUF struct buf plain = {0}, gzip = {0};
	AUTO_FREE char *extra = some_text(65535);

	(void)state;
	add_gzip(&plain, "text", 4, 6);
	buf_add(&gzip, "\x1f\x8b\x08\x1e\0\0\0\0\0\x03", 10);
	buf_add(&gzip, "\xff\xff", 2);
	buf_add(&gzip, extra, 65535);
	buf_add(&gzip, "name\0comment\0\0\0", 15);
	buf_add(&gzip, plain.data + 10, plain.len - 10);
	assert_inflates(&gzip, "text", 4, 0);
	gzip.len = 20;
	assert_broken(&gzip, "end too early");
}

static void what_follows_the_last_member_is_counted_unless_zero(void **state)
{
	AUTO_BUF struct buf gzip = {0}, zstd = {0};
	AUTO_FREE char *zeros = xmalloc(300000);

	(void)state;
	add_gzip(&gzip, "text", 4, 6);
	buf_add(&gzip, zeros, 300000);
	assert_inflates(&gzip, "text", 4, 0);
	buf_add(&gzip, "junk", 4);
	assert_inflates(&gzip, "text", 4, 4);
	add_zstd(&zstd, "text", 4);
	buf_add(&zstd, "junk", 4);
	assert_inflates(&zstd, "text", 4, 4);
	buf_add(&zstd, "j", 1);
	assert_inflates(&zstd, "text", 4, 5);
}

static void cut_blobs_are_refused_wherever_they_end(void **state)
{
	AUTO_FREE char *text = some_text(3000);
	AUTO_BUF struct buf gzip = {0}, zstd = {0};
	size_t len;

	(void)state;
	add_gzip(&gzip, text, 3000, 6);
	for (len = gzip.len - 1; len >= 2; len--) {
		gzip.len = len;
		assert_broken(&gzip, "end too early");
	}
	add_zstd(&zstd, text, 3000);
	for (len = zstd.len - 1; len >= 4; len -= 3) {
		zstd.len = len;
		assert_broken(&zstd, "end too early");
	}
}

static void a_flipped_bit_is_found(void **state)
{
	AUTO_FREE char *text = some_text(3000);
	AUTO_BUF struct buf gzip = {0};
	size_t i;

	(void)state;
	add_gzip(&gzip, text, 3000, 6);
	for (i = 10; i < gzip.len; i += 7) {
		gzip.data[i] ^= 0x10;
		assert_broken(&gzip, "the gzip data");
		gzip.data[i] ^= 0x10;
	}
	/* The checksum and the length, byte by byte. */
	for (i = gzip.len - 8; i < gzip.len; i++) {
		gzip.data[i] ^= 1;
		assert_broken(&gzip, "checksum");
		gzip.data[i] ^= 1;
	}
}

static void unknown_headers_are_refused(void **state)
{
	AUTO_BUF struct buf gzip = {0};

	(void)state;
	add_gzip(&gzip, "text", 4, 6);
	gzip.data[2] = 7;
	assert_broken(&gzip, "unknown header");
	gzip.data[2] = 8;
	gzip.data[3] = 0x20;
	assert_broken(&gzip, "unknown header");
}

static void a_window_beyond_all_measure_is_refused(void **state)
{
	/* One frame of one raw block, whose window is 2^31 bytes. */
	static const char frame[] = "\x28\xb5\x2f\xfd\x00\xa8\x09\x00\x00x";
	AUTO_BUF struct buf zstd = {0};

	(void)state;
	buf_add(&zstd, frame, sizeof(frame) - 1);
	assert_broken(&zstd, "zstd");
}

static void a_blob_of_much_more_than_it_seems_is_stopped(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *zeros = xmalloc(64 << 20);
	AUTO_BUF struct buf gzip = {0};
	struct layer_limits limits = {.ratio = 1};
	unsigned i;

	for (i = 0; i < 18; i++)
		add_gzip(&gzip, zeros, 64 << 20, 9);
	assert_refused(p, unpack_blob(p, gzip.data, gzip.len, &limits),
		       "more than 1 times as much");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_compressions_give_the_same_bytes),
		cmocka_unit_test(members_and_frames_follow_one_another),
		cmocka_unit_test(optional_parts_of_a_gzip_header_are_skipped),
		cmocka_unit_test(what_follows_the_last_member_is_counted_unless_zero),
		cmocka_unit_test(cut_blobs_are_refused_wherever_they_end),
		cmocka_unit_test(a_flipped_bit_is_found),
		cmocka_unit_test(unknown_headers_are_refused),
		cmocka_unit_test(a_window_beyond_all_measure_is_refused),
		PLACE_TEST(a_blob_of_much_more_than_it_seems_is_stopped),
	};

	become_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
