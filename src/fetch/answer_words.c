#include "fetch/answer.h"
#include "util/cleanup.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#define CODE_MAX 64
#define MESSAGE_MAX 200
#define PLAIN_MAX 50

static void drop_json(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON_T __attribute__((cleanup(drop_json)))

static char *text_of(const json_t *object, const char *key, size_t max)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value)
		       ? foreign_text(json_string_value(value), json_string_length(value), max)
		       : xstrdup("");
}

static char *join(const char *code, const char *message)
{
	if (!*code || !*message)
		return xstrdup(*code ? code : message);
	return xasprintf("%s: %s", code, message);
}

/* {"errors":[{"code":"…","message":"…"}]}, or the {"details":"…"} of Docker's token server. */
static char *words_of_json(const json_t *json, char **out_code)
{
	const json_t *errors = json_object_get(json, "errors");
	const json_t *first = json_is_array(errors) ? json_array_get(errors, 0) : NULL;
	const char *const keys[] = {"details", "message", "error_description", "error"};
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *message = NULL;

	if (json_is_object(first)) {
		code = text_of(first, "code", CODE_MAX);
		message = text_of(first, "message", MESSAGE_MAX);
		if (*code || *message) {
			char *words = join(code, message);

			if (*code)
				*out_code = STEAL(code);
			return words;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		AUTO_FREE char *text = text_of(json, keys[i], MESSAGE_MAX);

		if (*text)
			return STEAL(text);
	}
	return xstrdup("");
}

char *answer_words(const char *body, size_t len, char **out_code)
{
	AUTO_JSON_T json_t *json = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	AUTO_FREE char *code = NULL;
	char *words = json ? words_of_json(json, &code) : NULL;

	*out_code = STEAL(code);
	return words ? words : foreign_text(body, len, PLAIN_MAX);
}
