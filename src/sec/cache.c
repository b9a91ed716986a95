#include "sec/cache.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "dvbxbpf1"
#define MAGIC_LEN 8
#define FILE_MAX_BYTES (1024UL * 1024)
#define COLLISIONS_MAX 8

/**
 * struct header - what a cache file begins with
 * @program_sum:	over the fields before it and the program: all that exec reads
 * @rest_sum:		over key and warnings
 */
struct header {
	char magic[MAGIC_LEN];
	uint32_t len;
	uint32_t has_notify;
	uint32_t key_len;
	uint32_t warnings_len;
	uint64_t program_sum;
	uint64_t rest_sum;
};

static size_t program_bytes(const struct header *h)
{
	return h->len * sizeof(struct sock_filter);
}

static uint64_t sum_program(const struct header *h, const void *program)
{
	uint64_t sum = str_hash(h, offsetof(struct header, program_sum), STR_HASH_SEED);

	return str_hash(program, program_bytes(h), sum);
}

/* Only a file that nobody else could have written. */
static int open_ours(const char *path, struct stat *out, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (fstat(fd, out) < 0)
		return err_sys(err, "stat '%s'", path);
	if (!S_ISREG(out->st_mode) || out->st_uid != geteuid() || (out->st_mode & 022) != 0)
		return err_code(err, EPERM, "compiled seccomp filter '%s' is not ours alone",
				path);
	return steal_fd(&fd);
}

static int damaged(struct err *err, const char *path)
{
	err_set(err, "compiled seccomp filter '%s' is damaged", path);
	return err_hint(err, "remove it; the next 'devbox up' makes it again");
}

static int check_header(const struct header *h, off_t size, const char *path, struct err *err)
{
	uint64_t wanted;

	if (memcmp(h->magic, MAGIC, MAGIC_LEN) != 0 || h->len == 0 || h->len > BPF_MAXINSNS)
		return damaged(err, path);
	wanted = sizeof(*h) + program_bytes(h) + h->key_len + h->warnings_len;
	return size < 0 || (uint64_t)size != wanted ? damaged(err, path) : 0;
}

static ssize_t read_full(int fd, void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Header and program, from the start of @fd. */
static int read_program(int fd, const struct stat *st, const char *path, struct header *h,
			struct filter *out_filter, struct err *err)
{
	AUTO_FREE struct sock_filter *program = NULL;

	if (read_full(fd, h, sizeof(*h)) < 0)
		return damaged(err, path);
	if (check_header(h, st->st_size, path, err) < 0)
		return -1;

	program = xmalloc(program_bytes(h));
	if (read_full(fd, program, program_bytes(h)) < 0)
		return damaged(err, path);
	if (sum_program(h, program) != h->program_sum)
		return damaged(err, path);

	*out_filter = (struct filter){
		.program = STEAL(program),
		.len = h->len,
		.has_notify = h->has_notify != 0,
		.file = xstrdup(path),
	};
	return 0;
}

int filter_load_file(const char *file, struct filter *out_filter, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct header h;
	struct stat st;

	fd = open_ours(file, &st, err);
	if (fd < 0)
		return -1;
	return read_program(fd, &st, file, &h, out_filter, err);
}

enum lookup { LOOKUP_HIT, LOOKUP_OTHER, LOOKUP_NONE };

static void split_warnings(const char *text, size_t len, struct strv *out)
{
	for (size_t at = 0; at < len;) {
		size_t n = strnlen(text + at, len - at);

		strv_take(out, xstrndup(text + at, n));
		at += n + 1;
	}
}

static enum lookup look_at(const char *path, const struct buf *key, struct filter *out_filter,
			   struct strv *warnings)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *rest = NULL;
	struct filter found = {0};
	enum lookup result = LOOKUP_NONE;
	struct err err;
	struct header h;
	struct stat st;
	size_t len = 0;

	fd = open_ours(path, &st, &err);
	if (fd < 0 || st.st_size > (off_t)FILE_MAX_BYTES)
		return LOOKUP_NONE;
	if (read_program(fd, &st, path, &h, &found, &err) < 0) {
		log_debug("%s", err.message);
		return LOOKUP_NONE;
	}

	if (fd_read_all(fd, FILE_MAX_BYTES, &rest, &len, &err) == 0 &&
	    len == (size_t)h.key_len + h.warnings_len &&
	    str_hash(rest, len, STR_HASH_SEED) == h.rest_sum)
		result = h.key_len == key->len && memcmp(rest, key->data, key->len) == 0
				 ? LOOKUP_HIT
				 : LOOKUP_OTHER;
	if (result != LOOKUP_HIT) {
		filter_done(&found);
		return result;
	}

	split_warnings(rest + h.key_len, h.warnings_len, warnings);
	*out_filter = found;
	return result;
}

/* A folder that others may write could be emptied and filled under our eyes. */
static bool is_usable(const char *dir)
{
	struct stat st;

	if (path_mkdirs(dir, 0700) < 0 || lstat(dir, &st) < 0)
		return false;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}

bool cache_find(const char *dir, const struct buf *key, char **out_path,
		struct filter *out_filter, struct strv *warnings)
{
	uint64_t hash = str_hash(key->data, key->len, STR_HASH_SEED);

	*out_path = NULL;
	if (!is_usable(dir)) {
		log_debug("seccomp: '%s' cannot be used as cache", dir);
		return false;
	}

	for (int i = 0; i < COLLISIONS_MAX; i++) {
		AUTO_FREE char *path =
			xasprintf("%s/%016llx-%d.bpf", dir, (unsigned long long)hash, i);
		enum lookup result = look_at(path, key, out_filter, warnings);

		if (result == LOOKUP_OTHER)
			continue;
		*out_path = STEAL(path);
		return result == LOOKUP_HIT;
	}
	return false;
}

int cache_write(const char *path, const struct buf *key, const struct filter *filter,
		const struct strv *warnings, struct err *err)
{
	struct header h = {
		.magic = MAGIC,
		.len = (uint32_t)filter->len,
		.has_notify = filter->has_notify,
		.key_len = (uint32_t)key->len,
	};
	AUTO_BUF struct buf rest = {0};
	AUTO_BUF struct buf whole = {0};

	buf_add(&rest, key->data, key->len);
	for (size_t i = 0; i < warnings->count; i++)
		buf_add(&rest, warnings->items[i], strlen(warnings->items[i]) + 1);
	h.warnings_len = (uint32_t)(rest.len - key->len);
	h.program_sum = sum_program(&h, filter->program);
	h.rest_sum = str_hash(rest.data, rest.len, STR_HASH_SEED);

	buf_add(&whole, &h, sizeof(h));
	buf_add(&whole, filter->program, program_bytes(&h));
	buf_add(&whole, rest.data, rest.len);
	return fd_write_atomic(AT_FDCWD, path, whole.data, whole.len, 0600, err);
}
