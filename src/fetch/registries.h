#ifndef FETCH_REGISTRIES_H
#define FETCH_REGISTRIES_H

#include "image/reference.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Where images really come from: containers-registries.conf(5), version 2, the files that
 * podman, buildah and skopeo read, so that mirrors, blocks and insecure registries of this
 * machine hold for devbox too.
 *
 * Read in this order, a later one winning for the same prefix or alias:
 *   $CONTAINERS_REGISTRIES_CONF, or ~/.config/containers/registries.conf, or
 *   /etc/containers/registries.conf (one of them);
 *   /etc/containers/registries.conf.d, files *.conf (not with a main file of the user's);
 *   ~/.config/containers/registries.conf.d, files *.conf;
 *   ~/.cache/containers/short-name-aliases.conf, which only holds aliases.
 *
 * Taken: [[registry]] and [[registry.mirror]] with all their keys, and [aliases]. A name
 * without a registry means Docker Hub unless it is an alias, therefore
 * unqualified-search-registries and short-name-mode are read and have no effect; nor have
 * credential-helpers and additional-layer-store-auth-helper. Anything else, and version 1, is
 * an error with file and line, because it could mean that something is to be blocked.
 */

struct registries;
/** registries_load() - @env, @home: the caller's. Without any file it is empty. */
int registries_load(const struct strv *env, const char *home, struct registries **out,
		    struct err *err);
void registries_free(struct registries *registries);

/**
 * struct registry_place - where to ask for an image; owned
 * @host:	HOST[:PORT]; "docker.io" as in struct reference, which speaks at
 * registry-1.docker.io
 * @insecure:	plain HTTP and unknown certificates are allowed
 * @is_mirror:	not the registry itself: when it fails the next place is asked
 * @alias:	"FILE:LINE" of the alias that led here, or NULL
 */
struct registry_place {
	char *host;
	char *repository;
	bool insecure;
	bool is_mirror;
	char *alias;
};
/**
 * registries_resolve() - the places to ask for @ref, in this order; at least one
 * @ref:	of a registry
 * @err:	EACCES when it is blocked, with the file and line that say so
 */
int registries_resolve(const struct registries *registries, const struct reference *ref,
		       struct registry_place **out_places, size_t *out_count, struct err *err);
void registry_places_free(struct registry_place *places, size_t count);

#endif
