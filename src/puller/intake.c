#include "puller/puller.h"

#include "puller/settle.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

int intake_here(struct puller *puller, const struct reference *reference, struct err *err)
{
	AUTO_FREE char *stamp = NULL;
	struct image_ref ref;
	struct image image;
	int here;

	if (image_find_ref(&puller->store, reference->text, puller->options.platform, &ref,
			   err) < 0)
		return err->code == ENOENT ? 0 : -1;
	stamp = image_source_stamp(reference);
	here = !reference->path || str_eq(stamp, ref.stamp);
	if (here && image_read(&puller->store, ref.image, &image, err) == 0) {
		report_done(&puller->report, image.id, image.layers.count, image.layers.count,
			    0);
		image_done(&image);
	}
	image_ref_done(&ref);
	return here;
}

int intake_layers(struct puller *puller, struct crew *crew, const struct reference *reference,
		  struct err *err)
{
	AUTO_FREE char *name = reference_short(reference);
	struct signals signals;
	int rc;

	crew->store = &puller->store;
	crew->report = &puller->report;
	crew->userns_fd = puller->options.userns_fd;
	signals_hold(&signals);
	crew->signals = &signals;
	rc = crew_run(crew, name, err);
	crew->signals = NULL;
	signals_release(&signals);
	return rc;
}

/* Overlayfs takes a folder once, and of two places in an image the upper one covers the lower.
 */
static void add_layers(const struct crew *crew, struct strv *layers)
{
	for (size_t i = 0; i < crew->count; i++) {
		bool comes_again = false;

		for (size_t k = i + 1; k < crew->count; k++)
			comes_again |= strcmp(crew->jobs[i].id, crew->jobs[k].id) == 0;
		if (!comes_again)
			strv_add(layers, crew->jobs[i].id);
	}
}

static int publish_names(struct puller *puller, const struct intake *intake,
			 const struct image *image, struct err *err)
{
	AUTO_FREE char *stamp = image_source_stamp(intake->reference);
	struct image_ref ref = {
		.text = intake->reference->text,
		.image = image->id,
		.index = (char *)(uintptr_t)intake->index,
		.stamp = stamp,
		.platform = puller->options.platform,
		.checked_ms = now_ms(),
	};

	if (image_publish(&puller->store, image, &ref, err) < 0)
		return -1;
	ref.stamp = NULL;
	for (size_t i = 0; intake->names && i < intake->names->count; i++) {
		ref.text = intake->names->items[i];
		if (image_publish(&puller->store, image, &ref, err) < 0)
			return -1;
	}
	return 0;
}

static int publish(struct puller *puller, const struct intake *intake,
		   const struct strv *layers, struct err *err)
{
	struct image image = {
		.id = (char *)(uintptr_t)intake->id,
		.config_digest = (char *)(uintptr_t)intake->config_digest,
		.platform = *intake->platform,
		.layers = *layers,
		.stored_ms = now_ms(),
	};

	if (blob_write(&puller->store, intake->config, intake->config_len,
		       intake->config_digest, err) < 0 ||
	    blob_write(&puller->store, intake->manifest, intake->manifest_len, intake->id,
		       err) < 0)
		return -1;
	return publish_names(puller, intake, &image, err);
}

int intake_publish(struct puller *puller, const struct intake *intake, const struct crew *crew,
		   struct err *err)
{
	AUTO_STRV struct strv layers = {0};
	struct layer_lease lease = {0};
	size_t here = 0;
	int rc;

	add_layers(crew, &layers);
	rc = settle_layers(puller, &layers, &lease, err);
	if (rc == 0)
		rc = publish(puller, intake, &layers, err);
	layer_lease_done(&lease);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < crew->count; i++)
		here += crew->jobs[i].was_here;
	report_done(&puller->report, intake->id, crew->count, here, crew->fetched);
	return 0;
}
