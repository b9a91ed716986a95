#ifndef FETCH_REGISTRIES_PARTS_H
#define FETCH_REGISTRIES_PARTS_H

#include "fetch/registries.h"

/* Private to the files that read registries.conf(5). */

/**
 * struct spot - HOST[:PORT][/PATH][:TAG][@DIGEST], or "*.DOMAIN"; owned
 * @text:	canonical, to tell two of them apart
 * @host:	for a wildcard what follows '*', ".example.com"
 * @path:	"" when it is a whole registry
 */
struct spot {
	char *text;
	char *host;
	char *path;
	char *tag;
	char *digest;
	bool is_wildcard;
};
int spot_parse(const char *text, struct spot *out_spot, struct err *err);
void spot_done(struct spot *spot);
#define AUTO_SPOT __attribute__((cleanup(spot_done)))
/** spot_rest() - what of @repository follows the path of @spot ("" when that is all of it);
 * NULL when @spot does not stand for HOST/REPOSITORY:TAG@DIGEST. Borrowed. */
const char *spot_rest(const struct spot *spot, const char *host, const char *repository,
		      const struct reference *ref);

enum mirror_use { MIRROR_ALL, MIRROR_DIGEST_ONLY, MIRROR_TAG_ONLY };

struct mirror {
	struct spot at;
	bool insecure;
	bool has_use;
	enum mirror_use use;
	int line;
};

/** struct registry - one [[registry]]; @at.text NULL: where the prefix says */
struct registry {
	struct spot prefix;
	struct spot at;
	bool insecure;
	bool blocked;
	bool by_digest_only;
	struct mirror *mirrors;
	size_t mirror_count;
	char *file;
	int line;
};
void registry_done(struct registry *registry);

/** struct alias - @host: NULL forgets the name */
struct alias {
	char *name;
	char *host;
	char *repository;
	char *file;
	int line;
};

struct registries {
	struct registry *items;
	size_t count;
	struct alias *aliases;
	size_t alias_count;
};

/** registries_read() - the text of one file on top of what is there; on failure @registries is
 * as it was. */
int registries_read(struct registries *registries, const char *file, const char *text,
		    struct err *err);
/** registries_load_from() - registries_load() with another /etc/containers. */
int registries_load_from(const char *etc, const struct strv *env, const char *home,
			 struct registries **out, struct err *err);

#endif
