#include "api/metrics.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

static int refuse(const char *text, struct err *err)
{
	(void)err_set(err, "--listen '%s' is not an address of this machine alone", text);
	return err_hint(err,
			"a port, 127.0.0.1:PORT, [::1]:PORT or unix:PATH; what boxes do is "
			"for their user, and a proxy of his choice may carry it further");
}

static int parse_port(const char *text, const char *port, uint16_t *out, struct err *err)
{
	uint64_t number;

	if (str_to_u64(port, &number) == 0 && number <= UINT16_MAX) {
		*out = (uint16_t)number;
		return 0;
	}
	(void)err_set(err, "--listen '%s': '%s' is not a port", text, port);
	return err_hint(err, "a number up to 65535; 0 takes one that is free");
}

static int parse_path(const char *text, const char *path, struct metrics_address *out,
		      struct err *err)
{
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path);

	if (!*path || strlen(path) >= room) {
		(void)err_set(err, "--listen '%s': the path of a socket has 1 to %zu bytes",
			      text, room - 1);
		return -1;
	}
	out->path = xstrdup(path);
	return 0;
}

int metrics_address_parse(const char *text, struct metrics_address *out_address,
			  struct err *err)
{
	struct metrics_address address = {.v4 = INADDR_LOOPBACK};
	const char *colon = strrchr(text, ':');
	AUTO_FREE char *host = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup("");
	struct in_addr v4;

	*out_address = address;
	if (str_starts(text, "unix:"))
		return parse_path(text, text + strlen("unix:"), out_address, err);
	if (*text == '/')
		return parse_path(text, text, out_address, err);
	if (!colon && str_to_u64(text, &(uint64_t){0}) < 0)
		return refuse(text, err);
	if (strcmp(host, "[::1]") == 0)
		address.is_v6 = true;
	else if (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127)
		address.v4 = ntohl(v4.s_addr);
	else if (*host && strcmp(host, "localhost") != 0)
		return refuse(text, err);
	if (parse_port(text, colon ? colon + 1 : text, &address.port, err) < 0)
		return -1;
	*out_address = address;
	return 0;
}
