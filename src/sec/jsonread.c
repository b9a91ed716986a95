#include "sec/jsonread.h"

#include "sec/jsonplace.h"
#include "util/cleanup.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Above this a double no longer holds every integer. */
#define EXACT_MAX 9007199254740992.0

#define NUMBER_TEXT_MAX 32
#define WARNINGS_MAX 64

void jsonread_enter(struct jsonread *r, const char *key)
{
	assert(r->depth < JSONREAD_DEPTH_MAX);
	r->steps[r->depth++] = (struct jsonread_step){.key = key};
}

void jsonread_enter_item(struct jsonread *r, size_t index)
{
	assert(r->depth < JSONREAD_DEPTH_MAX);
	r->steps[r->depth++] = (struct jsonread_step){.index = index};
}

void jsonread_leave(struct jsonread *r)
{
	assert(r->depth > 0);
	r->depth--;
}

int jsonread_line(struct jsonread *r)
{
	struct jsonplace place;

	return jsonplace_find(r, &place) < 0 ? 0 : place.line;
}

int jsonread_fail(struct jsonread *r, struct err *err, const char *format, ...)
{
	struct jsonplace place = {0};
	char text[ERR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	(void)jsonplace_find(r, &place);
	err_set(err, "%s", text);
	return err_at(err, r->file, place.line, place.column);
}

void jsonread_warn(struct jsonread *r, const char *format, ...)
{
	struct jsonplace place = {0};
	char text[ERR_MESSAGE_MAX];
	va_list args;

	if (r->warnings->count >= WARNINGS_MAX)
		return;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	(void)jsonplace_find(r, &place);
	strv_addf(r->warnings, "%s:%d:%d: %s", r->file, place.line, place.column, text);
}

static bool is_known(const char *key, const char *const *known)
{
	for (; *known; known++) {
		if (str_eq(key, *known))
			return true;
	}
	return false;
}

int jsonread_object(struct jsonread *r, const json_t *value, const char *const *known,
		    struct err *err)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		return jsonread_fail(r, err, "an object is expected here");

	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		const char *nearest;

		if (is_known(key, known))
			continue;
		nearest = str_nearest(key, known);
		jsonread_enter(r, key);
		if (nearest)
			jsonread_warn(r, "unknown member '%s' is ignored; did you mean '%s'?",
				      key, nearest);
		else
			jsonread_warn(r, "unknown member '%s' is ignored", key);
		jsonread_leave(r);
	}
	return 0;
}

/* Return: the member, NULL when it is missing or null. */
static json_t *get(const json_t *object, const char *key)
{
	json_t *member = json_object_get(object, key);

	return json_is_null(member) ? NULL : member;
}

static int fail_at(struct jsonread *r, const char *key, struct err *err, const char *wanted)
{
	jsonread_enter(r, key);
	(void)jsonread_fail(r, err, "'%s' must be %s", key, wanted);
	jsonread_leave(r);
	return -1;
}

int jsonread_string(struct jsonread *r, const json_t *object, const char *key, const char **out,
		    struct err *err)
{
	json_t *member = get(object, key);

	if (member && !json_is_string(member))
		return fail_at(r, key, err, "a string");

	*out = json_string_value(member);
	return 0;
}

/* The digits themselves, where a double has lost some. */
static int exact_u64(struct jsonread *r, uint64_t *out)
{
	char digits[NUMBER_TEXT_MAX];
	struct jsonplace place;
	size_t n;

	if (jsonplace_find(r, &place) < 0)
		return -1;

	n = strspn(r->text + place.offset, "0123456789");
	if (n >= sizeof(digits))
		return -1;
	memcpy(digits, r->text + place.offset, n);
	digits[n] = '\0';
	return str_to_u64(digits, out);
}

int jsonread_u64(struct jsonread *r, const json_t *object, const char *key, bool *out_found,
		 uint64_t *out, struct err *err)
{
	static const char wanted[] = "a whole number from 0 to 18446744073709551615";
	json_t *member = get(object, key);
	double number;
	int result;

	if (!member) {
		*out_found = false;
		return 0;
	}

	number = json_real_value(member);
	if (!json_is_real(member) || number < 0 || number > 0x1p64)
		return fail_at(r, key, err, wanted);
	if (number <= EXACT_MAX && (double)(uint64_t)number < number)
		return fail_at(r, key, err, wanted);

	if (number <= EXACT_MAX) {
		*out = (uint64_t)number;
	} else {
		jsonread_enter(r, key);
		result = exact_u64(r, out);
		jsonread_leave(r);
		if (result < 0)
			return fail_at(r, key, err, wanted);
	}
	*out_found = true;
	return 0;
}

int jsonread_array(struct jsonread *r, const json_t *object, const char *key, json_t **out,
		   struct err *err)
{
	json_t *member = get(object, key);

	if (member && !json_is_array(member))
		return fail_at(r, key, err, "an array");

	*out = member;
	return 0;
}

int jsonread_strings(struct jsonread *r, const json_t *object, const char *key,
		     struct strv *out, struct err *err)
{
	json_t *array;
	json_t *item;
	size_t i;

	if (jsonread_array(r, object, key, &array, err) < 0)
		return -1;

	json_array_foreach(array, i, item)
	{
		if (!json_is_string(item))
			return fail_at(r, key, err, "an array of strings");
		strv_add(out, json_string_value(item));
	}
	return 0;
}

int jsonread_parse(const struct jsonread *r, json_t **out, struct err *err)
{
	json_error_t why;
	json_t *root;
	char *near;

	root = json_loadb(r->text, r->len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
			  &why);
	if (root) {
		*out = root;
		return 0;
	}

	/* The rest quotes the file, which may hold anything. */
	near = strstr(why.text, " near '");
	if (near)
		*near = '\0';
	err_set(err, "seccomp profile is not valid JSON: %s", why.text);
	return err_at(err, r->file, why.line, why.column);
}
