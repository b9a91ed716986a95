#ifndef API_ENSURE_H
#define API_ENSURE_H

#include "api/api.h"
#include "api/build.h"
#include "box/prepare.h"
#include "image/store.h"

/* From the image of a profile to what a box stands on. Private to this room. */

/**
 * struct box_image - an image of the store; `= {0}` is none: the box stands on the host or on a
 * folder of its own
 * @id:		digest of its manifest; NULL: none
 * @layers:	ids of the layers, topmost first
 * @lower:	their folders, absolute, topmost first
 * @root, @has_root: outside id of root in all of them (struct layer_meta.first_uid), when it is
 * one and known
 * @lease:	they cannot be collected while this lives; a supervisor that is forked has it
 * too
 */
struct box_image {
	char *id;
	struct strv layers;
	struct strv lower;
	uint32_t root;
	bool has_root;
	struct image_config config;
	struct layer_lease lease;
};
void box_image_done(struct box_image *image);
/** box_image_root() - for prepare_request.lower_root; borrowed, or NULL. */
const uint32_t *box_image_root(const struct box_image *image);
/** box_image_add_root() - one more layer @id is among those of @image, which are @count without
 * it. */
void box_image_add_root(struct box_image *image, size_t count, const struct image_store *store,
			const char *id);

/**
 * struct ensure_request - borrowed
 * @spec:	its image, platform and pull_policy
 * @pull:	as pull_policy `always`
 * @look_only:	fetch and make nothing: `devbox plan`
 * @build:	of packages and build.steps; NULL: as usual
 */
struct ensure_request {
	const struct spec *spec;
	const struct project *project;
	bool pull;
	bool look_only;
	bool allow_degraded;
	const struct build_options *build;
};

/**
 * api_ensure_image() - the image of the profile, whole and unpacked: looked up, and fetched or
 * read by devbox-image when it is missing, has changed, or the policy says so; with the layers
 * of packages and build.steps on it
 * @err:	at the profile's line
 */
int api_ensure_image(struct devbox *devbox, const struct ensure_request *request,
		     struct box_image *out_image, struct err *err);

/** api_build_image() - put the layers of packages and build.steps on @image. */
int api_build_image(struct devbox *devbox, const struct ensure_request *request,
		    struct box_image *image, struct err *err);

/**
 * api_settle_layer() - before a box of a project starts: its own layer stays only on the layers
 * it was made on
 * @dir:	absolute folder of the box, `<project>/box/<box>`
 * @prepared:	what it will stand on now
 * @out_moved:	the layer was put aside, and the user told, or thrown away because nothing had
 * been written: prepare the box anew
 *
 * Another base under the changes of a box shows a mixture of both, so its folders become
 * `previous`, in the place of older ones. Writes `layers` beside them, image/collect.h.
 */
int api_settle_layer(struct devbox *devbox, const char *dir, const struct box_image *image,
		     const struct prepared *prepared, bool *out_moved, struct err *err);

/**
 * api_layer_is_untouched() - the box wrote nothing: all that is in its layer @upper_fd comes
 * from starting it by @plan
 * @lower:	folders that it stood on, topmost first
 */
bool api_layer_is_untouched(int upper_fd, const struct plan *plan, const struct strv *lower);

#endif
