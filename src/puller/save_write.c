#include "puller/save.h"

#include "puller/outlet.h"
#include "util/cleanup.h"
#include "util/str.h"

#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

static char *blob_name(const char *digest)
{
	return xasprintf("blobs/sha256/%s", digest_hex(digest));
}

static int put_document(struct outlet *outlet, const char *digest, const char *text,
			struct err *err)
{
	AUTO_FREE char *name = blob_name(digest);

	return outlet_text(outlet, name, text, err);
}

static int write_layers(const struct saving *saving, struct outlet *outlet, bool is_docker,
			struct err *err)
{
	for (size_t i = 0; i < saving->packed_count; i++) {
		const struct packed *packed = &saving->packed[i];
		AUTO_FREE char *name = is_docker
					       ? xasprintf("%s.tar", digest_hex(packed->digest))
					       : blob_name(packed->digest);

		if (outlet_file(outlet, name, packed->fd, packed->what.blob_bytes, err) < 0)
			return -1;
	}
	return 0;
}

static int write_oci(const struct saving *saving, struct outlet *outlet, struct err *err)
{
	AUTO_FREE char *index = save_index(saving);

	if (outlet_text(outlet, "oci-layout", LAYOUT, err) < 0)
		return -1;
	for (size_t i = 0; i < saving->image_count; i++) {
		const struct saved *saved = &saving->images[i];

		if (put_document(outlet, saved->config_digest, saved->config, err) < 0 ||
		    put_document(outlet, saved->manifest_digest, saved->manifest, err) < 0)
			return -1;
	}
	if (write_layers(saving, outlet, false, err) < 0)
		return -1;
	/* Last: a folder that lacks it is no layout yet. */
	return outlet_text(outlet, "index.json", index, err);
}

static int write_docker(const struct saving *saving, struct outlet *outlet, struct err *err)
{
	AUTO_FREE char *index = save_docker_index(saving);

	if (outlet_text(outlet, "manifest.json", index, err) < 0)
		return -1;
	for (size_t i = 0; i < saving->image_count; i++) {
		const struct saved *saved = &saving->images[i];
		AUTO_FREE char *name = xasprintf("%s.json", digest_hex(saved->config_digest));

		if (outlet_text(outlet, name, saved->config, err) < 0)
			return -1;
	}
	return write_layers(saving, outlet, true, err);
}

int save_write(const struct saving *saving, struct err *err)
{
	const struct puller_options *options = &saving->puller->options;
	struct outlet *outlet;
	int rc;

	rc = options->format == SAVE_OCI
		     ? outlet_folder(options->output, &saving->signals, &outlet, err)
		     : outlet_archive(options->output, &saving->signals, &outlet, err);
	if (rc < 0)
		return -1;
	rc = options->format == SAVE_DOCKER_ARCHIVE ? write_docker(saving, outlet, err)
						    : write_oci(saving, outlet, err);
	if (rc == 0)
		rc = outlet_finish(outlet, err);
	outlet_close(outlet);
	return rc;
}
