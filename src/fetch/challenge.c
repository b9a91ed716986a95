#include "fetch/challenge.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void challenge_done(struct challenge *challenge)
{
	free(challenge->scheme);
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	free(challenge->error);
	*challenge = (struct challenge){0};
}

void challenges_done(struct challenges *challenges)
{
	for (size_t i = 0; i < challenges->count; i++)
		challenge_done(&challenges->items[i]);
	challenges->count = 0;
}

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

static char *take_token(const char **at)
{
	const char *end = *at;
	char *token;

	while (is_token_char(*end))
		end++;
	token = xstrndup(*at, (size_t)(end - *at));
	*at = end;
	return token;
}

/* After the opening quote. NULL: it has no end. */
static char *take_quoted(const char **at)
{
	AUTO_BUF struct buf text = {0};
	const char *c = *at;

	for (; *c && *c != '"'; c++) {
		if (*c == '\\' && c[1])
			c++;
		buf_putc(&text, *c);
	}
	if (!*c)
		return NULL;
	*at = c + 1;
	return buf_take(&text);
}

static char **field_of(struct challenge *challenge, const char *name)
{
	if (strcasecmp(name, "realm") == 0)
		return &challenge->realm;
	if (strcasecmp(name, "service") == 0)
		return &challenge->service;
	if (strcasecmp(name, "scope") == 0)
		return &challenge->scope;
	if (strcasecmp(name, "error") == 0)
		return &challenge->error;
	return NULL;
}

/* What stands at @at: "name=value" (true, taken in), or the scheme of the next challenge. */
static bool take_parameter(const char **at, struct challenge *challenge, bool *out_is_broken)
{
	const char *c = *at;
	AUTO_FREE char *name = take_token(&c);
	AUTO_FREE char *value = NULL;
	char **field;

	c = skip_space(c);
	if (!*name || *c != '=')
		return false;
	c = skip_space(c + 1);
	if (*c == '"') {
		c++;
		value = take_quoted(&c);
	} else {
		value = take_token(&c);
	}
	c = skip_space(c);
	if (!value || (*c && *c != ',')) {
		*out_is_broken = true;
		return false;
	}
	field = field_of(challenge, name);
	if (field && !*field)
		*field = STEAL(value);
	*at = c;
	return true;
}

/* A token68 (RFC 9110, 11.2) after the scheme: "Negotiate YII=". Nothing we could use. */
static const char *skip_token68(const char *at)
{
	const char *c = at;

	while (isalnum((unsigned char)*c) || (*c && strchr("-._~+/", *c)))
		c++;
	while (*c == '=')
		c++;
	c = skip_space(c);
	return !*c || *c == ',' ? c : at;
}

static const char *take_challenge(const char *at, struct challenge *challenge,
				  bool *out_is_broken)
{
	challenge->scheme = take_token(&at);
	if (!*challenge->scheme || (*at && *at != ' ' && *at != '\t' && *at != ',')) {
		*out_is_broken = true;
		return at;
	}
	for (char *c = challenge->scheme; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	at = skip_token68(skip_space(at));
	for (;;) {
		at += strspn(at, " \t,");
		if (!take_parameter(&at, challenge, out_is_broken))
			return at;
	}
}

void challenges_add(struct challenges *challenges, const char *value)
{
	bool is_broken = false;

	value += strspn(value, " \t,");
	while (*value && challenges->count < CHALLENGES_MAX) {
		struct challenge challenge = {0};

		value = take_challenge(value, &challenge, &is_broken);
		if (is_broken) {
			challenge_done(&challenge);
			return;
		}
		challenges->items[challenges->count++] = challenge;
	}
}

const struct challenge *challenges_find(const struct challenges *challenges, const char *scheme)
{
	for (size_t i = 0; i < challenges->count; i++)
		if (strcmp(challenges->items[i].scheme, scheme) == 0)
			return &challenges->items[i];
	return NULL;
}
