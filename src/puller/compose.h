#ifndef PULLER_COMPOSE_H
#define PULLER_COMPOSE_H

#include "image/platform.h"
#include "util/str.h"

#include <stddef.h>
#include <stdint.h>

/* Documents that we write: the same content gives the same bytes. */

/** struct compose_layer - @media_type NULL: an uncompressed tar; @digest: "sha256:…" */
struct compose_layer {
	const char *media_type;
	const char *digest;
	uint64_t size;
};

#define COMPOSE_TAR "application/vnd.oci.image.layer.v1.tar"

/** compose_manifest() - OCI image manifest. free() it. */
char *compose_manifest(const char *config_digest, size_t config_len,
		       const struct compose_layer *layers, size_t count);
/** compose_config() - of an image of one layer that says nothing else. free() it. */
char *compose_config(const struct platform *platform, const char *diff_id,
		     const char *created_by);
/** compose_digest() - "sha256:…" of @text. free() it. */
char *compose_digest(const char *text, size_t len);

#endif
