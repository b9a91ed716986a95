#include "puller/save.h"

#include "puller/compose.h"
#include "puller/plain.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void saved_done(struct saved *saved)
{
	free(saved->name);
	free(saved->config);
	free(saved->config_digest);
	free(saved->manifest);
	free(saved->manifest_digest);
	free(saved->layers);
	image_done(&saved->image);
}

static void saving_done(struct saving *saving)
{
	for (size_t i = 0; i < saving->image_count; i++)
		saved_done(&saving->images[i]);
	for (size_t i = 0; i < saving->packed_count; i++) {
		worker_end(&saving->packed[i].worker);
		cleanup_close(&saving->packed[i].fd);
		free(saving->packed[i].digest);
		free(saving->packed[i].diff_id);
	}
	free(saving->images);
	free(saving->packed);
	layer_lease_done(&saving->lease);
}

static int not_here(const char *operand, struct err *err)
{
	if (err->code != ENOENT)
		return -1;
	(void)err_code(err, ENOENT, "image '%s'", operand);
	return err_hint(err, "'devbox images' lists those that are here");
}

/* By digest or by name. */
static int find_image(struct puller *puller, const char *operand, struct saved *out_saved,
		      struct err *err)
{
	AUTO_FREE char *folder = getcwd(NULL, 0);
	struct reference reference;
	struct image_ref ref;
	int rc;

	if (digest_check(operand)) {
		if (image_read(&puller->store, operand, &out_saved->image, err) < 0)
			return not_here(operand, err);
		out_saved->name = xstrdup("");
		return 0;
	}
	if (reference_parse(operand, folder, &reference, err) < 0)
		return -1;
	rc = image_find_ref(&puller->store, reference.text, puller->options.platform, &ref,
			    err);
	if (rc == 0) {
		rc = image_read(&puller->store, ref.image, &out_saved->image, err);
		image_ref_done(&ref);
	}
	if (rc == 0)
		out_saved->name = xstrdup(reference.source == IMAGE_REGISTRY
						  ? reference.digest ? "" : reference.text
					  : reference.tag ? reference.tag
							  : "");
	reference_done(&reference);
	return rc < 0 ? not_here(operand, err) : 0;
}

static int find_images(struct saving *saving, struct err *err)
{
	const struct strv *operands = &saving->puller->options.operands;

	saving->images = xmalloc(operands->count * sizeof(*saving->images));
	for (size_t i = 0; i < operands->count; i++) {
		struct saved *saved = &saving->images[i];

		if (find_image(saving->puller, operands->items[i], saved, err) < 0)
			return -1;
		saving->image_count = i + 1;
		for (size_t k = 0; k < saved->image.layers.count; k++) {
			if (layer_lease_add(&saving->lease, &saving->puller->store,
					    saved->image.layers.items[k], err) < 0)
				return -1;
		}
	}
	return 0;
}

static struct packed *find_packed(const struct saving *saving, const char *id)
{
	for (size_t i = 0; i < saving->packed_count; i++) {
		if (strcmp(saving->packed[i].id, id) == 0)
			return &saving->packed[i];
	}
	return NULL;
}

/* Each layer once, though several images have it. */
static int list_layers(struct saving *saving, struct err *err)
{
	size_t most = 0;

	for (size_t i = 0; i < saving->image_count; i++)
		most += saving->images[i].image.layers.count;
	saving->packed = xmalloc((most + 1) * sizeof(*saving->packed));
	for (size_t i = 0; i < saving->image_count; i++) {
		const struct strv *ids = &saving->images[i].image.layers;

		for (size_t k = 0; k < ids->count; k++) {
			struct packed *packed = &saving->packed[saving->packed_count];

			if (find_packed(saving, ids->items[k]))
				continue;
			*packed =
				(struct packed){.id = ids->items[k], .worker = {.socket = -1}};
			packed->fd = plain_temporary(saving->room_fd, err);
			if (packed->fd < 0)
				return -1;
			saving->packed_count++;
		}
	}
	return 0;
}

static int make_documents(struct saving *saving, struct saved *saved, struct err *err)
{
	AUTO_FREE struct compose_layer *layers =
		xmalloc((saved->image.layers.count + 1) * sizeof(*layers));
	AUTO_STRV struct strv diff_ids = {0};
	AUTO_FREE char *text = NULL;
	size_t len;

	saved->layers = xmalloc((saved->image.layers.count + 1) * sizeof(struct packed *));
	for (size_t i = 0; i < saved->image.layers.count; i++) {
		struct packed *packed = find_packed(saving, saved->image.layers.items[i]);

		saved->layers[i] = packed;
		strv_add(&diff_ids, packed->diff_id);
		layers[i] = (struct compose_layer){
			.media_type = save_media_type(saving->puller->options.compression),
			.digest = packed->digest,
			.size = packed->what.blob_bytes,
		};
	}
	if (blob_read(&saving->puller->store, saved->image.config_digest, &text, &len, err) < 0)
		return -1;
	saved->config = save_config(text, len, &diff_ids, err);
	if (!saved->config)
		return err_wrap(err, "config of image '%s'", saved->image.id);
	saved->config_digest = compose_digest(saved->config, strlen(saved->config));
	saved->manifest = compose_manifest(saved->config_digest, strlen(saved->config), layers,
					   saved->image.layers.count);
	saved->manifest_digest = compose_digest(saved->manifest, strlen(saved->manifest));
	return 0;
}

static int save(struct saving *saving, struct err *err)
{
	struct puller *puller = saving->puller;
	uint64_t bytes = 0;

	if (find_images(saving, err) < 0 || list_layers(saving, err) < 0)
		return -1;
	report_begin(&puller->report, puller->options.operands.items[0], saving->packed_count,
		     0);
	if (save_pack(saving, err) < 0)
		return -1;
	for (size_t i = 0; i < saving->image_count; i++) {
		if (make_documents(saving, &saving->images[i], err) < 0)
			return -1;
	}
	if (save_write(saving, err) < 0)
		return -1;
	for (size_t i = 0; i < saving->packed_count; i++)
		bytes += saving->packed[i].what.blob_bytes;
	report_done(&puller->report, saving->images[0].manifest_digest, saving->packed_count, 0,
		    bytes);
	return 0;
}

int puller_save(struct puller *puller, struct err *err)
{
	struct saving saving = {.puller = puller, .room_fd = puller->store.fd};
	int rc;

	signals_hold(&saving.signals);
	rc = save(&saving, err);
	signals_release(&saving.signals);
	saving_done(&saving);
	return rc;
}
