#include "image/document_json.h"

#include "image/document.h"
#include "image/reference.h"
#include "util/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *doc_clean(const char *text, char out[DOC_WORD_MAX])
{
	size_t n = 0;

	for (; *text && n + 1 < DOC_WORD_MAX; text++) {
		unsigned char c = (unsigned char)*text;

		/* U+0080 to U+009F are control characters as well. */
		if (c == 0xc2 && (unsigned char)text[1] >= 0x80 &&
		    (unsigned char)text[1] < 0xa0) {
			out[n++] = '?';
			text++;
		} else {
			out[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
		}
	}
	/* No half of a character at the end. */
	if (*text)
		while (n > 0 && ((unsigned char)out[n - 1] & 0x80))
			n--;
	out[n] = '\0';
	return out;
}

void doc_enter(struct doc *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(d->place, sizeof(d->place), format, args);
	va_end(args);
}

int doc_fail(const struct doc *d, const char *key, struct err *err, const char *format, ...)
{
	const char *dot = key && *d->place ? "." : "";
	char text[ERR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	if (!key && !*d->place)
		return err_set(err, "%s: %s", d->what, text);
	return err_set(err, "%s: '%s%s%s' %s", d->what, d->place, dot, key ? key : "", text);
}

/* What stands outside of strings; each value but the first follows one of these. */
static size_t count_values(const char *text, size_t len)
{
	bool is_quoted = false;
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && c == '\\')
			i++;
		else if (!is_quoted && (c == ',' || c == '[' || c == '{'))
			count++;
	}
	return count;
}

static int refuse_large(const struct doc *d, unsigned int max, const char *of, struct err *err)
{
	(void)err_set(err, "%s: has more than %u %s", d->what, max, of);
	err->code = EFBIG;
	return -1;
}

int doc_load(const struct doc *d, const char *text, size_t len, json_t **out, struct err *err)
{
	json_error_t why;
	json_t *root;
	char *near;

	if (len > DOCUMENT_MAX)
		return refuse_large(d, DOCUMENT_MAX, "bytes", err);
	if (count_values(text, len) > DOC_VALUES_MAX)
		return refuse_large(d, DOC_VALUES_MAX, "values", err);

	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!root) {
		/* The rest quotes the text, which may hold anything. */
		near = strstr(why.text, " near '");
		if (near)
			*near = '\0';
		return err_set(err, "%s: not valid JSON: %s (line %d, column %d)", d->what,
			       why.text, why.line, why.column);
	}
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(err, "%s: not a JSON object", d->what);
	}
	*out = root;
	return 0;
}

/* Return: the member, NULL when it is missing or null. */
static json_t *get(const json_t *object, const char *key)
{
	json_t *member = json_object_get(object, key);

	return json_is_null(member) ? NULL : member;
}

int doc_string(const struct doc *d, const json_t *object, const char *key, const char **out,
	       struct err *err)
{
	json_t *member = get(object, key);

	if (member && !json_is_string(member))
		return doc_fail(d, key, err, "must be a string");
	*out = json_string_value(member);
	return 0;
}

int doc_object(const struct doc *d, const json_t *object, const char *key, json_t **out,
	       struct err *err)
{
	json_t *member = get(object, key);

	if (member && !json_is_object(member))
		return doc_fail(d, key, err, "must be an object");
	*out = member;
	return 0;
}

int doc_array(const struct doc *d, const json_t *object, const char *key, json_t **out,
	      struct err *err)
{
	json_t *member = get(object, key);

	if (member && !json_is_array(member))
		return doc_fail(d, key, err, "must be an array");
	*out = member;
	return 0;
}

int doc_bool(const struct doc *d, const json_t *object, const char *key, bool *out,
	     struct err *err)
{
	json_t *member = get(object, key);

	if (member && !json_is_boolean(member))
		return doc_fail(d, key, err, "must be true or false");
	if (member)
		*out = json_is_true(member);
	return 0;
}

int doc_size(const struct doc *d, const json_t *object, const char *key, uint64_t max,
	     uint64_t *out, struct err *err)
{
	json_t *member = get(object, key);
	json_int_t value;

	if (!member || !json_is_integer(member))
		return doc_fail(d, key, err, "must be a whole number");
	value = json_integer_value(member);
	if (value < 0)
		return doc_fail(d, key, err, "is negative: %" JSON_INTEGER_FORMAT, value);
	if ((uint64_t)value > max)
		return doc_fail(d, key, err,
				"is too large: %" JSON_INTEGER_FORMAT ", at most %" PRIu64
				" is accepted",
				value, max);
	*out = (uint64_t)value;
	return 0;
}

int doc_check_digest(const struct doc *d, const char *key, const char *text, struct err *err)
{
	char word[DOC_WORD_MAX];
	size_t algorithm = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+._-");

	if (digest_check(text))
		return 0;
	if (algorithm && text[algorithm] == ':' && !str_starts(text, "sha256:"))
		return doc_fail(d, key, err,
				"is a digest of a kind that is not supported: '%s'",
				doc_clean(text, word));
	return doc_fail(d, key, err, "is not a sha256 digest: '%s'", doc_clean(text, word));
}

int doc_digest(const struct doc *d, const json_t *object, const char *key, const char **out,
	       struct err *err)
{
	const char *text = NULL;

	if (doc_string(d, object, key, &text, err) < 0)
		return -1;
	if (!text)
		return doc_fail(d, key, err, "is missing");
	if (doc_check_digest(d, key, text, err) < 0)
		return -1;
	*out = text;
	return 0;
}

int doc_copy(const struct doc *d, const json_t *object, const char *key, char **out,
	     struct err *err)
{
	const char *text = NULL;

	if (doc_string(d, object, key, &text, err) < 0)
		return -1;
	free(*out);
	*out = text && *text ? xstrdup(text) : NULL;
	return 0;
}

int doc_strings(const struct doc *d, const json_t *object, const char *key, struct strv *out,
		struct err *err)
{
	json_t *array = NULL, *item;
	size_t i;

	if (doc_array(d, object, key, &array, err) < 0)
		return -1;

	json_array_foreach(array, i, item)
	{
		if (!json_is_string(item))
			return doc_fail(d, key, err, "must be an array of strings");
		strv_add(out, json_string_value(item));
	}
	return 0;
}

int doc_keys(const struct doc *d, const json_t *object, const char *key, struct strv *out,
	     struct err *err)
{
	const char *name;
	json_t *map = NULL, *ignored;

	if (doc_object(d, object, key, &map, err) < 0)
		return -1;

	json_object_foreach(map, name, ignored) strv_add(out, name);
	return 0;
}
