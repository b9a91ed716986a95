#ifndef TESTS_LAYER_FIXTURE_H
#define TESTS_LAYER_FIXTURE_H

#include "layer/layer.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * Archives written by hand, byte by byte, because no proper tool makes what a stranger may
 * send; and a place to unpack them:
 *
 *	TOP/canary	must never change
 *	TOP/diff	the layer's folder
 */

/* An entry is written as its name, and what matters about it. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* --- archives --- */

/** struct part - an entry; what is 0 or NULL has a sensible value. @type 0: a file. */
struct part {
	const char *name;
	char type;
	const char *link;
	unsigned mode;
	unsigned uid;
	unsigned gid;
	unsigned mtime;
	const char *data;
	size_t size;     /* of data, when that is no text */
	const char *pax; /* records before it, by pax() */
	size_t pax_len;  /* 0: strlen */
	unsigned major, minor;
};

static inline void put_octal_field(char *field, size_t digits, unsigned long value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%0*lo", (int)digits, value);
	memcpy(field, text, digits);
}

static inline void add_header(struct buf *tar, const struct part *p, size_t size)
{
	char h[512] = {0};
	unsigned sum = 0;
	size_t i;

	memcpy(h, p->name, strnlen(p->name, 100));
	put_octal_field(h + 100, 7, p->mode);
	put_octal_field(h + 108, 7, p->uid);
	put_octal_field(h + 116, 7, p->gid);
	put_octal_field(h + 124, 11, size);
	put_octal_field(h + 136, 11, p->mtime);
	h[156] = p->type ? p->type : '0';
	if (p->link)
		memcpy(h + 157, p->link, strnlen(p->link, 100));
	memcpy(h + 257, "ustar\00000", 8);
	put_octal_field(h + 329, 7, p->major);
	put_octal_field(h + 337, 7, p->minor);
	memset(h + 148, ' ', 8);
	for (i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	put_octal_field(h + 148, 6, sum);
	h[154] = '\0';
	buf_add(tar, h, sizeof(h));
}

static inline void add_data(struct buf *tar, const void *data, size_t size)
{
	static const char zeros[512];

	buf_add(tar, data, size);
	buf_add(tar, zeros, -size & 511);
}

static inline void add_part(struct buf *tar, const struct part *given)
{
	struct part p = *given;
	size_t size = p.data && !p.size ? strlen(p.data) : p.size;

	if (!p.mode)
		p.mode = p.type == '5' ? 0755 : 0644;
	if (p.pax) {
		struct part x = {.name = "pax", .type = 'x', .mode = 0644};
		size_t len = p.pax_len ? p.pax_len : strlen(p.pax);

		add_header(tar, &x, len);
		add_data(tar, p.pax, len);
	}
	add_header(tar, &p, size);
	if (p.data)
		add_data(tar, p.data, size);
}

static inline void add_end(struct buf *tar)
{
	static const char zeros[1024];

	buf_add(tar, zeros, sizeof(zeros));
}

/** pax() - append "LENGTH KEY=VALUE\n". */
static inline void pax_bytes(struct buf *b, const char *key, const void *value, size_t len)
{
	size_t total = strlen(key) + len + 3;
	char digits[24];
	int n, before = 0;

	do {
		n = snprintf(digits, sizeof(digits), "%zu", total + (size_t)before);
		if (n == before)
			break;
		before = n;
	} while (true);
	buf_puts(b, digits);
	buf_printf(b, " %s=", key);
	buf_add(b, value, len);
	buf_putc(b, '\n');
}

static inline void pax(struct buf *b, const char *key, const char *value)
{
	pax_bytes(b, key, value, strlen(value));
}

/* --- the place --- */

struct place {
	char *top;
	int top_fd;
	int diff_fd;
	uint32_t id_count;
	struct layer_result result;
	struct err err;
};

/** As root of a namespace with one id, unless root already: what devbox has at least. */
static inline void become_root(void)
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();
	FILE *file;

	if (uid == 0)
		return;
	if (unshare(CLONE_NEWUSER) < 0) {
		(void)fprintf(stderr, "no user namespace: %s\n", strerror(errno));
		exit(getenv("DEVBOX_TESTS_MUST_RUN") ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	file = fopen("/proc/self/setgroups", "we");
	assert_true(file && fputs("deny", file) >= 0 && fclose(file) == 0);
	(void)snprintf(map, sizeof(map), "0 %u 1", uid);
	file = fopen("/proc/self/uid_map", "we");
	assert_true(file && fputs(map, file) >= 0 && fclose(file) == 0);
	(void)snprintf(map, sizeof(map), "0 %u 1", gid);
	file = fopen("/proc/self/gid_map", "we");
	assert_true(file && fputs(map, file) >= 0 && fclose(file) == 0);
}

/* Ids of this namespace: many only when it is the first one. */
static inline uint32_t ids_here(void)
{
	FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned inside = 0, outside = 0, count = 0;

	assert_true(file && fscanf(file, "%u %u %u", &inside, &outside, &count) == 3);
	(void)fclose(file);
	return count > 65536 ? 65536 : count;
}

static inline int place_begin(void **state)
{
	struct place *p = xmalloc(sizeof(*p));
	const char *tmp = getenv("TMPDIR");
	int fd;

	p->top = xasprintf("%s/layer-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(p->top))
		return -1;
	p->top_fd = open(p->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(p->top_fd, "canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "sings", 5) != 5 || close(fd) < 0)
		return -1;
	if (mkdirat(p->top_fd, "diff", 0755) < 0)
		return -1;
	p->diff_fd = openat(p->top_fd, "diff", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->id_count = ids_here();
	*state = p;
	return p->diff_fd < 0 ? -1 : 0;
}

static inline int place_end(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", p->top);

	(void)close(p->diff_fd);
	(void)close(p->top_fd);
	(void)!system(command); /* NOLINT(cert-env33-c): a test */
	free(p->top);
	free(p);
	return 0;
}

/** unpack_blob() - what layer_unpack() says of these bytes, from a file. */
static inline int unpack_blob(struct place *p, const void *data, size_t len,
			      const struct layer_limits *limits)
{
	AUTO_CLOSE int fd = memfd_create("blob", MFD_CLOEXEC);
	struct layer_options options = {.id_count = p->id_count};

	if (limits)
		options.limits = *limits;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	memset(&p->result, 0, sizeof(p->result));
	memset(&p->err, 0, sizeof(p->err));
	return layer_unpack(fd, p->diff_fd, &options, &p->result, &p->err);
}

static inline int unpack_parts(struct place *p, const struct part *parts, size_t count)
{
	AUTO_BUF struct buf tar = {0};
	size_t i;

	for (i = 0; i < count; i++)
		add_part(&tar, &parts[i]);
	add_end(&tar);
	return unpack_blob(p, tar.data, tar.len, NULL);
}
#define UNPACK(p, ...)                                      \
	unpack_parts(p, (const struct part[]){__VA_ARGS__}, \
		     sizeof((const struct part[]){__VA_ARGS__}) / sizeof(struct part))

/** assert_unpacked() - with the reason when it was not */
static inline void assert_unpacked(const struct place *p, int result)
{
	if (result != 0)
		fail_msg("%s", p->err.message);
}

static inline void assert_refused(const struct place *p, int result, const char *words)
{
	assert_int_equal(result, -1);
	if (!strstr(p->err.message, words))
		fail_msg("no '%s' in: %s", words, p->err.message);
}

/* --- what is there --- */

/** kind_of() - 'f'ile, 'd'ir, 'l'ink, 'p'ipe, 'w'hiteout, other '?', nothing '-'; not followed
 */
static inline char kind_of(const struct place *p, const char *path)
{
	struct stat st;

	if (fstatat(p->diff_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return '-';
	if (S_ISREG(st.st_mode))
		return 'f';
	if (S_ISDIR(st.st_mode))
		return 'd';
	if (S_ISLNK(st.st_mode))
		return 'l';
	if (S_ISFIFO(st.st_mode))
		return 'p';
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0) ? 'w' : '?';
}

static inline struct stat stat_of(const struct place *p, const char *path)
{
	struct stat st;

	if (fstatat(p->diff_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("'%s': %s", path, strerror(errno));
	return st;
}

static inline void assert_text_at(int dir_fd, const char *path, const char *want)
{
	AUTO_CLOSE int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[256] = {0};

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, want);
}

static inline void assert_text(const struct place *p, const char *path, const char *want)
{
	assert_text_at(p->diff_fd, path, want);
}

static inline void assert_target(const struct place *p, const char *path, const char *want)
{
	char text[4096] = {0};

	assert_true(readlinkat(p->diff_fd, path, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, want);
}

/* The value of an attribute, or "-". */
static inline const char *xattr_of(const struct place *p, const char *path, const char *name,
				   char value[256])
{
	AUTO_CLOSE int fd =
		openat(p->diff_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = fgetxattr(fd, name, value, 255);
	(void)snprintf(value + (n < 0 ? 0 : n), n < 0 ? 2 : 1, "%s", n < 0 ? "-" : "");
	return value;
}

static inline bool is_opaque(const struct place *p, const char *path)
{
	char value[256];

	return str_eq(xattr_of(p, path, "user.overlay.opaque", value), "y");
}

/** assert_nothing_escaped() - TOP holds what it held. */
static inline void assert_nothing_escaped(const struct place *p)
{
	AUTO_CLOSE int fd = openat(p->top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fdopendir(fd);
	const struct dirent *d;
	struct stat st;

	assert_non_null(dir);
	(void)steal_fd(&fd);
	while ((d = readdir(dir))) {
		if (d->d_name[0] != '.' && !str_eq(d->d_name, "canary") &&
		    !str_eq(d->d_name, "diff"))
			fail_msg("'%s' lies beside the layer", d->d_name);
	}
	assert_text_at(p->top_fd, "canary", "sings");
	assert_int_equal(fstatat(p->top_fd, "canary", &st, 0), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_mode & 07777, 0644);
}

#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

#endif
