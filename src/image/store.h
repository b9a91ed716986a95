#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include "image/document.h"
#include "image/reference.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The store of images, below `<data>` (struct dirs):
 *
 *   blobs/sha256/<hex>        manifests and configs, as they came
 *   layers/<id>/diff/         one unpacked layer, an overlay lower folder; <id> is the hex of
 * its diffID, or "b-" and the layers/<id>/meta          key of the build step that made it.
 * `meta` is one JSON object (struct layer_meta) images/<hex>              one image of one
 * platform, named by its manifest's digest (JSON) refs/<name>               a reference's text,
 * percent-encoded to one name → image (JSON, struct image_ref) builds/<key>              a
 * build step that was done → layer id, its parent, what it was (JSON) tmp/<pid>-<n>/ things
 * under construction; a lock on the folder says that somebody works in it trash/<n> renamed
 * away, to be removed
 *
 * What has a name outside tmp/ and trash/ is whole: things are made in tmp/, synced, and
 * renamed. An image is published after its layers, a ref after its image. Locks are flock(2) on
 * the things themselves: a box or a pull holds its layers shared, and only who gets a layer
 * exclusively may throw it away. `lock` is held, shortly, by who publishes or collects.
 */

/** struct image_store - @fd: the folder `<data>` */
struct image_store {
	char *dir;
	int fd;
};
/** image_store_open() - @create makes the folders. ENOENT: nothing was ever stored. */
int image_store_open(const char *data_dir, bool create, struct image_store *out_store,
		     struct err *err);
void image_store_close(struct image_store *store);

/* --- layers --- */

/** struct layer_meta - what is known of an unpacked layer; owned */
struct layer_meta {
	char *id;
	char *digest;        /* of the blob it came from, "" for one made here */
	uint64_t blob_bytes; /* of that blob */
	uint64_t bytes;      /* allocated on disk, hard links once */
	uint64_t tar_bytes;  /* uncompressed */
	uint64_t entries;
	uint32_t first_uid;   /* outside id of the box's root when it was unpacked */
	struct strv warnings; /* what could not be kept: "3 device nodes", … */
};
void layer_meta_done(struct layer_meta *meta);

/** layer_exists() - @id is in the store, whole. */
bool layer_exists(const struct image_store *store, const char *id);
/** layer_meta_read() - ENOENT when it is not there. */
int layer_meta_read(const struct image_store *store, const char *id,
		    struct layer_meta *out_meta, struct err *err);
/** layer_dir() - absolute path of its diff folder, for overlayfs. free() it. */
char *layer_dir(const struct image_store *store, const char *id);

/** struct layer_lease - layers held against collection, until closed or the process ends */
struct layer_lease {
	int *fds;
	size_t count;
};
/** layer_lease_add() - ENOENT when it is not there (or was just thrown away). On success one
 * more descriptor is in @lease. */
int layer_lease_add(struct layer_lease *lease, const struct image_store *store, const char *id,
		    struct err *err);
void layer_lease_done(struct layer_lease *lease);

/** struct layer_work - a layer under construction in tmp/; @diff_fd: its empty folder `diff`
 * (0755) */
struct layer_work {
	char *name; /* below tmp/; NULL: empty */
	char *id;
	int dir_fd; /* locked */
	int diff_fd;
	int lock_fd; /* of the id: who else makes it waits for this */
};
/** layer_work_begin() - at the same time waits for, or learns of, somebody else who makes @id
 * @out_done:	true: it is there now, there is nothing to do, *out_work is empty. Lease it;
 *		ENOENT then means that somebody threw it away just now: begin again.
 * Waits in steps of @poll (may be NULL: sleep), which returns non-zero to give up (EINTR). One
 * that gives up at once makes this a try. Who makes two layers at once must go on with the one
 * while it waits for the other, or two pulls wait for each other. */
int layer_work_begin(const struct image_store *store, const char *id, int (*poll)(void *arg),
		     void *arg, struct layer_work *out_work, bool *out_done, struct err *err);
/** layer_work_publish() - write @meta, sync (syncfs), rename into layers/, and lease it (@lease
 * may be NULL). The work is over and *work empty, also when it failed. */
int layer_work_publish(const struct image_store *store, struct layer_work *work,
		       const struct layer_meta *meta, struct layer_lease *lease,
		       struct err *err);
/** layer_work_drop() - put it into trash/. Accepts an empty one. */
void layer_work_drop(const struct image_store *store, struct layer_work *work);

/* --- images --- */

/** struct image - one image of one platform; owned. @id: digest of the manifest; @layers: ids,
 * bottom first */
struct image {
	char *id;
	char *config_digest;
	struct strv layers;
	struct platform platform;
	int64_t stored_ms; /* CLOCK_REALTIME */
};
void image_done(struct image *image);

/**
 * struct image_ref - a name and what it means here; owned
 * @text:	struct reference's
 * @index:	digest that the source gave for the name (of the index when there is one)
 * @stamp:	of a local file or folder: what stat(2) said when it was read; another now means
 * that it changed
 */
struct image_ref {
	char *text;
	char *image;
	char *index;
	char *stamp;
	char *platform; /* asked for, "" when none was */
	int64_t checked_ms;
};
void image_ref_done(struct image_ref *ref);

/** blob_write() - put @text under its digest; EBADMSG when that is not @digest (NULL: whatever
 * it is). */
int blob_write(const struct image_store *store, const char *text, size_t len,
	       const char *digest, struct err *err);
/** blob_read() - at most DOCUMENT_MAX bytes, checked against the digest. */
int blob_read(const struct image_store *store, const char *digest, char **out_text,
	      size_t *out_len, struct err *err);

/** image_publish() - the image, then the ref (may be NULL). Its blobs and layers are there, the
 * layers leased. */
int image_publish(const struct image_store *store, const struct image *image,
		  const struct image_ref *ref, struct err *err);
/** image_find_ref() - @platform: as asked for, NULL: none. ENOENT when the name is not known or
 * its image is not whole. */
int image_find_ref(const struct image_store *store, const char *text, const char *platform,
		   struct image_ref *out_ref, struct err *err);
/** image_read() - by digest. */
int image_read(const struct image_store *store, const char *id, struct image *out_image,
	       struct err *err);
/** image_read_config() - the parsed config of an image. */
int image_read_config(const struct image_store *store, const struct image *image,
		      struct image_config *out_config, struct err *err);
/** image_source_stamp() - stat(2) of a local source as text, for image_ref.stamp. free() it;
 * NULL: not there. */
char *image_source_stamp(const struct reference *reference);

/* --- build steps --- */

/** struct build_entry - a step that was done; owned. @key: 64 hex digits */
struct build_entry {
	char *key;
	char *parent; /* key of the step before, or the image's id */
	char *layer;  /* "b-<key>"; "" when the step left nothing */
	char *what;   /* for people */
	char *inputs; /* JSON text of what went into the key, to say what changed */
	int64_t made_ms;
	int64_t used_ms;
};
void build_entry_done(struct build_entry *entry);
/** build_find() - ENOENT when it was not done, or its layer is gone. Marks it as used. */
int build_find(const struct image_store *store, const char *key, struct build_entry *out_entry,
	       struct err *err);
int build_publish(const struct image_store *store, const struct build_entry *entry,
		  struct err *err);

#endif
