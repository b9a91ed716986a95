#include "net/port.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <string.h>

#define LOOPBACK_FIRST 1
#define LOOPBACK_COUNT 254

const char *net_protocol_name(enum net_protocol protocol)
{
	return protocol == NET_UDP ? "udp" : "tcp";
}

static const struct sockaddr_in *as_v4(const struct sockaddr_storage *address)
{
	return (const struct sockaddr_in *)address;
}

static const struct sockaddr_in6 *as_v6(const struct sockaddr_storage *address)
{
	return (const struct sockaddr_in6 *)address;
}

int net_address_set(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		address.ss_family = AF_INET6;
	else
		return -1;
	net_address_set_port(&address, port);
	*out = address;
	return 0;
}

const char *net_address_text(const struct sockaddr_storage *address, char out[NET_ADDRESS_MAX])
{
	const void *bytes = address->ss_family == AF_INET6
				    ? (const void *)&as_v6(address)->sin6_addr
				    : (const void *)&as_v4(address)->sin_addr;

	if (!inet_ntop(address->ss_family, bytes, out, NET_ADDRESS_MAX))
		out[0] = '\0';
	return out;
}

uint16_t net_address_port(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6 ? as_v6(address)->sin6_port
						    : as_v4(address)->sin_port);
}

void net_address_set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)address)->sin_port = htons(port);
}

socklen_t net_address_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

bool net_address_is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family || net_address_port(a) != net_address_port(b))
		return false;
	if (a->ss_family == AF_INET6)
		return IN6_ARE_ADDR_EQUAL(&as_v6(a)->sin6_addr, &as_v6(b)->sin6_addr);
	return as_v4(a)->sin_addr.s_addr == as_v4(b)->sin_addr.s_addr;
}

bool net_address_is_loopback(const struct sockaddr_storage *address)
{
	const struct in6_addr *v6 = &as_v6(address)->sin6_addr;

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(v6) ||
		       (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
	return ntohl(as_v4(address)->sin_addr.s_addr) >> 24 == 127;
}

/* Ports by which programs are known that are not reached by a browser. */
static bool is_other_service(uint16_t port)
{
	static const uint16_t others[] = {21,   22,   23,   25,   53,    110,  143,
					  389,  465,  587,  636,  993,   995,  1433,
					  1521, 1883, 3306, 3389, 4222,  5432, 5433,
					  5672, 5900, 6379, 9042, 11211, 27017};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i] == port)
			return true;
	return false;
}

char *net_port_url(const char *address, uint16_t host_port, uint16_t box_port)
{
	bool is_tls = box_port == 443 || box_port == 8443;
	bool is_v6 = strchr(address, ':') != NULL;

	return xasprintf("%s%s%s%s:%u",
			 is_other_service(box_port) ? ""
			 : is_tls                   ? "https://"
						    : "http://",
			 is_v6 ? "[" : "", address, is_v6 ? "]" : "", host_port);
}

/* "80" or "80-89" */
static int parse_range(char *text, uint64_t min, uint16_t *out_first, uint16_t *out_last)
{
	char *dash = strchr(text, '-');
	uint64_t first, last;

	if (dash)
		*dash++ = '\0';
	if (str_to_u64(text, &first) < 0 || str_to_u64(dash ? dash : text, &last) < 0 ||
	    first < min || last < first || last > UINT16_MAX)
		return -1;
	*out_first = (uint16_t)first;
	*out_last = (uint16_t)last;
	return 0;
}

struct ports {
	struct net_port *items;
	size_t count;
};

/* "PROTOCOL ADDRESS HOST BOX"; @line is changed. */
static int parse_line(char *line, struct ports *ports)
{
	struct net_port port = {0};
	uint16_t host, host_last, box, box_last;
	char *words[4];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		words[i] = strsep(&line, " ");
		if (!words[i])
			return -1;
	}
	if (line || (!str_eq(words[0], "tcp") && !str_eq(words[0], "udp")) ||
	    parse_range(words[2], 0, &host, &host_last) < 0 ||
	    parse_range(words[3], 1, &box, &box_last) < 0 ||
	    (host != 0 && host_last - host != box_last - box) ||
	    (host == 0 && host_last != 0) ||
	    (size_t)(box_last - box) + 1 > NET_PORTS_MAX - ports->count ||
	    net_address_set(words[1], 0, &port.host) < 0)
		return -1;
	port.protocol = str_eq(words[0], "udp") ? NET_UDP : NET_TCP;
	for (uint32_t i = 0; box + i <= box_last; i++) {
		net_address_set_port(&port.host, (uint16_t)(host ? host + i : 0));
		port.box_port = (uint16_t)(box + i);
		ports->items = xrealloc(ports->items, (ports->count + 1) * sizeof(port));
		ports->items[ports->count++] = port;
	}
	return 0;
}

int net_ports_parse(const char *text, struct net_port **out_ports, size_t *out_count)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct ports ports = {0};
	char *rest = copy;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!str_starts(line, "port ") || parse_line(line + 5, &ports) == 0)
			continue;
		free(ports.items);
		return -1;
	}
	*out_ports = ports.items;
	*out_count = ports.count;
	return 0;
}

struct in_addr net_loopback_address(const char *folder, unsigned attempt)
{
	uint64_t hash = str_hash(folder, strlen(folder), STR_HASH_SEED) + attempt;
	/* The lower bits of FNV are the better ones; the upper are folded in. */
	uint32_t place = (uint32_t)((hash ^ (hash >> 32)) % (LOOPBACK_COUNT * 256));

	return (struct in_addr){htonl(UINT32_C(127) << 24 |
				      (LOOPBACK_FIRST + place / 256) << 16 |
				      (place % 256) << 8 | 1)};
}
