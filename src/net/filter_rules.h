#ifndef NET_FILTER_RULES_H
#define NET_FILTER_RULES_H

#include "util/str.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Private to filter*.c: which names and addresses may be reached. */

#define FILTER_NAME_MAX 254
#define FILTER_RULES_MAX 256
#define FILTER_PORTS_MAX 16 /* of one name */

/** struct filter_rule - one of network.allow; @port 0: 80 and 443 */
struct filter_rule {
	char name[FILTER_NAME_MAX];
	bool is_below; /* names below it, not the name itself */
	uint16_t port;
};
struct filter_rules {
	struct filter_rule *items;
	size_t count;
};

/** filter_rules_parse() - Return: 0, or -1: one of @allow is damaged, or there are too many. */
int filter_rules_parse(const struct strv *allow, struct filter_rules *out_rules);
void filter_rules_done(struct filter_rules *rules);

/**
 * filter_name() - the one spelling of a host name: lower case, no dot at its end
 * What could be read as an address is no name. Return: 0 or -1.
 */
int filter_name(const char *text, size_t len, char out[FILTER_NAME_MAX]);

/** filter_port() - digits of a port. Return: 0 or -1. */
int filter_port(const char *text, size_t len, uint16_t *out_port);

bool filter_allows(const struct filter_rules *rules, const char *name, uint16_t port);
/** filter_ports() - those on which @name may be reached. Return: how many, 0: it is not known.
 */
size_t filter_ports(const struct filter_rules *rules, const char *name,
		    uint16_t out[FILTER_PORTS_MAX]);

/** filter_is_public() - an address of the internet: not of this machine, of a private network,
 * of all or of many. */
bool filter_is_public(const struct sockaddr *address);

#endif
