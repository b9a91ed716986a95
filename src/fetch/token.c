#include "fetch/token.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <curl/curl.h>
#include <jansson.h>
#include <string.h>

#define SECONDS_MIN 60
#define SECONDS_MAX (24 * 60 * 60)
#define CLIENT_ID "devbox"

static void drop_json(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON_T __attribute__((cleanup(drop_json)))

static void add_parameter(struct buf *out, char before, const char *name, const char *value,
			  size_t len)
{
	char *escaped = curl_easy_escape(NULL, value, (int)len);

	if (!escaped)
		abort();
	if (before)
		buf_putc(out, before);
	buf_printf(out, "%s=%s", name, escaped);
	curl_free(escaped);
}

static void add_text(struct buf *out, char before, const char *name, const char *value)
{
	if (value)
		add_parameter(out, before, name, value, strlen(value));
}

char *token_url(const struct token_question *question)
{
	AUTO_BUF struct buf url = {0};
	const char *scope = question->scope;
	char before = strchr(question->realm, '?') ? '&' : '?';

	buf_puts(&url, question->realm);
	if (question->service) {
		add_text(&url, before, "service", question->service);
		before = '&';
	}
	for (scope += strspn(scope, " "); *scope; scope += strspn(scope, " ")) {
		size_t len = strcspn(scope, " ");

		add_parameter(&url, before, "scope", scope, len);
		before = '&';
		scope += len;
	}
	add_text(&url, before, "account", question->account);
	return buf_take(&url);
}

char *token_form(const struct token_question *question)
{
	AUTO_BUF struct buf form = {0};

	buf_puts(&form, "grant_type=refresh_token&client_id=" CLIENT_ID);
	add_text(&form, '&', "service", question->service);
	add_text(&form, '&', "scope", question->scope);
	add_text(&form, '&', "refresh_token", question->identity);
	return buf_take(&form);
}

/* It becomes part of a header. */
static bool is_sound(const char *token)
{
	if (!*token)
		return false;
	for (const char *c = token; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return true;
}

static const char *find_token(const json_t *json)
{
	static const char *const keys[] = {"token", "access_token"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *text = json_string_value(json_object_get(json, keys[i]));

		if (text && is_sound(text))
			return text;
	}
	return NULL;
}

int token_parse(const char *text, size_t len, char **out_token, int64_t *out_seconds,
		struct err *err)
{
	AUTO_JSON_T json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *token = json_is_object(json) ? find_token(json) : NULL;
	int64_t seconds = SECONDS_MIN;

	if (!json)
		return err_set(err, "its answer is no JSON");
	if (!token)
		return err_set(err, "its answer has no token");
	if (json_is_number(json_object_get(json, "expires_in"))) {
		double number = json_number_value(json_object_get(json, "expires_in"));

		if (number > SECONDS_MIN)
			seconds = number < SECONDS_MAX ? (int64_t)number : SECONDS_MAX;
	}
	*out_token = xstrdup(token);
	*out_seconds = seconds;
	return 0;
}
