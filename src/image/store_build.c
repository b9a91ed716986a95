#include "image/store.h"

#include "image/store_private.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void build_entry_done(struct build_entry *entry)
{
	record_clear(record_build, entry);
	*entry = (struct build_entry){0};
}

char *build_path(const char *key)
{
	return xasprintf(BUILDS_DIR "/%s", key);
}

static int check_key(const char *key, struct err *err)
{
	if (key_check(key))
		return 0;
	(void)err_set(err, "'%.80s' is not the key of a build step", key);
	err->code = EINVAL;
	return -1;
}

int build_read_at(const struct image_store *store, const char *path,
		  struct build_entry *out_entry, struct err *err)
{
	struct build_entry entry = {0};
	struct stat st;

	if (store_get_record(store, path, record_build, &entry, err) < 0)
		return -1;
	if (!key_check(entry.key) || (*entry.layer && !layer_id_check(entry.layer))) {
		(void)err_set(err, "'%s/%s': key or layer are none", store->dir, path);
		build_entry_done(&entry);
		err->code = EBADMSG;
		return err_hint(err, "the disk may be at fault; remove the file");
	}
	entry.used_ms = entry.made_ms;
	if (fstatat(store->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		entry.used_ms =
			(int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	*out_entry = entry;
	return 0;
}

int build_find(const struct image_store *store, const char *key, struct build_entry *out_entry,
	       struct err *err)
{
	AUTO_FREE char *path = build_path(key);
	struct build_entry entry;

	if (check_key(key, err) < 0)
		return -1;
	if (build_read_at(store, path, &entry, err) < 0)
		return err_wrap(err, "build step");
	if (*entry.layer && !layer_exists(store, entry.layer)) {
		(void)err_code(err, ENOENT, "layer of build step '%s'", key);
		build_entry_done(&entry);
		return -1;
	}
	/* Only to know later what nobody needs. */
	(void)utimensat(store->fd, path, NULL, AT_SYMLINK_NOFOLLOW);
	*out_entry = entry;
	return 0;
}

int build_publish(const struct image_store *store, const struct build_entry *entry,
		  struct err *err)
{
	AUTO_FREE char *path = build_path(entry->key);
	AUTO_CLOSE int lock = -1;

	if (check_key(entry->key, err) < 0)
		return -1;
	lock = store_lock(store, err);
	if (lock < 0)
		return -1;
	if (*entry->layer && !layer_exists(store, entry->layer))
		return err_code(err, ENOENT, "layer of build step '%s'", entry->key);
	return store_put_record(store, path, record_build, entry, err);
}
