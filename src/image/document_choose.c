#include "image/document.h"

#include "image/document_json.h"
#include "image/document_types.h"
#include "util/cleanup.h"

#include <errno.h>

#define LISTED_MAX 20

/* An image, or a list of images; not an attestation, a signature and the like. */
static bool is_image(const struct descriptor *item)
{
	enum media_kind kind = media_kind(item->media_type);

	return (kind == MEDIA_MANIFEST || kind == MEDIA_INDEX) &&
	       !(str_eq(item->platform.os, "unknown") &&
		 str_eq(item->platform.architecture, "unknown"));
}

bool document_is_index(const struct descriptor *item)
{
	return media_kind(item->media_type) == MEDIA_INDEX;
}

static bool is_candidate(const struct descriptor *item, const char *name)
{
	return is_image(item) && (!name || str_eq(item->name, name));
}

static char *words_of(const struct descriptor *item, bool by_name)
{
	char clean[DOC_WORD_MAX];
	AUTO_FREE char *platform = NULL;

	if (by_name)
		return item->name ? xstrdup(doc_clean(item->name, clean)) : NULL;
	if (!item->platform.os)
		return NULL;
	platform = platform_words(&item->platform);
	return xstrdup(doc_clean(platform, clean));
}

/* "linux/arm64, linux/s390x" of those that could be asked for; "" when they say nothing. */
static char *list(const struct document *index, const char *name, bool by_name)
{
	AUTO_STRV struct strv found = {0};
	struct buf text = {0};

	for (size_t i = 0; i < index->count && found.count <= LISTED_MAX; i++) {
		AUTO_FREE char *words = NULL;

		if (!is_candidate(&index->items[i], name))
			continue;
		words = words_of(&index->items[i], by_name);
		if (words && !strv_has(&found, words))
			strv_add(&found, words);
	}
	for (size_t i = 0; i < found.count && i < LISTED_MAX; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", found.items[i]);
	if (found.count > LISTED_MAX)
		buf_puts(&text, " and others");
	return buf_take(&text);
}

static const struct descriptor *fail_name(const struct document *index, const char *name,
					  struct err *err)
{
	AUTO_FREE char *names = list(index, NULL, true);
	char word[DOC_WORD_MAX];

	if (*names)
		(void)err_set(err, "no image is named '%s', there are: %s",
			      doc_clean(name, word), names);
	else
		(void)err_set(err, "no image is named '%s', and none has a name",
			      doc_clean(name, word));
	err->code = ENOENT;
	return NULL;
}

static const struct descriptor *fail_several(const struct document *index, const char *name,
					     struct err *err)
{
	AUTO_FREE char *names = list(index, name, true);

	(void)err_set(err, "there are several images that do not say their platform%s%s",
		      *names ? ": " : "", names);
	(void)err_hint(err, "name one of them, with ':NAME' at the end");
	return NULL;
}

static const struct descriptor *fail_platform(const struct document *index, const char *name,
					      const struct platform *wanted, struct err *err)
{
	AUTO_FREE char *platforms = list(index, name, false);
	AUTO_FREE char *words = platform_words(wanted);

	if (!*platforms) {
		(void)err_set(err, "there is no image in it");
		return NULL;
	}
	(void)err_set(err, "there is no image for %s, only for %s", words, platforms);
	(void)err_hint(err, "programs of another platform need an emulator; 'platform:' in the "
			    "profile or --platform choose one");
	return NULL;
}

const struct descriptor *document_choose(const struct document *index,
					 const struct platform *wanted, const char *name,
					 struct err *err)
{
	const struct descriptor *best = NULL, *plain = NULL;
	bool is_several = false, is_found = false;
	int most = 0;

	for (size_t i = 0; i < index->count; i++) {
		const struct descriptor *item = &index->items[i];
		int rank;

		if (!is_candidate(item, name))
			continue;
		is_found = true;
		if (!item->platform.os) {
			is_several |= plain && !str_eq(plain->digest, item->digest);
			plain = plain ? plain : item;
			continue;
		}
		rank = platform_rank(wanted, &item->platform);
		if (rank > most) {
			most = rank;
			best = item;
		}
	}
	if (best)
		return best;
	if (is_several)
		return fail_several(index, name, err);
	if (plain)
		return plain;
	return name && !is_found ? fail_name(index, name, err)
				 : fail_platform(index, name, wanted, err);
}
