#include "puller/plain.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536
#define RATIO_MAX 200

static bool is_compressed(int fd)
{
	static const struct {
		const char *bytes;
		size_t len;
	} magics[] = {
		{"\x1f\x8b", 2},
		{"\x28\xb5\x2f\xfd", 4},
		{"\xfd"
		 "7zXZ",
		 5},
		{"BZh", 3},
	};
	char begin[8] = {0};

	if (pread(fd, begin, sizeof(begin), 0) <= 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (memcmp(begin, magics[i].bytes, magics[i].len) == 0)
			return true;
	}
	return false;
}

int plain_temporary(int dir_fd, struct err *err)
{
	char name[] = ".temporary-XXXXXXXX";
	int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* File systems that do not have it, NFS among them. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
		(void)snprintf(name, sizeof(name), ".temporary-%08x", (unsigned int)getpid());
		fd = openat(dir_fd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0)
			(void)unlinkat(dir_fd, name, 0);
	}
	return fd < 0 ? err_sys(err, "make a temporary file") : fd;
}

static int fail(struct archive *a, const char *what, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_set(err, "%s%s%s", what, why ? ": " : "", why ? why : "");
}

static int open_raw(struct archive *a, int fd, struct err *err)
{
	struct archive_entry *entry;

	if (archive_read_support_filter_gzip(a) < ARCHIVE_WARN ||
	    archive_read_support_filter_zstd(a) < ARCHIVE_WARN ||
	    archive_read_support_filter_xz(a) < ARCHIVE_WARN ||
	    archive_read_support_filter_bzip2(a) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_open_fd(a, fd, BLOCK) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) < ARCHIVE_WARN)
		return fail(a, "decompress it", err);
	return 0;
}

static int copy_raw(struct archive *a, int out_fd, uint64_t max, struct err *err)
{
	static char buffer[BLOCK];
	uint64_t total = 0;

	for (;;) {
		la_ssize_t n = archive_read_data(a, buffer, sizeof(buffer));

		if (n < 0)
			return fail(a, "decompress it", err);
		if (n == 0)
			return 0;
		total += (uint64_t)n;
		if (total > max) {
			(void)err_code(err, EFBIG, "decompress it");
			return err_hint(err,
					"it would be more than %d times as large as it is, "
					"which no image is",
					RATIO_MAX);
		}
		if (fd_write_all(out_fd, buffer, (size_t)n) < 0)
			return err_sys(err, "write it decompressed");
	}
}

int plain_make(int *fd, int dir_fd, uint64_t free_bytes, struct err *err)
{
	AUTO_CLOSE int out_fd = -1;
	struct archive *a;
	struct stat st;
	int rc;

	if (!is_compressed(*fd))
		return 0;
	if (fstat(*fd, &st) < 0)
		return err_sys(err, "look at it");
	out_fd = plain_temporary(dir_fd, err);
	if (out_fd < 0)
		return -1;
	a = archive_read_new();
	if (!a)
		return err_code(err, ENOMEM, "decompress it");
	rc = open_raw(a, *fd, err);
	if (rc == 0)
		rc = copy_raw(a, out_fd, (uint64_t)st.st_size * RATIO_MAX + free_bytes, err);
	(void)archive_read_free(a);
	if (rc < 0)
		return -1;
	if (lseek(out_fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read it again");
	(void)close(*fd);
	*fd = steal_fd(&out_fd);
	return 0;
}
