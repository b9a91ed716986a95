#include "image/store.h"

#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int bad_digest(const char *digest, struct err *err)
{
	(void)err_set(err, "'%.80s' is not a digest", digest);
	err->code = EINVAL;
	return -1;
}

char *blob_path(const char *digest)
{
	return xasprintf(BLOBS_DIR "/%s", digest_hex(digest));
}

int blob_write(const struct image_store *store, const char *text, size_t len,
	       const char *digest, struct err *err)
{
	AUTO_CLOSE int lock = -1;
	AUTO_FREE char *actual = NULL;
	AUTO_FREE char *path = NULL;
	char hex[SHA256_HEX_MAX];

	sha256_text(text, len, hex);
	actual = xasprintf("sha256:%s", hex);
	if (digest && strcmp(actual, digest) != 0) {
		(void)err_set(err, "content has digest '%s', not '%.80s'", actual, digest);
		err->code = EBADMSG;
		return -1;
	}
	path = blob_path(actual);
	lock = store_lock(store, err);
	if (lock < 0)
		return -1;
	/* Written again when it is there: it heals, and is new to who collects garbage. */
	return store_put(store, path, text, len, err);
}

int blob_read(const struct image_store *store, const char *digest, char **out_text,
	      size_t *out_len, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;
	char hex[SHA256_HEX_MAX];
	size_t len;

	if (!digest_check(digest))
		return bad_digest(digest, err);
	path = blob_path(digest);
	fd = openat(store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, "document '%s'", digest);
	if (fd_read_all(fd, DOCUMENT_MAX, &text, &len, err) < 0)
		return err_wrap(err, "document '%s'", digest);

	sha256_text(text, len, hex);
	if (strcmp(hex, digest_hex(digest)) != 0) {
		(void)err_set(err, "'%s/%s' is damaged", store->dir, path);
		err->code = EBADMSG;
		return err_hint(err, "remove it and pull the image again");
	}
	*out_text = STEAL(text);
	if (out_len)
		*out_len = len;
	return 0;
}
