#include "image/collect.h"

#include "image/collect_private.h"
#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* An image that is fetched has its documents first and its name last. */
#define ARRIVES_S (24 * 60 * 60)

static bool is_named(const struct image_list *list, const bool *is_dropped, const char *hex)
{
	for (size_t i = 0; i < list->image_count; i++) {
		const struct image *image = &list->images[i];

		if (!is_dropped[i] && (strcmp(digest_hex(image->id), hex) == 0 ||
				       strcmp(digest_hex(image->config_digest), hex) == 0))
			return true;
	}
	return false;
}

static bool is_after(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Unless it was written again since the image was published: then it is another's by now. */
static void drop_document(const struct image_store *store, const struct image_list *list,
			  const bool *is_dropped, const char *digest,
			  const struct timespec *published)
{
	AUTO_FREE char *path = blob_path(digest);
	struct stat st;

	if (is_named(list, is_dropped, digest_hex(digest)))
		return;
	if (fstatat(store->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !is_after(&st.st_mtim, published))
		(void)unlinkat(store->fd, path, 0);
}

int drop_image(const struct image_store *store, const struct image_list *list,
	       const bool *is_dropped, size_t index, struct err *err)
{
	const struct image *image = &list->images[index];
	AUTO_FREE char *path = image_path(image->id);
	struct stat st;

	if (fstatat(store->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    unlinkat(store->fd, path, 0) < 0)
		return err_sys(err, "remove image '%s'", image->id);
	/* It must not come back after a power cut when its layers do not. */
	if (store_sync_dir(store, IMAGES_DIR, err) < 0)
		return -1;
	drop_document(store, list, is_dropped, image->id, &st.st_mtim);
	drop_document(store, list, is_dropped, image->config_digest, &st.st_mtim);
	return 0;
}

int drop_documents(const struct image_store *store, const struct image_list *list,
		   const bool *is_dropped, bool dry_run, struct collected *collected,
		   struct err *err)
{
	AUTO_STRV struct strv names = {0};
	const time_t now = time(NULL);

	if (store_list(store, BLOBS_DIR, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(BLOBS_DIR, names.items[i]);
		struct stat st;

		if (is_named(list, is_dropped, names.items[i]) ||
		    fstatat(store->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_mtim.tv_sec > now - ARRIVES_S)
			continue;
		collected_add(collected, (uint64_t)st.st_size, "document %.*s", SHORT_ID_MAX,
			      names.items[i]);
		if (!dry_run && unlinkat(store->fd, path, 0) < 0 && errno != ENOENT)
			return err_sys(err, "remove '%s/%s'", store->dir, path);
	}
	return 0;
}

static size_t find_image(const struct image_list *list, const char *id)
{
	size_t i = 0;

	while (i < list->image_count && strcmp(list->images[i].id, id) != 0)
		i++;
	return i;
}

static int remove_unnamed(const struct image_store *store, const struct image_list *list,
			  const char *id, struct err *err)
{
	size_t index = find_image(list, id);
	AUTO_FREE bool *is_dropped = xmalloc((list->image_count + 1) * sizeof(*is_dropped));

	if (index == list->image_count)
		return err_code(err, ENOENT, "image '%.80s'", id);
	for (size_t i = 0; i < list->ref_count; i++)
		if (strcmp(list->refs[i].image, id) == 0)
			return err_code(err, EBUSY, "image '%s' has the name '%s'", id,
					list->refs[i].text);
	is_dropped[index] = true;
	return drop_image(store, list, is_dropped, index, err);
}

int image_remove(const struct image_store *store, const char *id, struct err *err)
{
	struct image_list list;
	AUTO_CLOSE int lock = store_lock(store, err);
	int result;

	if (lock < 0 || image_list_read(store, &list, err) < 0)
		return -1;
	result = remove_unnamed(store, &list, id, err);
	image_list_done(&list);
	return result;
}

/* "<name>" or "<name>#<platform>". */
static bool is_name_of(const char *file, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(file, name, len) == 0 && (!file[len] || file[len] == REF_PLATFORM);
}

int image_untag(const struct image_store *store, const char *text, struct err *err)
{
	AUTO_FREE char *name = ref_name(text);
	AUTO_STRV struct strv names = {0};
	AUTO_CLOSE int lock = store_lock(store, err);
	size_t count = 0;

	if (lock < 0 || store_list(store, REFS_DIR, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(REFS_DIR, names.items[i]);

		if (!is_name_of(names.items[i], name))
			continue;
		if (unlinkat(store->fd, path, 0) < 0)
			return err_sys(err, "remove '%s/%s'", store->dir, path);
		count++;
	}
	if (!count)
		return err_code(err, ENOENT, "image '%s'", text);
	return store_sync_dir(store, REFS_DIR, err);
}
