#include "util/cidr.h"

#include "util/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

int ipv4_parse(const char *text, uint32_t *out)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		return -1;
	*out = ntohl(address.s_addr);
	return 0;
}

const char *ipv4_text(uint32_t address, char out[IPV4_TEXT_MAX])
{
	(void)snprintf(out, IPV4_TEXT_MAX, "%u.%u.%u.%u", address >> 24, address >> 16 & 255U,
		       address >> 8 & 255U, address & 255U);
	return out;
}

int cidr_parse(const char *text, struct cidr *out)
{
	const char *slash = strchr(text, '/');
	char address[IPV4_TEXT_MAX];
	uint64_t bits;
	uint32_t base;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -1;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (ipv4_parse(address, &base) < 0 || str_to_u64(slash + 1, &bits) < 0 || bits > 32)
		return -1;
	*out = (struct cidr){base, (unsigned int)bits};
	return 0;
}

const char *cidr_text(const struct cidr *c, char out[CIDR_TEXT_MAX])
{
	char address[IPV4_TEXT_MAX];

	(void)snprintf(out, CIDR_TEXT_MAX, "%s/%u", ipv4_text(c->base, address), c->bits % 100);
	return out;
}

uint32_t cidr_mask(unsigned int bits)
{
	return bits == 0 ? 0 : UINT32_MAX << (32U - bits);
}

uint32_t cidr_first(const struct cidr *c)
{
	return c->base & cidr_mask(c->bits);
}

uint32_t cidr_last(const struct cidr *c)
{
	return c->base | ~cidr_mask(c->bits);
}

bool cidr_holds(const struct cidr *c, uint32_t address)
{
	return address >= cidr_first(c) && address <= cidr_last(c);
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	return cidr_first(a) <= cidr_last(b) && cidr_first(b) <= cidr_last(a);
}
