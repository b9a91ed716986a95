#include "image/store.h"

#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file name has 255 bytes, with the platform. */
#define NAME_MAX_PLAIN 180
#define HASH_MARK '~'

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._-:@+=,", c));
}

static char *percent_encode(const char *text)
{
	struct buf out = {0};

	for (const char *p = text; *p; p++) {
		if (is_plain(*p) && !(p == text && *p == '.'))
			buf_putc(&out, *p);
		else
			buf_printf(&out, "%%%02X", (unsigned char)*p);
	}
	return buf_take(&out);
}

char *ref_name(const char *text)
{
	char *name = percent_encode(text);
	char hex[SHA256_HEX_MAX];
	char *shortened;

	if (strlen(name) <= NAME_MAX_PLAIN)
		return name;
	sha256_text(text, strlen(text), hex);
	shortened =
		xasprintf("%.*s%c%s", NAME_MAX_PLAIN - SHA256_HEX_MAX, name, HASH_MARK, hex);
	free(name);
	return shortened;
}

char *ref_path(const char *text, const char *platform)
{
	AUTO_FREE char *name = ref_name(text);
	AUTO_FREE char *suffix = NULL;

	if (!platform || !*platform)
		return xasprintf(REFS_DIR "/%s", name);
	suffix = percent_encode(platform);
	return xasprintf(REFS_DIR "/%s%c%s", name, REF_PLATFORM, suffix);
}

int ref_read_at(const struct image_store *store, const char *path, struct image_ref *out_ref,
		struct err *err)
{
	struct image_ref ref = {0};

	if (store_get_record(store, path, record_ref, &ref, err) < 0)
		return -1;
	if (!digest_check(ref.image)) {
		(void)err_set(err, "'%s/%s': '%.80s' is no digest", store->dir, path,
			      ref.image);
		image_ref_done(&ref);
		err->code = EBADMSG;
		return err_hint(err, "the disk may be at fault; remove the file");
	}
	*out_ref = ref;
	return 0;
}

int image_find_ref(const struct image_store *store, const char *text, const char *platform,
		   struct image_ref *out_ref, struct err *err)
{
	AUTO_FREE char *path = ref_path(text, platform);
	struct image_ref ref;
	struct image image;
	bool is_whole;

	if (ref_read_at(store, path, &ref, err) < 0)
		return err_wrap(err, "image '%s'", text);
	if (image_read(store, ref.image, &image, err) < 0) {
		image_ref_done(&ref);
		return -1;
	}
	is_whole = image_is_whole(store, &image);
	image_done(&image);
	if (!is_whole) {
		image_ref_done(&ref);
		return err_code(err, ENOENT, "image '%s' is not whole", text);
	}
	*out_ref = ref;
	return 0;
}
