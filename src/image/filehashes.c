#include "image/buildfiles.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_LINE "devbox file hashes 1\n"
#define HASHES_MAX 50000
#define TEXT_MAX_BYTES (16U * 1024 * 1024)
/* What is smaller is read as fast as it is found here. */
#define SMALL_BYTES (32 * 1024)
#define RACY_NS (INT64_C(2) * 1000000000)

struct hashed {
	uint64_t dev, ino, size;
	int64_t mtime_ns, ctime_ns;
	char hex[SHA256_HEX_MAX];
	bool is_used;
};

struct file_hashes {
	char *path;
	struct hashed *items; /* sorted by ino at first, new ones at the end */
	size_t count;
	size_t sorted;
	bool has_new;
};

static int64_t to_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static bool parse_line(const char *line, struct hashed *out)
{
	int end = 0;

	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 " %64s%n",
		   &out->dev, &out->ino, &out->size, &out->mtime_ns, &out->ctime_ns, out->hex,
		   &end) != 6)
		return false;
	return line[end] == '\0' && strlen(out->hex) == SHA256_HEX_MAX - 1 &&
	       out->hex[strspn(out->hex, "0123456789abcdef")] == '\0';
}

static int compare(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->dev < y->dev ? -1 : x->dev > y->dev;
}

static void add(struct file_hashes *hashes, const struct hashed *item)
{
	/* Grows by halves. */
	if ((hashes->count & (hashes->count - 1)) == 0)
		hashes->items =
			xrealloc(hashes->items, (hashes->count ? 2 * hashes->count : 1) *
							sizeof(*hashes->items));
	hashes->items[hashes->count++] = *item;
}

struct file_hashes *file_hashes_open(const char *path)
{
	struct file_hashes *hashes = xmalloc(sizeof(*hashes));
	AUTO_FREE char *text = NULL;
	struct err ignored;
	char *rest, *line;

	hashes->path = xstrdup(path);
	if (fd_read_file(AT_FDCWD, path, TEXT_MAX_BYTES, &text, &ignored) < 0 ||
	    !str_starts(text, FIRST_LINE))
		return hashes;
	rest = text + strlen(FIRST_LINE);
	while ((line = strsep(&rest, "\n")) && hashes->count < HASHES_MAX) {
		struct hashed item = {0};

		if (parse_line(line, &item))
			add(hashes, &item);
	}
	if (hashes->count)
		qsort(hashes->items, hashes->count, sizeof(*hashes->items), compare);
	hashes->sorted = hashes->count;
	return hashes;
}

static void save(const struct file_hashes *hashes)
{
	AUTO_FREE char *dir = xstrdup(hashes->path);
	AUTO_BUF struct buf text = {0};
	bool is_full = hashes->count > HASHES_MAX;
	struct err ignored;
	char *slash = strrchr(dir, '/');

	if (slash)
		*slash = '\0';
	(void)path_mkdirs(dir, 0700);
	buf_puts(&text, FIRST_LINE);
	for (size_t i = 0; i < hashes->count; i++) {
		const struct hashed *h = &hashes->items[i];

		if (is_full && !h->is_used)
			continue;
		buf_printf(&text,
			   "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %s\n",
			   h->dev, h->ino, h->size, h->mtime_ns, h->ctime_ns, h->hex);
	}
	(void)fd_write_atomic(AT_FDCWD, hashes->path, text.data, text.len, 0600, &ignored);
}

void file_hashes_close(struct file_hashes *hashes)
{
	if (!hashes)
		return;
	if (hashes->has_new)
		save(hashes);
	free(hashes->items);
	free(hashes->path);
	free(hashes);
}

static struct hashed *find(struct file_hashes *hashes, const struct hashed *wanted)
{
	struct hashed *found = NULL;

	if (hashes->sorted)
		found = bsearch(wanted, hashes->items, hashes->sorted, sizeof(*hashes->items),
				compare);
	for (size_t i = hashes->sorted; !found && i < hashes->count; i++)
		if (compare(&hashes->items[i], wanted) == 0)
			found = &hashes->items[i];
	return found;
}

static int hash_content(int fd, const char *shown, char out_hex[SHA256_HEX_MAX],
			struct err *err)
{
	AUTO_FREE char *buffer = xmalloc(256 * 1024);
	struct sha256 sha;
	off_t at = 0;

	sha256_begin(&sha);
	for (;;) {
		ssize_t n = pread(fd, buffer, 256 * 1024, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", shown);
		if (n == 0)
			break;
		sha256_add(&sha, buffer, (size_t)n);
		at += n;
	}
	sha256_end(&sha, out_hex);
	return 0;
}

static struct hashed describe(const struct stat *st)
{
	return (struct hashed){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = to_ns(&st->st_mtim),
		.ctime_ns = to_ns(&st->st_ctim),
		.is_used = true,
	};
}

static bool is_same(const struct hashed *a, const struct hashed *b)
{
	return compare(a, b) == 0 && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns;
}

/* Old enough that a later change cannot have the same times. */
static bool is_settled(const struct hashed *item)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return item->mtime_ns < to_ns(&now) - RACY_NS && item->ctime_ns < to_ns(&now) - RACY_NS;
}

int file_hashes_get(struct file_hashes *hashes, int fd, const char *shown,
		    char out_hex[SHA256_HEX_MAX], struct err *err)
{
	struct hashed *known;
	struct hashed item;
	struct stat st;
	bool is_kept;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", shown);
	if (!hashes || st.st_size < SMALL_BYTES)
		return hash_content(fd, shown, out_hex, err);
	item = describe(&st);
	known = find(hashes, &item);
	if (known && is_same(known, &item)) {
		known->is_used = true;
		memcpy(out_hex, known->hex, SHA256_HEX_MAX);
		return 0;
	}
	is_kept = is_settled(&item);
	if (hash_content(fd, shown, item.hex, err) < 0)
		return -1;
	memcpy(out_hex, item.hex, SHA256_HEX_MAX);
	if (!is_kept)
		return 0;
	if (known)
		*known = item;
	else
		add(hashes, &item);
	hashes->has_new = true;
	return 0;
}
