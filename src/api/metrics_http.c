#include "api/metrics.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* What of HTTP/1.1 (RFC 9112) a scraper needs. */

static bool is_loopback_name(const char *host)
{
	static const char *const names[] = {"localhost", "[::1]"};
	struct in_addr v4;
	AUTO_FREE char *name = xstrdup(host);
	char *colon = strrchr(name, ':');

	if (colon && (!strchr(colon, ']')))
		*colon = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static void take_header(char *line, struct metrics_request *request)
{
	char *value = strchr(line, ':');

	if (!value)
		return;
	*value++ = '\0';
	value = str_trim(value);
	if (strcasecmp(line, "Host") == 0 && *value && !is_loopback_name(value))
		request->status = 403;
	else if (strcasecmp(line, "Accept") == 0 &&
		 strstr(value, "application/openmetrics-text"))
		request->format = METRICS_OPENMETRICS;
}

static int status_of(char *line, bool *out_is_head)
{
	char *rest = line;
	const char *method = strsep(&rest, " ");
	char *target = strsep(&rest, " ");

	if (!target || !rest || !str_starts(rest, "HTTP/1."))
		return 400;
	*out_is_head = strcmp(method, "HEAD") == 0;
	if (!*out_is_head && strcmp(method, "GET") != 0)
		return 405;
	target[strcspn(target, "?")] = '\0';
	return strcmp(target, "/metrics") == 0 ? 200 : 404;
}

void metrics_request_parse(const char *text, size_t len, struct metrics_request *out_request)
{
	struct metrics_request request = {.format = METRICS_PROMETHEUS};
	AUTO_FREE char *copy = NULL;
	char *rest, *line;

	*out_request = request;
	if (!memmem(text, len, "\r\n\r\n", 4) && !memmem(text, len, "\n\n", 2)) {
		if (len >= METRICS_REQUEST_MAX)
			out_request->status = 431;
		return;
	}
	/* What follows a NUL byte is nothing we read. */
	copy = xstrndup(text, len);
	rest = copy;
	line = strsep(&rest, "\n");
	request.status = status_of(str_trim(line), &request.is_head);
	while ((line = strsep(&rest, "\n")) && *str_trim(line))
		take_header(line, &request);
	*out_request = request;
}
