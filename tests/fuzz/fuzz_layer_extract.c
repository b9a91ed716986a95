#include "layer/folders.h"
#include "layer/layer.h"
#include "layer/tarwrite.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/*
 * Any archive, into a folder beside a canary:
 *
 *	TOP/canary	is what it was
 *	TOP/diff	holds no device but whiteouts, and what can be packed packs to the same
 *			bytes after it was unpacked again
 *
 * The input begins with a byte: odd, the rest is an archive whose headers get right checksums;
 * even, it is a list of entries in few bytes, of names that like to meet each other.
 */

#define CANARY "sings"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int top_fd = -1;
static uint32_t id_count = 1;

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	must(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* As root of a namespace of one id, unless root. */
static void become_root(void)
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();

	if (uid == 0) {
		id_count = 65536;
		return;
	}
	must(unshare(CLONE_NEWUSER) == 0);
	write_file("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");
	AUTO_FREE char *top = xasprintf("%s/fuzz-layer-XXXXXX", tmp ? tmp : "/tmp");
	int fd;

	(void)argc;
	(void)argv;
	become_root();
	must(mkdtemp(top) != NULL);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(top_fd, "canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, CANARY, 5) == 5 && close(fd) == 0);
	return 0;
}

static void check_beside(void)
{
	AUTO_CLOSE int fd = openat(top_fd, "canary", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int names_fd = openat(top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fdopendir(names_fd);
	unsigned names = 0;
	struct stat st;
	char text[8];

	must(fd >= 0 && read(fd, text, sizeof(text)) == 5 && memcmp(text, CANARY, 5) == 0);
	must(fstat(fd, &st) == 0 && st.st_nlink == 1 && (st.st_mode & 07777) == 0644);
	while (readdir(dir))
		names++;
	must(names == 4 || names == 5); /* ".", "..", the canary, diff, perhaps again */
}

static void check_tree(int dir_fd, unsigned depth)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	must(dir != NULL);
	while (depth < 100 && (d = readdir(dir))) {
		AUTO_CLOSE int child = -1;
		struct stat st;

		if (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."))
			continue;
		must(!str_starts(d->d_name, ".wh."));
		must(fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		must(!S_ISBLK(st.st_mode) && !S_ISSOCK(st.st_mode));
		must(!S_ISCHR(st.st_mode) || st.st_rdev == makedev(0, 0));
		must(st.st_uid < id_count && st.st_gid < id_count);
		if (!S_ISDIR(st.st_mode))
			continue;
		child = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		must(child >= 0);
		check_tree(child, depth + 1);
	}
}

static int new_folder(const char *name)
{
	int fd;

	must(mkdirat(top_fd, name, 0755) == 0);
	fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static int unpack(int blob_fd, int dir_fd)
{
	struct layer_options options = {
		.limits = {.entries = 2000, .bytes = 1 << 24, .file_bytes = 1 << 24},
		.id_count = id_count};
	struct layer_result result;
	struct err err = {0};
	int done;

	must(lseek(blob_fd, 0, SEEK_SET) == 0);
	done = layer_unpack(blob_fd, dir_fd, &options, &result, &err);
	must(done == 0 || err.message[0]);
	return done;
}

static void check_round(int dir_fd)
{
	AUTO_CLOSE int blob_fd = memfd_create("again", MFD_CLOEXEC);
	AUTO_CLOSE int again_fd = -1;
	struct layer_packed one, two;
	struct err err = {0};

	if (layer_pack(dir_fd, blob_fd, LAYER_PLAIN, &one, &err) < 0)
		return;
	again_fd = new_folder("again");
	must(unpack(blob_fd, again_fd) == 0);
	must(layer_pack(again_fd, -1, LAYER_PLAIN, &two, &err) == 0);
	must(str_eq(one.diff_id, two.diff_id));
	must(remove_tree(top_fd, "again") == 0);
}

static void try_blob(const void *data, size_t len)
{
	AUTO_CLOSE int blob_fd = memfd_create("blob", MFD_CLOEXEC);
	AUTO_CLOSE int diff_fd = new_folder("diff");
	bool is_whole;

	must(write(blob_fd, data, len) == (ssize_t)len);
	is_whole = unpack(blob_fd, diff_fd) == 0;
	check_beside();
	check_tree(diff_fd, 0);
	if (is_whole)
		check_round(diff_fd);
	must(remove_tree(top_fd, "diff") == 0);
}

/* --- archives --- */

static void right_checksum(unsigned char *block)
{
	unsigned sum = 0;
	int i;

	memset(block + 148, ' ', 8);
	for (i = 0; i < 512; i++)
		sum += block[i];
	(void)snprintf((char *)block + 148, 8, "%06o", sum);
}

static void try_archive(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf tar = {0};
	size_t at;

	buf_add(&tar, data, size);
	for (at = 0; at + 512 <= tar.len; at += 512) {
		if (memcmp(tar.data + at + 257, "ustar", 5) == 0)
			right_checksum((unsigned char *)tar.data + at);
	}
	try_blob(tar.data ? tar.data : "", tar.len);
}

/* A path of up to four parts: one byte says how many, one byte each which. */
static void read_path(const uint8_t **at, const uint8_t *end, struct buf *path)
{
	static const char *const parts[] = {
		"a",
		"b",
		"c",
		"a",
		"b",
		"d",
		".",
		"..",
		"canary",
		"diff",
		".wh.a",
		".wh.b",
		".wh.c",
		".wh..wh..opq",
		"",
		"\xc3\xa9",
		"\xe9",
		"e\xcc\x81",
		".wh..wh.plnk",
		".wh.",
		"a\n",
	};
	unsigned count = *at < end ? *(*at)++ : 0;
	unsigned i;

	if (count & 0x40)
		buf_putc(path, '/');
	for (i = 0; i < (count & 3) + 1; i++) {
		unsigned which = *at < end ? *(*at)++ : 0;

		if (i)
			buf_putc(path, '/');
		buf_puts(path, parts[which % ARRAY_LEN(parts)]);
	}
	if (count & 0x80)
		buf_putc(path, '/');
}

static void try_list(const uint8_t *data, size_t size)
{
	static const char types[] = "0012255055346";
	const uint8_t *at = data, *end = data + size;
	AUTO_BUF struct buf tar = {0};

	while (at < end) {
		AUTO_BUF struct buf path = {0}, link = {0}, xattrs = {0};
		unsigned what = *at++;
		struct tar_item item = {
			.type = (enum tar_type)types[what % (sizeof(types) - 1)],
			.mode = what & 0x80 ? 06751 : 0644,
			.uid = what & 0x40 ? 7 : 0,
			.gid = what & 0x20 ? 70000 : 0,
			.mtime = {.tv_sec = (time_t)(at - data), .tv_nsec = what & 0x10},
			.xattrs = &xattrs};

		read_path(&at, end, &path);
		if (item.type == TAR_HARD_LINK || item.type == TAR_SYMLINK)
			read_path(&at, end, &link);
		item.path = path.data ? path.data : "";
		item.link = link.data;
		item.size = item.type == TAR_FILE && (what & 8) ? 3 : 0;
		if (what & 4)
			tar_add_xattr(&xattrs, what & 8 ? "user.overlay.opaque" : "user.x", "y",
				      1);
		tar_header(&tar, &item);
		if (item.size) {
			static const char block[TAR_BLOCK] = "abc";

			buf_add(&tar, block, sizeof(block));
		}
	}
	tar_end(&tar);
	try_blob(tar.data, tar.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		try_archive(data + 1, size - 1);
	else
		try_list(data + 1, size - 1);
	return 0;
}
