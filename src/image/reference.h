#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include "util/err.h"

#include <stdbool.h>

/** enum image_source - where an image comes from (`image:` of a profile, operands of verbs) */
enum image_source {
	IMAGE_HOST,           /* host */
	IMAGE_ROOTFS,         /* rootfs:DIR, used where it is */
	IMAGE_REGISTRY,       /* [HOST/]REPOSITORY[:TAG][@DIGEST], docker://… is taken too */
	IMAGE_OCI_DIR,        /* oci:DIR[:TAG], OCI image layout */
	IMAGE_OCI_ARCHIVE,    /* oci-archive:FILE[:TAG], the same as a tar file */
	IMAGE_DOCKER_ARCHIVE, /* docker-archive:FILE[:REFERENCE], what `docker save` writes */
	IMAGE_TAR,            /* tar:FILE, a bare root file system, compressed or not */
};

/**
 * struct reference - the name of an image, taken apart; owned
 * @text:	canonical: "docker.io/library/debian:12", "oci:/srv/layout:app"; the same image
 * always has the same
 * @host:	registry: "docker.io", "localhost:5000", "[::1]:5000", in lower case; NULL for
 * others
 * @repository: registry: "library/debian"
 * @tag:	registry: "12" ("latest" when neither tag nor digest was given, NULL with a
 * digest alone); OCI and Docker archives: the name inside as it was written, NULL: the only one
 * there
 * @digest:	"sha256:<64 hex>" or NULL. It wins over @tag
 * @path:	folder or file, absolute; NULL for registries
 * @is_short:	registry: written without a registry, as "debian" is; only such a name may be an
 * alias of registries.conf(5)
 */
struct reference {
	enum image_source source;
	char *text;
	char *host;
	char *repository;
	char *tag;
	char *digest;
	char *path;
	bool is_short;
};

#define REFERENCE_MAX 8192
/**
 * reference_parse() - by the grammar of the distribution specification, with Docker's defaults
 * @base_dir:	relative paths start here; NULL: they are refused
 *
 * "debian" is docker.io/library/debian:latest, "foo/bar" docker.io/foo/bar:latest;
 * index.docker.io and registry-1.docker.io are docker.io; 64 hexadecimal digits, upper case in
 * a repository and names over 255 characters are refused, each with what is wrong and what
 * would be right. Only sha256 digests are taken.
 */
int reference_parse(const char *text, const char *base_dir, struct reference *out_reference,
		    struct err *err);
void reference_done(struct reference *reference);
#define AUTO_REFERENCE __attribute__((cleanup(reference_done)))

/** reference_short() - as people write it: "debian:12" for docker.io/library/debian:12. free()
 * it. */
char *reference_short(const struct reference *reference);

/** reference_is_same_name() - two names of one image in a registry, as "debian" and
 * "docker.io/library/debian:latest"; for the names inside Docker archives. */
bool reference_is_same_name(const char *a, const char *b);

/** digest_check() - "sha256:" and 64 lower-case hexadecimal digits, nothing else. The only way
 * from foreign text to a file name. */
bool digest_check(const char *text);
/** digest_hex() - the part of a checked digest after "sha256:"; borrowed. */
const char *digest_hex(const char *digest);

#endif
