#ifndef UTIL_CIDR_H
#define UTIL_CIDR_H

#include <stdbool.h>
#include <stdint.h>

/* IPv4 addresses as numbers: 10.0.2.3 is 0x0a000203. */

#define IPV4_TEXT_MAX 16
/** ipv4_parse() - four decimal numbers and nothing else. Return: 0, or -1 with *out untouched.
 */
int ipv4_parse(const char *text, uint32_t *out);
const char *ipv4_text(uint32_t address, char out[IPV4_TEXT_MAX]);

/** struct cidr - a network: @base is its first address, @bits (0..32) are common to all */
struct cidr {
	uint32_t base;
	unsigned int bits;
};
#define CIDR_TEXT_MAX 20

/**
 * cidr_parse() - "10.77.0.0/24"
 * An address in the network does for its first, "10.77.0.9/24": compare with cidr_first().
 * Return: 0, or -1 with *out untouched.
 */
int cidr_parse(const char *text, struct cidr *out);
const char *cidr_text(const struct cidr *c, char out[CIDR_TEXT_MAX]);

/** cidr_mask() - 0xffffff00 for 24 bits. */
uint32_t cidr_mask(unsigned int bits);
uint32_t cidr_first(const struct cidr *c);
uint32_t cidr_last(const struct cidr *c);
bool cidr_holds(const struct cidr *c, uint32_t address);
/** cidr_overlaps() - there is an address in both. */
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

#endif
