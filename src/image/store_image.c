#include "image/store.h"

#include "image/store_private.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void image_done(struct image *image)
{
	record_clear(record_image, image);
	*image = (struct image){0};
}

void image_ref_done(struct image_ref *ref)
{
	record_clear(record_ref, ref);
	*ref = (struct image_ref){0};
}

char *image_path(const char *id)
{
	return xasprintf(IMAGES_DIR "/%s", digest_hex(id));
}

static bool has_blob(const struct image_store *store, const char *digest)
{
	AUTO_FREE char *path = blob_path(digest);

	return faccessat(store->fd, path, F_OK, 0) == 0;
}

bool image_is_whole(const struct image_store *store, const struct image *image)
{
	if (!has_blob(store, image->id) || !has_blob(store, image->config_digest))
		return false;
	for (size_t i = 0; i < image->layers.count; i++)
		if (!layer_exists(store, image->layers.items[i]))
			return false;
	return true;
}

/* What becomes a path, or is looked for as one. */
static int check_image(const struct image *image, struct err *err)
{
	const char *wrong = NULL;

	if (!digest_check(image->id))
		wrong = image->id;
	else if (!digest_check(image->config_digest))
		wrong = image->config_digest;
	for (size_t i = 0; !wrong && i < image->layers.count; i++)
		if (!layer_id_check(image->layers.items[i]))
			wrong = image->layers.items[i];
	if (!wrong)
		return 0;
	(void)err_set(err, "'%.80s' is no digest", wrong);
	err->code = EBADMSG;
	return -1;
}

int image_read_at(const struct image_store *store, const char *path, struct image *out_image,
		  struct err *err)
{
	struct image image = {0};

	if (store_get_record(store, path, record_image, &image, err) < 0)
		return -1;
	if (check_image(&image, err) < 0) {
		image_done(&image);
		(void)err_wrap(err, "'%s/%s'", store->dir, path);
		return err_hint(err, "the disk may be at fault; remove the file");
	}
	*out_image = image;
	return 0;
}

int image_read(const struct image_store *store, const char *id, struct image *out_image,
	       struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (!digest_check(id)) {
		(void)err_set(err, "'%.80s' is not a digest", id);
		err->code = EINVAL;
		return -1;
	}
	path = image_path(id);
	if (image_read_at(store, path, out_image, err) < 0)
		return err_wrap(err, "image '%s'", id);
	return 0;
}

/* The lock is held. */
static int publish(const struct image_store *store, const struct image *image,
		   const struct image_ref *ref, struct err *err)
{
	AUTO_FREE char *path = image_path(image->id);
	AUTO_FREE char *name = ref ? ref_path(ref->text, ref->platform) : NULL;

	if (!image_is_whole(store, image)) {
		(void)err_set(err, "parts of image '%s' are not there", image->id);
		err->code = ENOENT;
		return err_hint(err, "somebody threw them away just now: try again");
	}
	/* Written again when it is there, for a part that was removed by hand and came back. */
	if (store_put_record(store, path, record_image, image, err) < 0)
		return -1;
	return name ? store_put_record(store, name, record_ref, ref, err) : 0;
}

int image_publish(const struct image_store *store, const struct image *image,
		  const struct image_ref *ref, struct err *err)
{
	AUTO_CLOSE int lock = -1;

	if (check_image(image, err) < 0)
		return -1;
	if (ref && !str_eq(ref->image, image->id)) {
		(void)err_set(err, "name '%s' is for image '%s', not '%s'", ref->text,
			      ref->image ? ref->image : "", image->id);
		err->code = EINVAL;
		return -1;
	}
	lock = store_lock(store, err);
	return lock < 0 ? -1 : publish(store, image, ref, err);
}

char *image_source_stamp(const struct reference *reference)
{
	AUTO_FREE char *index = NULL;
	struct stat st;

	if (!reference->path)
		return NULL;
	/* Blobs are added to a layout without a change of the folder itself; its index is
	 * written last. */
	index = xasprintf("%s/index.json", reference->path);
	if (stat(reference->source == IMAGE_OCI_DIR ? index : reference->path, &st) < 0)
		return NULL;
	return xasprintf("%ju:%ju:%jd:%jd.%09ld:%jd.%09ld", (uintmax_t)st.st_dev,
			 (uintmax_t)st.st_ino, (intmax_t)st.st_size,
			 (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			 (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}
