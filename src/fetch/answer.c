#include "fetch/answer.h"

#include "util/cleanup.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 8192
#define WARNINGS_MAX 8

void answer_done(struct answer *answer)
{
	challenges_done(&answer->challenges);
	strv_done(&answer->warnings);
	free(answer->media_type);
	free(answer->encoding);
	free(answer->digest);
	free(answer->location);
	*answer = (struct answer){.length = -1, .retry_after_s = -1};
}

static const char *take_number(const char *at, uint64_t *out)
{
	size_t digits = strspn(at, "0123456789");
	AUTO_FREE char *text = xstrndup(at, digits);

	return str_to_u64(text, out) < 0 ? NULL : at + digits;
}

int answer_parse_range(const char *value, uint64_t *out_first, uint64_t *out_last,
		       uint64_t *out_total)
{
	uint64_t first, last, total;

	if (strncasecmp(value, "bytes ", 6) != 0)
		return -1;
	value = take_number(value + 6, &first);
	if (!value || *value != '-')
		return -1;
	value = take_number(value + 1, &last);
	if (!value || *value != '/')
		return -1;
	value = take_number(value + 1, &total);
	if (!value || *value || first > last || last >= total)
		return -1;
	*out_first = first;
	*out_last = last;
	*out_total = total;
	return 0;
}

int64_t answer_parse_retry(const char *value, time_t now)
{
	uint64_t seconds;
	time_t then;

	if (str_to_u64(value, &seconds) == 0)
		return seconds > INT32_MAX ? INT32_MAX : (int64_t)seconds;
	/* Only dates of RFC 9110 have a letter first; curl_getdate() would take nearly
	 * anything. */
	if (!isalpha((unsigned char)*value))
		return -1;
	then = curl_getdate(value, NULL);
	if (then == -1)
		return -1;
	if (then <= now)
		return 0;
	return then - now > INT32_MAX ? INT32_MAX : (int64_t)(then - now);
}

char *answer_parse_warning(const char *value)
{
	AUTO_BUF struct buf text = {0};
	const char *c;

	if (!str_starts(value, "299 "))
		return NULL;
	c = strchr(value, '"');
	if (!c)
		return NULL;
	for (c++; *c && *c != '"'; c++) {
		if (*c == '\\' && c[1])
			c++;
		buf_putc(&text, *c);
	}
	return foreign_text(text.data ? text.data : "", text.len, 300);
}

/* Length of the UTF-8 sequence at @at, 0: none, or a control character. */
static size_t sequence_length(const unsigned char *at, size_t left)
{
	size_t len;

	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f;
	len = at[0] >= 0xc2 && at[0] < 0xe0   ? 2
	      : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
	      : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
					      : 0;
	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* C1, which terminals obey too; the overlong and the surrogates; what turns the
	 * writing. */
	if ((at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xe0 && at[1] < 0xa0) ||
	    (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] >= 0x90))
		return 0;
	if (at[0] == 0xe2 && ((at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) ||
			      (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)))
		return 0;
	return len;
}

char *foreign_text(const char *text, size_t len, size_t max)
{
	AUTO_BUF struct buf out = {0};
	size_t at = 0;

	while (at < len) {
		size_t n = sequence_length((const unsigned char *)text + at, len - at);

		if (out.len + n > max)
			break;
		if (n && text[at] != ' ')
			buf_add(&out, text + at, n);
		else if (out.len && out.data[out.len - 1] != ' ' && out.len < max)
			buf_putc(&out, ' ');
		at += n ? n : 1;
	}
	while (out.len && out.data[out.len - 1] == ' ')
		out.data[--out.len] = '\0';
	return buf_take(&out);
}

static void begin_answer(struct answer *answer, const char *line)
{
	const char *code = strchr(line, ' ');
	uint64_t status = 0;

	answer_done(answer);
	if (code)
		(void)take_number(code + 1, &status);
	answer->status = status < 1000 ? (int)status : 0;
}

static void keep_media_type(struct answer *answer, const char *value)
{
	size_t len = strcspn(value, "; \t");

	free(answer->media_type);
	answer->media_type = foreign_text(value, len, 128);
	for (char *c = answer->media_type; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void keep_range(struct answer *answer, const char *value)
{
	/* One, and only one. */
	if (answer->range == RANGE_NONE &&
	    answer_parse_range(value, &answer->first, &answer->last, &answer->total) == 0)
		answer->range = RANGE_GOOD;
	else
		answer->range = RANGE_BROKEN;
}

static void keep_text(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

static void keep_field(struct answer *answer, const char *name, const char *value, time_t now)
{
	uint64_t number;

	if (strcasecmp(name, "www-authenticate") == 0) {
		challenges_add(&answer->challenges, value);
	} else if (strcasecmp(name, "content-type") == 0) {
		keep_media_type(answer, value);
	} else if (strcasecmp(name, "content-range") == 0) {
		keep_range(answer, value);
	} else if (strcasecmp(name, "content-length") == 0) {
		if (str_to_u64(value, &number) == 0 && number <= INT64_MAX)
			answer->length = (int64_t)number;
	} else if (strcasecmp(name, "content-encoding") == 0) {
		if (strcasecmp(value, "identity") != 0)
			keep_text(&answer->encoding, value);
	} else if (strcasecmp(name, "docker-content-digest") == 0) {
		keep_text(&answer->digest, value);
	} else if (strcasecmp(name, "location") == 0) {
		keep_text(&answer->location, value);
	} else if (strcasecmp(name, "retry-after") == 0) {
		answer->retry_after_s = answer_parse_retry(value, now);
	} else if (strcasecmp(name, "warning") == 0 && answer->warnings.count < WARNINGS_MAX) {
		char *words = answer_parse_warning(value);

		if (words)
			strv_take(&answer->warnings, words);
	}
}

void answer_line(struct answer *answer, const char *line, size_t len, time_t now)
{
	AUTO_FREE char *text = NULL;
	char *value;

	while (len && strchr("\r\n", line[len - 1]))
		len--;
	if (!len || len > VALUE_MAX || memchr(line, '\0', len))
		return;
	text = xstrndup(line, len);
	if (strncasecmp(text, "HTTP/", 5) == 0) {
		begin_answer(answer, text);
		return;
	}
	value = strchr(text, ':');
	if (!value)
		return;
	*value++ = '\0';
	keep_field(answer, text, str_trim(value), now);
}
