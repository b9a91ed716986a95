#include "net/filter_parse.h"

#include "util/cleanup.h"

#include <string.h>
#include <strings.h>

#define METHOD_MAX 24
#define LINE_MAX_LOOKED 8192

/* A part of the head. */
struct part {
	const char *text;
	size_t len;
};

static bool is(const struct part *part, const char *word)
{
	return part->len == strlen(word) && strncasecmp(part->text, word, part->len) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_token(const struct part *part)
{
	for (size_t i = 0; i < part->len; i++) {
		char c = part->text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return part->len > 0;
}

int http_looks(const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);
	size_t method = 0;

	while (method < len && data[method] >= 'A' && data[method] <= 'Z')
		method++;
	if (method > METHOD_MAX)
		return PARSE_BAD;
	if (method == len)
		return PARSE_MORE;
	if (method == 0 || data[method] != ' ')
		return PARSE_BAD;
	if (!end)
		return len < LINE_MAX_LOOKED ? PARSE_MORE : PARSE_BAD;
	len = (size_t)(end - data);
	if (len > 0 && data[len - 1] == '\r')
		len--;
	return len > method + 10 && memcmp(data + len - 9, " HTTP/1.", 8) == 0 ? PARSE_DONE
									       : PARSE_BAD;
}

/* "NAME" or "NAME:PORT" */
static int read_authority(struct part text, struct http_head *head)
{
	const char *colon = memchr(text.text, ':', text.len);
	size_t len = colon ? (size_t)(colon - text.text) : text.len;

	head->port = 0;
	if (filter_name(text.text, len, head->name) < 0)
		return PARSE_BAD;
	if (colon && filter_port(colon + 1, text.len - len - 1, &head->port) < 0)
		return PARSE_BAD;
	return PARSE_DONE;
}

static int read_target(struct part target, struct http_head *head)
{
	static const char scheme[] = "http://";
	const size_t scheme_len = sizeof(scheme) - 1;
	struct part authority;

	for (size_t i = 0; i < target.len; i++)
		if ((unsigned char)target.text[i] <= 0x20 || target.text[i] == 0x7f)
			return PARSE_BAD;
	head->path = target.text;
	head->path_len = target.len;
	if (head->is_connect)
		return read_authority(target, head);
	if (target.len > 0 && (*target.text == '/' || (target.len == 1 && *target.text == '*')))
		return PARSE_DONE;
	if (target.len <= scheme_len || strncasecmp(target.text, scheme, scheme_len) != 0)
		return PARSE_BAD;
	head->is_url = true;
	authority = (struct part){target.text + scheme_len, target.len - scheme_len};
	head->path_len = 0;
	for (size_t i = 0; i < authority.len; i++) {
		if (!strchr("/?#", authority.text[i]))
			continue;
		head->path = authority.text + i;
		head->path_len = authority.len - i;
		authority.len = i;
		break;
	}
	return read_authority(authority, head);
}

static int read_request_line(struct part line, struct http_head *head)
{
	const char *space = memchr(line.text, ' ', line.len);
	struct part method = {line.text, space ? (size_t)(space - line.text) : 0};
	const size_t version_len = strlen(" HTTP/1.1");
	struct part target;

	if (!space || !is_token(&method) || method.len > METHOD_MAX ||
	    line.len < method.len + 1 + version_len)
		return PARSE_BAD;
	target.text = space + 1;
	target.len = line.len - method.len - 1 - version_len;
	if (memcmp(target.text + target.len, " HTTP/1.", version_len - 1) != 0 ||
	    (target.text[target.len + version_len - 1] != '0' &&
	     target.text[target.len + version_len - 1] != '1'))
		return PARSE_BAD;
	head->method = method.text;
	head->method_len = method.len;
	head->version = target.text[target.len + version_len - 1];
	head->is_connect = method.len == 7 && memcmp(method.text, "CONNECT", 7) == 0;
	return read_target(target, head);
}

/* Return: false when there is none. */
static bool next_line(const char *data, size_t len, size_t *at, struct part *out)
{
	const char *end = memchr(data + *at, '\n', len - *at);

	if (!end)
		return false;
	*out = (struct part){data + *at, (size_t)(end - data) - *at};
	*at = (size_t)(end - data) + 1;
	return true;
}

/* "Name: value" to its parts. */
static int split_field(struct part line, struct part *out_name, struct part *out_value)
{
	const char *colon = memchr(line.text, ':', line.len);

	if (!colon)
		return PARSE_BAD;
	*out_name = (struct part){line.text, (size_t)(colon - line.text)};
	*out_value = (struct part){colon + 1, line.len - out_name->len - 1};
	while (out_value->len > 0 && is_blank(*out_value->text)) {
		out_value->text++;
		out_value->len--;
	}
	while (out_value->len > 0 && is_blank(out_value->text[out_value->len - 1]))
		out_value->len--;
	for (size_t i = 0; i < out_value->len; i++) {
		unsigned char c = (unsigned char)out_value->text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return PARSE_BAD;
	}
	return is_token(out_name) ? PARSE_DONE : PARSE_BAD;
}

/* What was seen of the fields that may be there once. */
struct seen {
	bool has_host, has_length, has_coding;
};

static int read_length(struct part value, struct http_head *head)
{
	AUTO_FREE char *digits = xstrndup(value.text, value.len);

	return str_to_u64(digits, &head->body) < 0 || head->body > INT64_MAX ? PARSE_BAD
									     : PARSE_DONE;
}

static int read_field(struct part line, struct http_head *head, struct seen *seen)
{
	struct http_head host = {0};
	struct part name, value;

	if (split_field(line, &name, &value) == PARSE_BAD)
		return PARSE_BAD;
	if (is(&name, "host")) {
		if (seen->has_host || (value.len > 0 && read_authority(value, &host) < 0))
			return PARSE_BAD;
		seen->has_host = true;
		/* A URL says more than the field; whoever sends it means that. */
		if (!head->is_url && !head->is_connect) {
			memcpy(head->name, host.name, sizeof(head->name));
			head->port = host.port;
		}
	} else if (is(&name, "content-length")) {
		if (seen->has_length || seen->has_coding)
			return PARSE_BAD;
		seen->has_length = true;
		return read_length(value, head);
	} else if (is(&name, "transfer-encoding")) {
		if (seen->has_length || seen->has_coding)
			return PARSE_BAD;
		seen->has_coding = head->is_chunked = true;
	}
	return PARSE_DONE;
}

int http_parse(const char *data, size_t len, struct http_head *out_head)
{
	struct http_head head = {0};
	struct seen seen = {0};
	struct part line;
	size_t at = 0;

	if (len > HTTP_HEAD_MAX)
		len = HTTP_HEAD_MAX;
	while (next_line(data, len, &at, &line)) {
		bool is_first = line.text == data;
		int rc;

		if (line.len == 0 || line.text[line.len - 1] != '\r')
			return PARSE_BAD;
		line.len--;
		if (line.len == 0 && !is_first) {
			head.len = at;
			*out_head = head;
			return PARSE_DONE;
		}
		rc = is_first ? read_request_line(line, &head) : read_field(line, &head, &seen);
		if (rc == PARSE_BAD)
			return PARSE_BAD;
	}
	return len == HTTP_HEAD_MAX ? PARSE_BAD : PARSE_MORE;
}

/* Fields about this connection, which is another one on the other side. */
static bool is_dropped(const struct part *name)
{
	static const char *const dropped[] = {
		"host",    "connection", "proxy-connection", "keep-alive",
		"upgrade", "te",         "http2-settings",   "proxy-authorization"};

	for (size_t i = 0; i < ARRAY_LEN(dropped); i++)
		if (is(name, dropped[i]))
			return true;
	return false;
}

void http_rewrite(const char *data, const struct http_head *head, uint16_t port,
		  struct buf *out)
{
	struct part line, name, value;
	size_t at = 0;

	buf_add(out, head->method, head->method_len);
	buf_putc(out, ' ');
	if (head->path_len == 0 || *head->path == '?' || *head->path == '#')
		buf_putc(out, '/');
	buf_add(out, head->path, head->path_len);
	buf_printf(out, " HTTP/1.%c\r\nHost: %s", head->version, head->name);
	if (port != 80)
		buf_printf(out, ":%u", port);
	buf_puts(out, "\r\n");
	(void)next_line(data, head->len, &at, &line);
	while (next_line(data, head->len, &at, &line) && line.len > 1) {
		line.len--;
		if (split_field(line, &name, &value) == PARSE_BAD || is_dropped(&name))
			continue;
		buf_add(out, line.text, line.len);
		buf_puts(out, "\r\n");
	}
	buf_puts(out, "Connection: close\r\n\r\n");
}
