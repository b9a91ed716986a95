#include "image/document_types.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <ctype.h>
#include <string.h>

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const struct {
	const char *type;
	enum media_kind kind;
} types[] = {
	{OCI "index.v1+json", MEDIA_INDEX},
	{DOCKER "distribution.manifest.list.v2+json", MEDIA_INDEX},
	{OCI "manifest.v1+json", MEDIA_MANIFEST},
	{DOCKER "distribution.manifest.v2+json", MEDIA_MANIFEST},
	{DOCKER "distribution.manifest.v1+json", MEDIA_SCHEMA1},
	{DOCKER "distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1},
	{OCI "config.v1+json", MEDIA_CONFIG},
	{DOCKER "container.image.v1+json", MEDIA_CONFIG},
	{OCI "layer.v1.tar", MEDIA_LAYER},
	{OCI "layer.v1.tar+gzip", MEDIA_LAYER},
	{OCI "layer.v1.tar+zstd", MEDIA_LAYER},
	{DOCKER "image.rootfs.diff.tar", MEDIA_LAYER},
	{DOCKER "image.rootfs.diff.tar.gzip", MEDIA_LAYER},
	{DOCKER "image.rootfs.diff.tar.zstd", MEDIA_LAYER},
	{"application/octet-stream", MEDIA_ANYTHING},
	{"application/json", MEDIA_ANYTHING},
	{"text/plain", MEDIA_ANYTHING},
};

char *media_plain(const char *type)
{
	AUTO_FREE char *copy = xstrndup(type, strcspn(type, ";"));

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return xstrdup(str_trim(copy));
}

enum media_kind media_kind(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcasecmp(type, types[i].type) == 0)
			return types[i].kind;
	if (str_ends(type, "+encrypted"))
		return MEDIA_ENCRYPTED;
	if (str_starts(type, OCI "layer.nondistributable.") ||
	    str_starts(type, DOCKER "image.rootfs.foreign."))
		return MEDIA_FOREIGN;
	return MEDIA_UNKNOWN;
}

int document_refuse_schema1(struct err *err)
{
	(void)err_set(err,
		      "the image has the obsolete format of Docker before 1.10 (schema 1)");
	return err_hint(err,
			"ask who made it to push it again with a current tool, or convert "
			"it: skopeo copy docker://IMAGE oci:DIR:TAG, then use oci:DIR:TAG");
}
