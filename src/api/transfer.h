#ifndef API_TRANSFER_H
#define API_TRANSFER_H

#include "api/api.h"

/* Images into the store and out of it; how it gets on is told to devbox->progress. */

/**
 * struct pull_options - borrowed
 * @platform:	NULL: this machine's
 * @insecure:	plain HTTP and unknown certificates are fine
 */
struct pull_options {
	const char *platform;
	bool insecure;
};

/** devbox_pull_image() - fetch what changed of an image of a registry, or read a local one
 * again. *out_id: digest of the image, free() it. */
int devbox_pull_image(struct devbox *devbox, const char *reference,
		      const struct pull_options *options, char **out_id, struct err *err);

/**
 * devbox_load_image() - read an image from a file or folder, with the names it has there
 * @source:	a reference with a path, or a path alone: an OCI layout, or an archive of
 *		`devbox save`, `docker save`, `podman save` or skopeo, which is found out; "-":
 *standard input
 */
int devbox_load_image(struct devbox *devbox, const char *source, const char *platform,
		      char **out_id, struct err *err);

/**
 * struct save_options - borrowed
 * @output:	file, or folder with @format "oci"; "-": standard output
 * @format:	"oci-archive", "oci", "docker-archive"; NULL: the first, or "oci" for a folder
 * @compress:	"gzip", "zstd", "none"; NULL: as the format is usually
 */
struct save_options {
	const char *output;
	const char *format;
	const char *compress;
};
int devbox_save_images(struct devbox *devbox, const struct strv *images,
		       const struct save_options *options, struct err *err);

/** transfer_kind() - "docker-archive:", "oci-archive:", "oci:" or "tar:", by what lies at
 * @path; NULL: it is compressed, and one of these may be inside. @err: it cannot be read. */
int transfer_kind(const char *path, const char **out_kind, struct err *err);

#endif
