#ifndef PULLER_SAVE_H
#define PULLER_SAVE_H

#include "puller/puller.h"

/* Images on their way out; between the files of save. */

/** struct packed - a layer as a blob in a file without a name; @id: of the store, borrowed */
struct packed {
	const char *id;
	int fd;
	struct worker worker;
	bool is_done;
	struct layer_packed what;
	char *digest;  /* "sha256:…" */
	char *diff_id; /* "sha256:…" */
};

/** struct saved - an image to write; owned but for @layers' members */
struct saved {
	char *name; /* "" when it has none */
	struct image image;
	char *config;
	char *config_digest;
	char *manifest;
	char *manifest_digest;
	struct packed **layers; /* @image.layers, in their order */
};

/** struct saving - all of it; @room_fd: a folder for files without a name */
struct saving {
	struct puller *puller;
	int room_fd;
	struct signals signals;
	struct saved *images;
	size_t image_count;
	struct packed *packed; /* each layer once */
	size_t packed_count;
	struct layer_lease lease;
};

/** save_pack() - pack all of @saving->packed, several at once. */
int save_pack(struct saving *saving, struct err *err);
/** save_config() - @config with other diff_ids. free() it; NULL with @err. */
char *save_config(const char *config, size_t len, const struct strv *diff_ids, struct err *err);
/** save_index() / save_docker_index() - index.json, manifest.json. free() them. */
char *save_index(const struct saving *saving);
char *save_docker_index(const struct saving *saving);
/** save_media_type() - of a layer */
const char *save_media_type(enum layer_compression compression);

/** save_write() - what was packed, in the format and to the place of the options */
int save_write(const struct saving *saving, struct err *err);

#endif
