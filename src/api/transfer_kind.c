#include "api/transfer.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What kind of image lies in a file: by the names in a tar archive (POSIX.1-1988, ustar), whose
 * headers are looked at and nothing else. */

#define BLOCK 512
#define ENTRIES_MAX 1000000

struct header {
	char name[100];
	char mode[24];
	char size[12];
	char rest[376];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

static bool is_tar(const struct header *h)
{
	return memcmp((const char *)h + 257, "ustar", 5) == 0;
}

/* Octal, or base 256 with the highest bit set (GNU). */
static uint64_t size_of(const struct header *h)
{
	uint64_t size = 0;

	if ((unsigned char)h->size[0] & 0x80) {
		for (size_t i = 4; i < sizeof(h->size); i++)
			size = size << 8 | (unsigned char)h->size[i];
		return size;
	}
	for (size_t i = 0; i < sizeof(h->size) && h->size[i]; i++)
		if (h->size[i] >= '0' && h->size[i] <= '7')
			size = size << 3 | (uint64_t)(h->size[i] - '0');
	return size;
}

static bool is_named(const struct header *h, const char *name)
{
	const char *at = h->name[0] == '.' && h->name[1] == '/' ? h->name + 2 : h->name;

	return strncmp(at, name, strlen(name) + 1) == 0;
}

static const char *kind_of_tar(int fd)
{
	struct header h;
	bool is_layout = false;
	uint64_t at = 0;

	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		if (pread(fd, &h, sizeof(h), (off_t)at) != (ssize_t)sizeof(h) || !is_tar(&h))
			break;
		/* Docker's own are layouts too, but have the names of images only there. */
		if (is_named(&h, "manifest.json"))
			return "docker-archive:";
		is_layout =
			is_layout || is_named(&h, "oci-layout") || is_named(&h, "index.json");
		if (size_of(&h) > INT64_MAX / 2 - at)
			break;
		at += BLOCK + (size_of(&h) + BLOCK - 1) / BLOCK * BLOCK;
	}
	return is_layout ? "oci-archive:" : "tar:";
}

static int kind_of_folder(int fd, const char *path, const char **out_kind, struct err *err)
{
	if (faccessat(fd, "oci-layout", F_OK, 0) == 0 ||
	    faccessat(fd, "index.json", F_OK, 0) == 0) {
		*out_kind = "oci:";
		return 0;
	}
	(void)err_set(err, "folder '%s' is no OCI image layout", path);
	err->code = EINVAL;
	return err_hint(err,
			"a root file system in a folder needs no loading: image rootfs:DIR");
}

static bool is_compressed(const unsigned char *bytes)
{
	static const struct {
		unsigned char magic[4];
		size_t len;
	} known[] = {
		{{0x1f, 0x8b}, 2},
		{{0x28, 0xb5, 0x2f, 0xfd}, 4},
		{{'B', 'Z', 'h'}, 3},
		{{0xfd, '7', 'z', 'X'}, 4},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (memcmp(bytes, known[i].magic, known[i].len) == 0)
			return true;
	return false;
}

int transfer_kind(const char *path, const char **out_kind, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct header h = {0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", path);
	if (S_ISDIR(st.st_mode))
		return kind_of_folder(fd, path, out_kind, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' is neither a file nor a folder", path);
	if (pread(fd, &h, sizeof(h), 0) < 0)
		return err_sys(err, "read '%s'", path);
	if (is_tar(&h)) {
		*out_kind = kind_of_tar(fd);
		return 0;
	}
	if (is_compressed((const unsigned char *)&h)) {
		*out_kind = NULL;
		return 0;
	}
	(void)err_set(err, "'%s' is no image: neither a tar archive nor compressed", path);
	err->code = EINVAL;
	return err_hint(err,
			"archives of 'devbox save', 'docker save', 'podman save' and skopeo "
			"can be loaded");
}
