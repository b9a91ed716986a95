#include "image/document.h"

#include "image/document_json.h"
#include "image/document_types.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define REF_NAME "org.opencontainers.image.ref.name"
#define PLATFORM_WORD_MAX 64
/* A compressed layer above this is a mistake or an attack. */
#define BLOB_MAX (UINT64_C(1) << 40)

static void descriptor_done(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	free(descriptor->digest);
	free(descriptor->name);
	platform_done(&descriptor->platform);
}

void document_done(struct document *document)
{
	descriptor_done(&document->config);
	for (size_t i = 0; i < document->count; i++)
		descriptor_done(&document->items[i]);
	free(document->items);
	*document = (struct document){0};
}

static int read_platform(const struct doc *d, const json_t *object, struct platform *out,
			 struct err *err)
{
	json_t *platform;

	if (doc_object(d, object, "platform", &platform, err) < 0)
		return -1;
	if (!platform)
		return 0;
	if (doc_copy(d, platform, "os", &out->os, err) < 0 ||
	    doc_copy(d, platform, "architecture", &out->architecture, err) < 0 ||
	    doc_copy(d, platform, "variant", &out->variant, err) < 0)
		return -1;

	if (!out->os || !out->architecture)
		return doc_fail(d, "platform", err, "lacks 'os' or 'architecture'");
	if (strlen(out->os) > PLATFORM_WORD_MAX ||
	    strlen(out->architecture) > PLATFORM_WORD_MAX ||
	    (out->variant && strlen(out->variant) > PLATFORM_WORD_MAX) ||
	    !str_is_printable(out->os) || !str_is_printable(out->architecture) ||
	    (out->variant && !str_is_printable(out->variant)))
		return doc_fail(d, "platform", err, "makes no sense");
	return 0;
}

/* @out is filled even when it fails, to be freed. */
static int read_descriptor(const struct doc *d, const json_t *object, uint64_t max,
			   struct descriptor *out, struct err *err)
{
	const char *type, *digest;
	json_t *annotations;

	if (!json_is_object(object))
		return doc_fail(d, NULL, err, "must be an object");
	if (doc_string(d, object, "mediaType", &type, err) < 0)
		return -1;
	if (!type)
		return doc_fail(d, "mediaType", err, "is missing");
	if (doc_digest(d, object, "digest", &digest, err) < 0 ||
	    doc_size(d, object, "size", max, &out->size, err) < 0 ||
	    doc_object(d, object, "annotations", &annotations, err) < 0)
		return -1;

	out->media_type = media_plain(type);
	out->digest = xstrdup(digest);
	if (annotations && doc_copy(d, annotations, REF_NAME, &out->name, err) < 0)
		return -1;
	return read_platform(d, object, &out->platform, err);
}

static int check_layer(const struct doc *d, const char *type, struct err *err)
{
	char word[DOC_WORD_MAX];

	switch (media_kind(type)) {
	case MEDIA_LAYER:
		return 0;
	case MEDIA_ENCRYPTED:
		return doc_fail(d, NULL, err, "is encrypted, which is not supported");
	case MEDIA_FOREIGN:
		return doc_fail(d, NULL, err,
				"is a foreign layer, which the registry does not "
				"hold; it is not supported");
	case MEDIA_UNKNOWN:
	case MEDIA_ANYTHING:
	case MEDIA_INDEX:
	case MEDIA_MANIFEST:
	case MEDIA_SCHEMA1:
	case MEDIA_CONFIG:
		break;
	}
	return doc_fail(d, NULL, err, "is not a layer of a container image but '%s'",
			doc_clean(type, word));
}

static int read_items(struct doc *d, const json_t *array, const char *name, uint64_t max,
		      struct document *out, struct err *err)
{
	json_t *item;
	size_t i;

	out->items = xmalloc(json_array_size(array) * sizeof(*out->items));
	json_array_foreach(array, i, item)
	{
		doc_enter(d, "%s[%zu]", name, i);
		out->count = i + 1;
		if (read_descriptor(d, item, max, &out->items[i], err) < 0)
			return -1;
		if (out->kind == DOCUMENT_MANIFEST &&
		    check_layer(d, out->items[i].media_type, err) < 0)
			return -1;
	}
	doc_enter(d, "%s", "");
	return 0;
}

/* Helm charts, signatures, attestations and so on are stored as manifests, too. */
static int check_config(const struct doc *d, const json_t *root, const char *type,
			struct err *err)
{
	enum media_kind kind = media_kind(type);
	const char *artifact;
	char word[DOC_WORD_MAX];

	if (kind == MEDIA_CONFIG || kind == MEDIA_ANYTHING)
		return 0;
	if (doc_string(d, root, "artifactType", &artifact, err) < 0)
		return -1;
	(void)err_set(err, "this is not a container image but '%s'",
		      doc_clean(artifact && *artifact ? artifact : type, word));
	return err_hint(err, "it is kept where images are, but is for another program");
}

static int read_manifest(struct doc *d, const json_t *root, struct document *out,
			 struct err *err)
{
	json_t *config, *layers;

	if (doc_object(d, root, "config", &config, err) < 0 ||
	    doc_array(d, root, "layers", &layers, err) < 0)
		return -1;
	if (!config)
		return doc_fail(d, "config", err, "is missing");
	/* Null is what some writers make of an empty list. */
	if (!json_object_get(root, "layers"))
		return doc_fail(d, "layers", err, "is missing");
	if (json_array_size(layers) > DOCUMENT_LAYERS_MAX)
		return doc_fail(d, "layers", err, "are %zu, more than the %d that fit on a box",
				json_array_size(layers), DOCUMENT_LAYERS_MAX);

	doc_enter(d, "config");
	if (read_descriptor(d, config, DOCUMENT_MAX, &out->config, err) < 0)
		return -1;
	doc_enter(d, "%s", "");
	if (check_config(d, root, out->config.media_type, err) < 0)
		return -1;
	return read_items(d, layers, "layers", BLOB_MAX, out, err);
}

static int read_index(struct doc *d, const json_t *root, struct document *out, struct err *err)
{
	json_t *manifests;

	if (doc_array(d, root, "manifests", &manifests, err) < 0)
		return -1;
	return read_items(d, manifests, "manifests", BLOB_MAX, out, err);
}

static int check_version(const struct doc *d, const json_t *root, struct err *err)
{
	const json_t *version = json_object_get(root, "schemaVersion");

	if (json_is_integer(version) && json_integer_value(version) == 1)
		return document_refuse_schema1(err);
	if (!json_is_integer(version) || json_integer_value(version) != 2)
		return doc_fail(d, "schemaVersion", err, "must be 2");
	return 0;
}

/* By what it holds. Never both: one reader would see an index, another a manifest. */
static int kind_of_shape(const struct doc *d, const json_t *root, enum document_kind *out,
			 struct err *err)
{
	bool is_index = json_object_get(root, "manifests");
	bool is_manifest = json_object_get(root, "layers") || json_object_get(root, "config");

	if (is_index && is_manifest)
		return doc_fail(d, NULL, err, "holds both 'manifests' and 'layers'");
	if (!is_index && !is_manifest)
		return doc_fail(d, NULL, err, "holds neither 'manifests' nor 'layers'");
	*out = is_index ? DOCUMENT_INDEX : DOCUMENT_MANIFEST;
	return 0;
}

static int check_type(const struct doc *d, const char *type, enum document_kind shape,
		      struct err *err)
{
	enum media_kind kind = media_kind(type);
	char word[DOC_WORD_MAX];

	if (kind == MEDIA_SCHEMA1)
		return document_refuse_schema1(err);
	if (kind != MEDIA_INDEX && kind != MEDIA_MANIFEST)
		return doc_fail(d, NULL, err, "'%s' is not a container image",
				doc_clean(type, word));
	if ((kind == MEDIA_INDEX) != (shape == DOCUMENT_INDEX))
		return doc_fail(d, NULL, err, "is said to be '%s', which it is not",
				doc_clean(type, word));
	return 0;
}

/* What the server said and what the document says, as far as they say anything. */
static int check_types(const struct doc *d, const json_t *root, const char *media_type,
		       enum document_kind shape, struct err *err)
{
	AUTO_FREE char *said = media_type ? media_plain(media_type) : NULL;
	char word[DOC_WORD_MAX], other[DOC_WORD_MAX];
	const char *own;

	if (doc_string(d, root, "mediaType", &own, err) < 0)
		return -1;
	if (own && check_type(d, own, shape, err) < 0)
		return -1;
	if (!said || !*said || media_kind(said) == MEDIA_ANYTHING)
		return 0;
	if (own && strcasecmp(own, said) != 0)
		return doc_fail(d, NULL, err, "the server calls it '%s', it calls itself '%s'",
				doc_clean(said, word), doc_clean(own, other));
	return check_type(d, said, shape, err);
}

static int parse(const char *text, size_t len, const char *media_type, struct document *out,
		 struct err *err)
{
	struct doc d = {.what = "image manifest"};
	AUTO_DECREF json_t *root = NULL;

	if (doc_load(&d, text, len, &root, err) < 0 || check_version(&d, root, err) < 0 ||
	    kind_of_shape(&d, root, &out->kind, err) < 0)
		return -1;
	if (out->kind == DOCUMENT_INDEX)
		d.what = "image index";
	if (check_types(&d, root, media_type, out->kind, err) < 0)
		return -1;
	return out->kind == DOCUMENT_INDEX ? read_index(&d, root, out, err)
					   : read_manifest(&d, root, out, err);
}

int document_parse(const char *text, size_t len, const char *media_type,
		   struct document *out_document, struct err *err)
{
	struct document document = {0};

	if (parse(text, len, media_type, &document, err) < 0) {
		document_done(&document);
		return -1;
	}
	*out_document = document;
	return 0;
}
