#include "layer/inflate.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

/*
 * Whoever undoes gzip: what zlib takes, ISA-L takes too, and gives the same bytes. The input is
 * a blob of any kind, or, when it begins with an odd byte, deflate without its frame, which
 * gets a right one: else no random change would ever pass the checksum.
 */

#define OUT_MAX (1 << 20)
#define SMALL_BLOCK 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Return: bytes, or -1 when it is broken; OUT_MAX when there is at least as much. */
static ssize_t inflate_all(int fd, enum inflate_gzip gzip, size_t block, char *out)
{
	struct inflate *in = inflate_new(fd, -1, gzip);
	struct err err = {0};
	size_t done = 0, len = 0;
	int result;

	if (lseek(fd, 0, SEEK_SET) < 0)
		abort();
	do {
		size_t want = OUT_MAX - done < block ? OUT_MAX - done : block;

		result = inflate_next(in, out + done, want, &len, &err);
		if (result < 0 && !err.message[0])
			abort();
		done += result < 0 ? 0 : len;
		if (len < want)
			break;
	} while (result == 0 && done < OUT_MAX);
	inflate_free(in);
	return result < 0 ? -1 : (ssize_t)done;
}

static void compare(const void *blob, size_t len)
{
	static char one[OUT_MAX], two[OUT_MAX];
	AUTO_CLOSE int fd = memfd_create("blob", MFD_CLOEXEC);
	ssize_t zlib, isal, small;

	if (write(fd, blob, len) != (ssize_t)len)
		abort();
	zlib = inflate_all(fd, INFLATE_ZLIB, OUT_MAX, one);
	isal = inflate_all(fd, INFLATE_ISAL, OUT_MAX, two);
	if (zlib >= 0 && (isal != zlib || memcmp(one, two, (size_t)zlib) != 0))
		abort();
	small = inflate_all(fd, INFLATE_ISAL, SMALL_BLOCK, one);
	if (isal >= 0 && isal < OUT_MAX &&
	    (small != isal || memcmp(one, two, (size_t)isal) != 0))
		abort();
}

/* The frame that @data, deflate as zlib reads it, would have. */
static void frame(struct buf *out, const uint8_t *data, size_t size)
{
	static unsigned char text[OUT_MAX];
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};
	unsigned char trailer[8];
	uLong crc;
	int result, i;

	if (inflateInit2(&z, -15) != Z_OK)
		abort();
	z.next_out = text;
	z.avail_out = sizeof(text);
	result = inflate(&z, Z_FINISH);
	(void)inflateEnd(&z);
	if (result != Z_STREAM_END)
		return;
	crc = crc32(0, text, (uInt)z.total_out);
	for (i = 0; i < 4; i++) {
		trailer[i] = (unsigned char)(crc >> (8 * i));
		trailer[4 + i] = (unsigned char)(z.total_out >> (8 * i));
	}
	buf_add(out, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	buf_add(out, data, z.total_in);
	buf_add(out, trailer, sizeof(trailer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf framed = {0};

	if (size == 0)
		return 0;
	if (data[0] & 1) {
		frame(&framed, data + 1, size - 1);
		compare(framed.data ? framed.data : "", framed.len);
	} else {
		compare(data + 1, size - 1);
	}
	return 0;
}
