#include "layer/tarwrite.h"

#include "util/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* What a ustar header has room for, in octal digits. */
#define ID_MAX 07777777
#define LONG_MAX_OCTAL 077777777777
#define END_BLOCKS 2
#define PAX_NAME "PaxHeader"

struct header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char unused[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK, "a header is one block");

/* @digits octal digits and a NUL, where one fits. */
static void put_octal(char *field, size_t digits, uint64_t value)
{
	while (digits-- > 0) {
		field[digits] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

static size_t decimal_digits(size_t n)
{
	size_t digits = 1;

	while (n >= 10) {
		n /= 10;
		digits++;
	}
	return digits;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void add_record(struct buf *b, const char *key, const void *value, size_t len)
{
	size_t rest = 1 + strlen(key) + 1 + len + 1;
	size_t total = rest + decimal_digits(rest);

	if (decimal_digits(total) != decimal_digits(rest))
		total = rest + decimal_digits(total);
	buf_printf(b, "%zu %s=", total, key);
	buf_add(b, value, len);
	buf_putc(b, '\n');
}

static void add_text(struct buf *b, const char *key, const char *value)
{
	add_record(b, key, value, strlen(value));
}

static void add_number(struct buf *b, const char *key, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add_text(b, key, text);
}

static void add_time(struct buf *b, const char *key, const struct timespec *time)
{
	char text[48];
	size_t len;

	(void)snprintf(text, sizeof(text), "%lld.%09ld", (long long)time->tv_sec,
		       time->tv_nsec);
	for (len = strlen(text); text[len - 1] == '0'; len--)
		;
	add_record(b, key, text, len);
}

void tar_add_xattr(struct buf *records, const char *name, const void *value, size_t len)
{
	AUTO_FREE char *key = xasprintf("SCHILY.xattr.%s", name);

	add_record(records, key, value, len);
}

/* Short, and of characters that are the same everywhere. */
static bool fits(const char *text, size_t room)
{
	const char *c;

	for (c = text; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			return false;
	}
	return (size_t)(c - text) <= room;
}

static void put_text(char *field, size_t room, const char *text)
{
	size_t i;

	for (i = 0; i < room && text[i]; i++)
		field[i] = (unsigned char)text[i] < 0x80 ? text[i] : '_';
}

static void add_block(struct buf *out, struct header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;
	size_t i;

	memcpy(h->magic, "ustar\00000", sizeof(h->magic));
	memset(h->checksum, ' ', sizeof(h->checksum));
	for (i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	put_octal(h->checksum, 6, sum);
	h->checksum[6] = '\0';
	buf_add(out, h, sizeof(*h));
}

static void add_padding(struct buf *out, size_t len)
{
	static const char zeros[TAR_BLOCK];

	buf_add(out, zeros, TAR_PADDING(len));
}

static void put_numbers(struct header *h, uint64_t mode, uint64_t size, uint64_t seconds)
{
	put_octal(h->mode, sizeof(h->mode) - 1, mode);
	put_octal(h->size, sizeof(h->size) - 1, size);
	put_octal(h->mtime, sizeof(h->mtime) - 1, seconds);
}

static void put_ids(struct header *h, uint64_t uid, uint64_t gid)
{
	put_octal(h->uid, sizeof(h->uid) - 1, uid);
	put_octal(h->gid, sizeof(h->gid) - 1, gid);
}

static void add_pax_header(struct buf *out, const struct buf *records)
{
	struct header h = {.type = 'x'};

	put_text(h.name, sizeof(h.name), PAX_NAME);
	put_numbers(&h, 0644, records->len, 0);
	put_ids(&h, 0, 0);
	add_block(out, &h);
	buf_add(out, records->data, records->len);
	add_padding(out, records->len);
}

static void add_records(struct buf *records, const struct tar_item *item)
{
	if (!fits(item->path, sizeof(((struct header *)0)->name)))
		add_text(records, "path", item->path);
	if (item->link && !fits(item->link, sizeof(((struct header *)0)->link)))
		add_text(records, "linkpath", item->link);
	if (item->uid > ID_MAX)
		add_number(records, "uid", item->uid);
	if (item->gid > ID_MAX)
		add_number(records, "gid", item->gid);
	if (item->size > LONG_MAX_OCTAL)
		add_number(records, "size", item->size);
	if (item->mtime.tv_nsec != 0 || item->mtime.tv_sec > LONG_MAX_OCTAL)
		add_time(records, "mtime", &item->mtime);
	if (item->xattrs)
		buf_add(records, item->xattrs->data, item->xattrs->len);
}

static uint64_t or_zero(uint64_t value, uint64_t max)
{
	return value <= max ? value : 0;
}

void tar_header(struct buf *out, const struct tar_item *item)
{
	struct header h = {.type = (char)item->type};
	AUTO_BUF struct buf records = {0};

	add_records(&records, item);
	if (records.len > 0)
		add_pax_header(out, &records);

	put_text(h.name, sizeof(h.name), item->path);
	if (item->link)
		put_text(h.link, sizeof(h.link), item->link);
	put_numbers(&h, item->mode & 07777, or_zero(item->size, LONG_MAX_OCTAL),
		    or_zero((uint64_t)item->mtime.tv_sec, LONG_MAX_OCTAL));
	put_ids(&h, or_zero(item->uid, ID_MAX), or_zero(item->gid, ID_MAX));
	if (item->type == TAR_CHAR || item->type == TAR_BLOCK_DEVICE) {
		put_octal(h.major, sizeof(h.major) - 1, major(item->device));
		put_octal(h.minor, sizeof(h.minor) - 1, minor(item->device));
	}
	add_block(out, &h);
}

void tar_end(struct buf *out)
{
	static const char zeros[END_BLOCKS * TAR_BLOCK];

	buf_add(out, zeros, sizeof(zeros));
}
