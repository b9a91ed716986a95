#include "image/store_record.h"

#include "image/store.h"
#include "util/cleanup.h"
#include "util/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(of, member, kind)                            \
	{                                                  \
#member, kind, offsetof(struct of, member) \
	}
#define NAMED(of, key, member, kind)                   \
	{                                              \
		key, kind, offsetof(struct of, member) \
	}
#define END       \
	{         \
		0 \
	}

const struct record_field record_layer[] = {
	FIELD(layer_meta, id, RECORD_TEXT),
	FIELD(layer_meta, digest, RECORD_TEXT),
	FIELD(layer_meta, blob_bytes, RECORD_U64),
	FIELD(layer_meta, bytes, RECORD_U64),
	FIELD(layer_meta, tar_bytes, RECORD_U64),
	FIELD(layer_meta, entries, RECORD_U64),
	FIELD(layer_meta, first_uid, RECORD_U32),
	FIELD(layer_meta, warnings, RECORD_LIST),
	END,
};

const struct record_field record_image[] = {
	FIELD(image, id, RECORD_TEXT),
	NAMED(image, "config", config_digest, RECORD_TEXT),
	FIELD(image, layers, RECORD_LIST),
	NAMED(image, "os", platform.os, RECORD_TEXT),
	NAMED(image, "architecture", platform.architecture, RECORD_TEXT),
	NAMED(image, "variant", platform.variant, RECORD_MAYBE),
	FIELD(image, stored_ms, RECORD_I64),
	END,
};

const struct record_field record_ref[] = {
	FIELD(image_ref, text, RECORD_TEXT),
	FIELD(image_ref, image, RECORD_TEXT),
	FIELD(image_ref, index, RECORD_TEXT),
	FIELD(image_ref, stamp, RECORD_TEXT),
	FIELD(image_ref, platform, RECORD_TEXT),
	FIELD(image_ref, checked_ms, RECORD_I64),
	END,
};

/* When it was last used is the time of the file. */
const struct record_field record_build[] = {
	FIELD(build_entry, key, RECORD_TEXT),
	FIELD(build_entry, parent, RECORD_TEXT),
	FIELD(build_entry, layer, RECORD_TEXT),
	FIELD(build_entry, what, RECORD_TEXT),
	FIELD(build_entry, inputs, RECORD_TEXT),
	FIELD(build_entry, made_ms, RECORD_I64),
	END,
};

static void format_list(struct json *j, const char *key, const struct strv *list)
{
	json_array_begin(j, key);
	for (size_t i = 0; i < list->count; i++)
		json_text(j, NULL, list->items[i]);
	json_array_end(j);
}

static void format_field(struct json *j, const struct record_field *field, const char *at)
{
	const char *text;

	switch (field->kind) {
	case RECORD_TEXT:
		text = *(char *const *)at;
		json_text(j, field->key, text ? text : "");
		break;
	case RECORD_MAYBE:
		json_text(j, field->key, *(char *const *)at);
		break;
	case RECORD_LIST:
		format_list(j, field->key, (const struct strv *)at);
		break;
	case RECORD_U32:
		json_u64(j, field->key, *(const uint32_t *)at);
		break;
	case RECORD_U64:
		json_u64(j, field->key, *(const uint64_t *)at);
		break;
	case RECORD_I64:
		json_i64(j, field->key, *(const int64_t *)at);
		break;
	}
}

char *store_record_format(const struct record_field *fields, const void *object)
{
	struct json j = {0};

	json_object_begin(&j, NULL);
	for (const struct record_field *field = fields; field->key; field++)
		format_field(&j, field, (const char *)object + field->offset);
	json_object_end(&j);
	return buf_take(&j.text);
}

/* Return: 0, or -1 when @value is no array of strings. */
static int parse_list(const json_t *value, struct strv *out)
{
	size_t count = json_array_size(value);

	if (!json_is_array(value))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (!text)
			return -1;
		strv_add(out, text);
	}
	return 0;
}

/* Return: 0, or -1 when @value is of another kind or out of range. */
static int parse_number(const json_t *value, enum record_kind kind, char *at)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || (number < 0 && kind != RECORD_I64))
		return -1;
	if (kind == RECORD_I64)
		*(int64_t *)at = number;
	else if (kind == RECORD_U64)
		*(uint64_t *)at = (uint64_t)number;
	else if (number <= UINT32_MAX)
		*(uint32_t *)at = (uint32_t)number;
	else
		return -1;
	return 0;
}

static int parse_field(const json_t *value, const struct record_field *field, char *at)
{
	switch (field->kind) {
	case RECORD_MAYBE:
		if (json_is_null(value))
			return 0;
		__attribute__((fallthrough));
	case RECORD_TEXT:
		if (!json_is_string(value))
			return -1;
		*(char **)at = xstrdup(json_string_value(value));
		return 0;
	case RECORD_LIST:
		return parse_list(value, (struct strv *)at);
	case RECORD_U32:
	case RECORD_U64:
	case RECORD_I64:
		return parse_number(value, field->kind, at);
	}
	return -1;
}

int store_record_parse(const struct record_field *fields, const char *text, void *object,
		       struct err *err)
{
	json_error_t error;
	json_t *top = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	int result = 0;

	if (!top)
		return err_set(err, "no JSON in line %d", error.line);
	for (const struct record_field *field = fields; field->key && result == 0; field++)
		if (parse_field(json_object_get(top, field->key), field,
				(char *)object + field->offset) < 0)
			result = err_set(err, "'%s' is missing or of a wrong kind", field->key);
	json_decref(top);
	return result;
}

void record_clear(const struct record_field *fields, void *object)
{
	for (const struct record_field *field = fields; field->key; field++) {
		char *at = (char *)object + field->offset;

		if (field->kind == RECORD_TEXT || field->kind == RECORD_MAYBE) {
			free(*(char **)at);
			*(char **)at = NULL;
		} else if (field->kind == RECORD_LIST) {
			strv_done((struct strv *)at);
		}
	}
}
