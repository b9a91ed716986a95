#ifndef PULLER_RESOLVE_H
#define PULLER_RESOLVE_H

#include "fetch/fetch.h"
#include "image/document.h"

#include <stdbool.h>
#include <stddef.h>

/* From what a name means to the documents of one image of one platform. */

/**
 * struct resolver - where documents come from
 * @get_manifest: a manifest or index by its descriptor, whole and of that digest
 * @get_config:	the same for a config, which registries keep elsewhere
 * @name:	of the wanted one in an OCI layout; NULL: any
 * @is_layout:	the first one is that of an OCI layout, which is no index of the image's own
 * @platform:	wanted; @is_exact: asked for by the user, so another one is an error
 */
typedef int resolver_get(void *arg, const struct descriptor *what, struct fetched *out_fetched,
			 struct err *err);
struct resolver {
	resolver_get *get_manifest;
	resolver_get *get_config;
	void *arg;
	const char *name;
	const struct platform *platform;
	bool is_layout;
	bool is_exact;
};

/**
 * struct resolved - owned
 * @index:	digest of what the name means: of the index where there is one
 * @name:	what the index calls it, or NULL
 * @odd_platform: the platform of the image, when it is another than the wanted one; NULL
 */
struct resolved {
	char *index;
	char *name;
	struct fetched manifest;
	struct document document;
	struct fetched config_text;
	struct image_config config;
	char *odd_platform;
};

/** resolve() - @first: what the name means, an index or a manifest; taken. */
int resolve(const struct resolver *resolver, struct fetched *first,
	    struct resolved *out_resolved, struct err *err);
void resolved_done(struct resolved *resolved);

/** resolve_platform() - the platform of the option, or of this machine. */
int resolve_platform(const char *option, struct platform *out_platform, struct err *err);
/** resolve_check() - the config may be used on @wanted; sets *out_odd as in struct resolved. */
int resolve_check(const struct image_config *config, const struct platform *wanted,
		  bool is_exact, char **out_odd, struct err *err);

#endif
