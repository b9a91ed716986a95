#include "fetch/realm.h"

#include "fetch/answer.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/* The same parser as the one that will fetch it, so that both see the same host. */
static void drop_url(CURLU **url)
{
	curl_url_cleanup(*url);
}
#define AUTO_URL __attribute__((cleanup(drop_url)))

static char *url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	char *copy;

	if (curl_url_get(url, part, &text, 0) != CURLUE_OK)
		return NULL;
	copy = xstrdup(text);
	curl_free(text);
	return copy;
}

static CURLU *parse_url(const char *text)
{
	CURLU *url = curl_url();

	if (url &&
	    curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

/* "[::1]:5000" → "::1", "Host:5000" → "host". free() it. */
static char *bare_host(const char *host)
{
	const char *end = NULL;
	char *bare;

	if (*host == '[') {
		host++;
		end = strchr(host, ']');
	} else {
		end = strrchr(host, ':');
	}
	bare = end ? xstrndup(host, (size_t)(end - host)) : xstrdup(host);
	for (char *c = bare; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return bare;
}

enum network { NET_NAME, NET_PUBLIC, NET_PRIVATE, NET_LINK, NET_LOOPBACK };

static enum network network_of_v4(uint32_t ip)
{
	static const struct {
		uint32_t net;
		uint32_t mask;
		enum network network;
	} nets[] = {
		{0x7f000000, 0xff000000, NET_LOOPBACK}, {0x00000000, 0xff000000, NET_LOOPBACK},
		{0xa9fe0000, 0xffff0000, NET_LINK},     {0x0a000000, 0xff000000, NET_PRIVATE},
		{0xac100000, 0xfff00000, NET_PRIVATE},  {0xc0a80000, 0xffff0000, NET_PRIVATE},
		{0x64400000, 0xffc00000, NET_PRIVATE},  {0xe0000000, 0xe0000000, NET_LINK},
	};

	for (size_t i = 0; i < ARRAY_LEN(nets); i++)
		if ((ip & nets[i].mask) == nets[i].net)
			return nets[i].network;
	return NET_PUBLIC;
}

static enum network network_of_v6(const struct in6_addr *ip)
{
	const uint8_t *b = ip->s6_addr;
	uint32_t v4;

	memcpy(&v4, b + 12, sizeof(v4));
	if (IN6_IS_ADDR_LOOPBACK(ip) || IN6_IS_ADDR_UNSPECIFIED(ip))
		return NET_LOOPBACK;
	if (IN6_IS_ADDR_V4MAPPED(ip) || IN6_IS_ADDR_V4COMPAT(ip))
		return network_of_v4(ntohl(v4));
	/* NAT64 (RFC 6052): 64:ff9b::/96 ends in an address of version 4 as well. */
	if (memcmp(b, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12) == 0)
		return network_of_v4(ntohl(v4));
	if (IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MULTICAST(ip))
		return NET_LINK;
	if ((b[0] & 0xfe) == 0xfc || IN6_IS_ADDR_SITELOCAL(ip))
		return NET_PRIVATE;
	return NET_PUBLIC;
}

static enum network network_of(const char *host)
{
	AUTO_FREE char *bare = bare_host(host);
	struct in6_addr v6;
	struct in_addr v4;
	char *zone = strchr(bare, '%');
	size_t len;

	if (zone)
		*zone = '\0';
	len = strlen(bare);
	while (len && bare[len - 1] == '.')
		bare[--len] = '\0';
	if (strcmp(bare, "localhost") == 0 || str_ends(bare, ".localhost"))
		return NET_LOOPBACK;
	if (inet_pton(AF_INET6, bare, &v6) == 1)
		return network_of_v6(&v6);
	/* inet_aton() as the resolver: 2130706433, 0x7f.1 and 127.1 are addresses too. */
	if (inet_aton(bare, &v4))
		return network_of_v4(ntohl(v4.s_addr));
	return NET_NAME;
}

bool host_is_loopback(const char *host)
{
	AUTO_FREE char *bare = bare_host(host);
	struct in6_addr v6;
	struct in_addr v4;

	if (strcmp(bare, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, bare, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

char *realm_host(const char *realm)
{
	AUTO_URL CURLU *url = parse_url(realm);
	AUTO_FREE char *host = url ? url_part(url, CURLUPART_HOST) : NULL;
	AUTO_FREE char *port = url ? url_part(url, CURLUPART_PORT) : NULL;

	if (!host || !port)
		return STEAL(host);
	return xasprintf("%s:%s", host, port);
}

static int refuse(const char *realm, const char *host, const char *why, struct err *err)
{
	AUTO_FREE char *shown = foreign_text(realm, strlen(realm), 200);

	(void)err_set(err, "registry '%s' sends to '%s' for a token, %s", host, shown, why);
	return err_hint(err, "this is a mistake of the registry or of somebody in between");
}

static int check_network(const char *realm, const char *realm_name, const char *host,
			 struct err *err)
{
	AUTO_FREE char *there = bare_host(realm_name);
	AUTO_FREE char *here = bare_host(host);
	enum network network = network_of(realm_name);

	if (network == NET_NAME || network == NET_PUBLIC || strcmp(there, here) == 0)
		return 0;
	if (network != NET_LINK && network == network_of(host))
		return 0;
	return refuse(realm, host, "an address of a private network", err);
}

/* Of other letters and digits libcurl makes ASCII, and what was a name is an address. */
static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

int realm_check(const char *realm, const char *host, bool is_plain, struct err *err)
{
	AUTO_URL CURLU *url = parse_url(realm);
	AUTO_FREE char *scheme = url ? url_part(url, CURLUPART_SCHEME) : NULL;
	AUTO_FREE char *name = url ? url_part(url, CURLUPART_HOST) : NULL;
	AUTO_FREE char *user = url ? url_part(url, CURLUPART_USER) : NULL;
	AUTO_FREE char *fragment = url ? url_part(url, CURLUPART_FRAGMENT) : NULL;

	if (!scheme)
		return refuse(realm, host, "which is no address of a server", err);
	if (strcasecmp(scheme, "https") != 0 && (!is_plain || strcasecmp(scheme, "http") != 0))
		return refuse(realm, host, "which is not https", err);
	if (!name || !*name || fragment || !is_ascii(realm) || !is_ascii(name))
		return refuse(realm, host, "which is no address of a server", err);
	if (user)
		return refuse(realm, host, "an address with a user in it", err);
	return check_network(realm, name, host, err);
}

/* Where the domain somebody can register begins in @host: two labels from the end, three below
 * co.uk and the like. */
static const char *domain_of(const char *host)
{
	static const char *const seconds[] = {"ac", "co", "com", "edu", "gov", "net", "org"};
	const char *last = strrchr(host, '.');
	const char *at = last;
	bool is_shared = false;

	if (!last || last == host)
		return host;
	while (at > host && at[-1] != '.')
		at--;
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
		if (strlen(last + 1) == 2 && (size_t)(last - at) == strlen(seconds[i]) &&
		    strncmp(at, seconds[i], strlen(seconds[i])) == 0)
			is_shared = true;
	if (!is_shared || at == host)
		return at;
	for (at--; at > host && at[-1] != '.'; at--)
		;
	return at;
}

bool realm_is_related(const char *realm, const char *host)
{
	AUTO_FREE char *name = realm_host(realm);
	AUTO_FREE char *there = name ? bare_host(name) : NULL;
	AUTO_FREE char *here = bare_host(host);

	if (!there)
		return false;
	if (strcmp(there, here) == 0)
		return true;
	if (network_of(there) != NET_NAME || network_of(here) != NET_NAME)
		return network_of(there) == NET_LOOPBACK && network_of(here) == NET_LOOPBACK;
	return strcmp(domain_of(there), domain_of(here)) == 0;
}
