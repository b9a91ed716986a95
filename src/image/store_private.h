#ifndef IMAGE_STORE_PRIVATE_H
#define IMAGE_STORE_PRIVATE_H

#include "image/store.h"
#include "image/store_record.h"

#include <sys/types.h>

/* Between the files of the store. Paths are relative to the store. */

#define LAYERS_DIR "layers"
#define IMAGES_DIR "images"
#define REFS_DIR "refs"
#define BUILDS_DIR "builds"
#define BLOBS_DIR "blobs/sha256"
#define TMP_DIR "tmp"
#define TRASH_DIR "trash"
/* In tmp/: held by who makes the layer of that id. */
#define WORK_LOCK "lock-"
/* In tmp/: a record while it is written; there is one writer, who holds the store's lock. */
#define DRAFT_FILE TMP_DIR "/record"

/** store_lock() - the store's lock, for as long as the descriptor is open. Return: descriptor
 * or -1; EWOULDBLOCK after half a minute. */
int store_lock(const struct image_store *store, struct err *err);

/** store_is_at() - @path still means what @fd is. */
bool store_is_at(const struct image_store *store, const char *path, int fd);

/** store_put() - @path appears whole, or is replaced, and is on disk. The lock is held. */
int store_put(const struct image_store *store, const char *path, const char *text, size_t len,
	      struct err *err);
/** store_put_record() - store_put() of store_record_format(). */
int store_put_record(const struct image_store *store, const char *path,
		     const struct record_field *fields, const void *object, struct err *err);
/** store_get_record() - store_record_parse() of a file into an empty @object; on failure it is
 * empty again. */
int store_get_record(const struct image_store *store, const char *path,
		     const struct record_field *fields, void *object, struct err *err);

/** store_sync_dir() - what was renamed into or out of the folder is on disk. */
int store_sync_dir(const struct image_store *store, const char *path, struct err *err);

/** store_new_dir() - a new folder in @parent (tmp or trash), opened and locked. *out_name is
 * below @parent. Return: descriptor or -1. */
int store_new_dir(const struct image_store *store, const char *parent, char **out_name,
		  struct err *err);
/** store_trash() - rename @path into trash/. ENOENT when it is not there. */
int store_trash(const struct image_store *store, const char *path, struct err *err);

/** store_list() - names in the folder @path, sorted, without those that begin with a dot. */
int store_list(const struct image_store *store, const char *path, struct strv *out_names,
	       struct err *err);

/** layer_id_check() - 64 hexadecimal digits, or "b-" and 64: what may become a file name. */
bool layer_id_check(const char *id);
/** key_check() - 64 lower-case hexadecimal digits. */
bool key_check(const char *key);

/** image_path() / blob_path() - of a checked digest; build_path() - of a checked key. free()
 * it. */
char *image_path(const char *id);
char *blob_path(const char *digest);
char *build_path(const char *key);
/** ref_path() - of a reference's text and the platform asked for ("" or NULL: none). free() it.
 */
char *ref_path(const char *text, const char *platform);
/** ref_name() - the part of it that all platforms have in common. free() it. */
char *ref_name(const char *text);
#define REF_PLATFORM '#' /* stands in a ref's name before the platform, and nowhere else */

/** image_is_whole() - its documents and layers are there. */
bool image_is_whole(const struct image_store *store, const struct image *image);

int image_read_at(const struct image_store *store, const char *path, struct image *out_image,
		  struct err *err);
int ref_read_at(const struct image_store *store, const char *path, struct image_ref *out_ref,
		struct err *err);
/** build_read_at() - with the time it was last used. */
int build_read_at(const struct image_store *store, const char *path,
		  struct build_entry *out_entry, struct err *err);

#endif
