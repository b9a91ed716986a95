#include "api/ensure.h"
#include "api/internal.h"

#include "image/platform.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <string.h>

/* Layers of packages and steps on top of what a profile's image is. */

static char *platform_of(const struct box_image *image)
{
	struct platform here = {0};
	char *words;

	if (image->config.platform.os)
		return platform_words(&image->config.platform);
	platform_host(&here);
	/* The level of the processor says nothing of a folder. */
	free(STEAL(here.variant));
	words = platform_words(&here);
	platform_done(&here);
	return words;
}

/* Topmost first; @layers are bottom first. */
static int put_on(struct devbox *devbox, const struct strv *layers, const struct strv *lower,
		  struct box_image *image, struct err *err)
{
	struct box_image on = {0};
	struct image_store store;

	if (layers->count == 0)
		return 0;
	if (image_store_open(devbox->dirs.data, false, &store, err) < 0)
		return -1;
	for (size_t i = layers->count; i > 0; i--) {
		strv_add(&on.layers, layers->items[i - 1]);
		strv_take(&on.lower, layer_dir(&store, layers->items[i - 1]));
		box_image_add_root(image, lower->count, &store, layers->items[i - 1]);
	}
	image_store_close(&store);
	strv_add_all(&on.layers, &image->layers);
	strv_add_all(&on.lower, lower);
	strv_done(&image->layers);
	strv_done(&image->lower);
	image->layers = on.layers;
	image->lower = on.lower;
	return 0;
}

int api_build_image(struct devbox *devbox, const struct ensure_request *request,
		    struct box_image *image, struct err *err)
{
	const struct spec *spec = request->spec;
	const char *name = spec->image.value;
	struct build_options options =
		request->build ? *request->build : (struct build_options){0};
	AUTO_FREE char *platform = NULL;
	AUTO_STRV struct strv lower = {0};
	AUTO_STRV struct strv layers = {0};
	struct build_base base = {
		.id = image->id,
		.lower = &lower,
		.lower_root = box_image_root(image),
		.env = &image->config.env,
		.lease = &image->lease,
	};

	if (!api_has_build(spec))
		return 0;
	if (image->lower.count)
		strv_add_all(&lower, &image->lower);
	else if (str_starts(name, "rootfs:"))
		strv_add(&lower, name + strlen("rootfs:"));
	else
		return err_set(err, "nothing can be built on image '%s'", name);
	platform = platform_of(image);
	base.platform = platform;
	options.dry_run = options.dry_run || request->look_only;
	options.allow_degraded = options.allow_degraded || request->allow_degraded;
	if (api_build(devbox, spec, request->project, &base, &options, &layers, err) < 0)
		return -1;
	return put_on(devbox, &layers, &lower, image, err);
}

int devbox_build(struct devbox *devbox, const struct build_options *options, bool pull,
		 struct err *err)
{
	struct spec spec = {0};
	struct project project = {0};
	struct config *config;
	struct box_image image = {0};
	const struct ensure_request request = {
		.spec = &spec,
		.project = &project,
		.pull = pull,
		.look_only = options->dry_run,
		.build = options,
	};
	int rc;

	if (devbox_load(devbox, true, !options->dry_run, &config, &spec, &project, err) < 0)
		return -1;
	config_free(config);
	rc = options->dry_run ? 0 : api_check_grants(devbox, &project, &spec, err);
	if (rc == 0)
		rc = api_ensure_image(devbox, &request, &image, err);
	if (rc == 0 && !options->dry_run)
		rc = api_keep_grants(devbox, &project, &spec, err);
	if (rc == 0 && !api_has_build(&spec))
		log_note("%s: the profile has neither packages nor build.steps", project.id);
	box_image_done(&image);
	project_done(&project);
	spec_done(&spec);
	return rc;
}
