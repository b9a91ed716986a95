#include "net/filter_rules.h"

#include "util/cleanup.h"

#include <string.h>

#define LABEL_MAX 63

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

int filter_name(const char *text, size_t len, char out[FILTER_NAME_MAX])
{
	char name[FILTER_NAME_MAX];
	size_t label = 0;
	char first = '\0'; /* of the label */

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len >= FILTER_NAME_MAX)
		return -1;
	for (size_t i = 0; i < len; i++) {
		char c = name[i] = lower(text[i]);

		if (c == '.' ? label == 0 : ++label > LABEL_MAX)
			return -1;
		if (c == '.')
			label = 0;
		else if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return -1;
		if (label == 1)
			first = c;
	}
	/* 10.0.0.1, 0x7f.1 and 2130706433 are addresses to some functions of the C library. */
	if (label == 0 || !is_letter(first))
		return -1;
	memcpy(out, name, len);
	out[len] = '\0';
	return 0;
}

int filter_port(const char *text, size_t len, uint16_t *out_port)
{
	char digits[6];
	uint64_t number;

	if (len == 0 || len >= sizeof(digits))
		return -1;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (str_to_u64(digits, &number) < 0 || number < 1 || number > UINT16_MAX)
		return -1;
	*out_port = (uint16_t)number;
	return 0;
}

static int parse_rule(const char *text, struct filter_rule *out)
{
	const char *colon = strchr(text, ':');

	out->is_below = str_starts(text, "*.");
	if (out->is_below)
		text += 2;
	if (filter_name(text, colon ? (size_t)(colon - text) : strlen(text), out->name) < 0)
		return -1;
	return colon ? filter_port(colon + 1, strlen(colon + 1), &out->port) : 0;
}

int filter_rules_parse(const struct strv *allow, struct filter_rules *out_rules)
{
	struct filter_rules rules = {.count = allow->count};

	if (allow->count > FILTER_RULES_MAX)
		return -1;
	rules.items = xmalloc((allow->count + 1) * sizeof(*rules.items));
	for (size_t i = 0; i < allow->count; i++) {
		if (parse_rule(allow->items[i], &rules.items[i]) < 0) {
			filter_rules_done(&rules);
			return -1;
		}
	}
	*out_rules = rules;
	return 0;
}

void filter_rules_done(struct filter_rules *rules)
{
	free(rules->items);
	*rules = (struct filter_rules){0};
}

static bool is_about(const struct filter_rule *rule, const char *name)
{
	size_t len = strlen(name);
	size_t tail = strlen(rule->name);

	if (!rule->is_below)
		return strcmp(rule->name, name) == 0;
	return len > tail + 1 && name[len - tail - 1] == '.' &&
	       strcmp(name + len - tail, rule->name) == 0;
}

static void add_port(uint16_t ports[FILTER_PORTS_MAX], size_t *count, uint16_t port)
{
	for (size_t i = 0; i < *count; i++)
		if (ports[i] == port)
			return;
	if (*count < FILTER_PORTS_MAX)
		ports[(*count)++] = port;
}

size_t filter_ports(const struct filter_rules *rules, const char *name,
		    uint16_t out[FILTER_PORTS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct filter_rule *rule = &rules->items[i];

		if (!is_about(rule, name))
			continue;
		add_port(out, &count, rule->port ? rule->port : 443);
		if (!rule->port)
			add_port(out, &count, 80);
	}
	return count;
}

bool filter_allows(const struct filter_rules *rules, const char *name, uint16_t port)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct filter_rule *rule = &rules->items[i];

		if (is_about(rule, name) &&
		    (rule->port ? rule->port == port : port == 80 || port == 443))
			return true;
	}
	return false;
}

static bool is_public_v4(uint32_t address)
{
	static const struct {
		uint32_t net;
		int bits;
	} others[] = {
		{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
		{0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
		{0xc6120000, 15}, {0xe0000000, 3},
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if ((address ^ others[i].net) >> (32 - others[i].bits) == 0)
			return false;
	return true;
}

static uint32_t word_at(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return ntohl(word);
}

/* Global unicast is 2000::/3; some of it holds IPv4 addresses. */
static bool is_public_v6(const struct in6_addr *address)
{
	const uint8_t *b = address->s6_addr;

	if (IN6_IS_ADDR_V4MAPPED(address))
		return is_public_v4(word_at(b + 12));
	if (b[0] == 0 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b) /* 64:ff9b::/96 */
		return word_at(b + 4) == 0 && word_at(b + 8) == 0 &&
		       is_public_v4(word_at(b + 12));
	if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
		return is_public_v4(word_at(b + 2));
	return (b[0] & 0xe0) == 0x20 && word_at(b) != 0x20010000; /* Teredo */
}

bool filter_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return is_public_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof(v6));
	return is_public_v6(&v6.sin6_addr);
}
