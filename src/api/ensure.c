#include "api/ensure.h"

#include "api/puller.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the profile asks for, taken apart. */
struct want {
	struct devbox *devbox;
	const struct ensure_request *request;
	struct reference ref;
	char *name;     /* as people write it */
	char *platform; /* NULL: none was asked for */
};

void box_image_done(struct box_image *image)
{
	free(image->id);
	strv_done(&image->layers);
	strv_done(&image->lower);
	image_config_done(&image->config);
	layer_lease_done(&image->lease);
	*image = (struct box_image){0};
}

const uint32_t *box_image_root(const struct box_image *image)
{
	return image->has_root ? &image->root : NULL;
}

void box_image_add_root(struct box_image *image, size_t count, const struct image_store *store,
			const char *id)
{
	struct layer_meta meta;
	struct err ignored;

	if (layer_meta_read(store, id, &meta, &ignored) < 0) {
		image->has_root = false;
		return;
	}
	image->has_root = count == 0 || (image->has_root && image->root == meta.first_uid);
	image->root = meta.first_uid;
	layer_meta_done(&meta);
}

static void want_done(struct want *want)
{
	reference_done(&want->ref);
	free(want->name);
	free(want->platform);
}

static int at_image(const struct want *want, struct err *err)
{
	return err->file[0] ? -1 : spec_at(&want->request->spec->image.at, err);
}

static int take_platform(struct want *want, struct err *err)
{
	const struct spec_text *text = &want->request->spec->platform;
	struct platform platform = {0};

	if (!text->value)
		return 0;
	if (platform_parse(text->value, &platform, err) < 0)
		return spec_at(&text->at, err);
	want->platform = platform_words(&platform);
	platform_done(&platform);
	return 0;
}

/* --- in the store --- */

static int hold_layers(const struct image_store *store, const struct image *image,
		       struct box_image *out, struct err *err)
{
	for (size_t i = image->layers.count; i > 0; i--) {
		const char *id = image->layers.items[i - 1];

		if (layer_lease_add(&out->lease, store, id, err) < 0)
			return -1;
		box_image_add_root(out, out->layers.count, store, id);
		strv_add(&out->layers, id);
		strv_take(&out->lower, layer_dir(store, id));
	}
	return 0;
}

static int read_image(const struct image_store *store, const char *id, struct box_image *out,
		      struct err *err)
{
	struct image image = {0};
	int rc;

	if (image_read(store, id, &image, err) < 0)
		return -1;
	rc = image_read_config(store, &image, &out->config, err);
	if (rc == 0)
		rc = hold_layers(store, &image, out, err);
	if (rc == 0)
		out->id = xstrdup(image.id);
	image_done(&image);
	if (rc < 0)
		box_image_done(out);
	return rc;
}

/* A file or folder that is gone says nothing about what was read from it. */
static bool has_changed(const struct want *want, const struct image_ref *ref)
{
	AUTO_FREE char *stamp = NULL;

	if (want->ref.source == IMAGE_REGISTRY)
		return false;
	stamp = image_source_stamp(&want->ref);
	return stamp && !str_eq(stamp, ref->stamp);
}

static int find(const struct want *want, struct box_image *out, bool *out_changed,
		struct err *err)
{
	struct image_store store;
	struct image_ref ref = {0};
	int rc;

	*out_changed = false;
	if (image_store_open(want->devbox->dirs.data, false, &store, err) < 0)
		return -1;
	rc = image_find_ref(&store, want->ref.text, want->platform, &ref, err);
	if (rc == 0) {
		*out_changed = has_changed(want, &ref);
		rc = read_image(&store, ref.image, out, err);
		image_ref_done(&ref);
	}
	image_store_close(&store);
	return rc;
}

/* --- by devbox-image --- */

static int bring(const struct want *want, bool always, struct err *err)
{
	AUTO_STRV struct strv options = {0};
	AUTO_FREE char *id = NULL;
	const bool is_remote = want->ref.source == IMAGE_REGISTRY;
	const struct puller_request request = {
		.verb = is_remote ? "pull" : "load",
		.done_verb = is_remote ? "pulled" : "loaded",
		.name = want->name,
		.options = &options,
	};

	if (always)
		strv_add(&options, "--always");
	if (want->platform) {
		strv_add(&options, "--platform");
		strv_add(&options, want->platform);
	}
	/* Only a short name may be an alias of registries.conf. */
	strv_add(&options, want->ref.is_short ? want->name : want->ref.text);
	return puller_run(want->devbox, &request, &id, err);
}

static int refuse_missing(const struct want *want, struct err *err)
{
	const char *verb = want->ref.source == IMAGE_REGISTRY ? "pull" : "load";
	const bool has_policy = want->request->spec->pull_policy == PULL_NEVER;

	(void)err_set(err, "image '%s' is not in the store%s", want->name,
		      has_policy ? ", and pull_policy is never" : "");
	err->code = ENOENT;
	if (want->platform)
		return err_hint(err, "devbox %s --platform %s %s", verb, want->platform,
				want->name);
	return err_hint(err, "devbox %s %s", verb, want->name);
}

static int hint_offline(const struct want *want, struct err *err)
{
	if (err->hint[0] || err->code == EINTR)
		return -1;
	return err_hint(err,
			"'%s' is in the store: without pull_policy always it would be used",
			want->name);
}

static int get(const struct want *want, struct box_image *out, struct err *err)
{
	const struct ensure_request *request = want->request;
	const enum pull_policy policy =
		request->pull ? PULL_ALWAYS : request->spec->pull_policy;
	const bool asks = policy == PULL_ALWAYS && want->ref.source == IMAGE_REGISTRY &&
			  !want->ref.digest && !request->look_only;
	bool changed;
	bool is_here = find(want, out, &changed, err) == 0;

	if (!is_here && err->code != ENOENT)
		return -1;
	if (is_here && !asks && (!changed || policy == PULL_NEVER || request->look_only))
		return 0;
	if (!is_here && (policy == PULL_NEVER || request->look_only))
		return refuse_missing(want, err);

	box_image_done(out);
	if (bring(want, asks || changed, err) < 0)
		return is_here && asks ? hint_offline(want, err) : -1;
	if (find(want, out, &changed, err) == 0)
		return 0;
	return err_wrap(err, "image '%s' was fetched and is gone again", want->name);
}

int api_ensure_image(struct devbox *devbox, const struct ensure_request *request,
		     struct box_image *out_image, struct err *err)
{
	struct want want = {.devbox = devbox, .request = request};
	struct box_image image = {0};
	const char *text = request->spec->image.value;
	int rc;

	if (reference_parse(text ? text : "host", devbox->start_dir, &want.ref, err) < 0)
		return at_image(&want, err);
	want.name = reference_short(&want.ref);
	rc = take_platform(&want, err);
	if (rc == 0 && want.ref.source != IMAGE_HOST && want.ref.source != IMAGE_ROOTFS)
		rc = get(&want, &image, err);
	if (rc < 0)
		(void)at_image(&want, err);
	want_done(&want);
	if (rc == 0)
		rc = api_build_image(devbox, request, &image, err);
	if (rc == 0)
		*out_image = image;
	else
		box_image_done(&image);
	return rc;
}
