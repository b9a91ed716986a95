#include "net/net.h"

#include "util/cleanup.h"
#include "util/log.h"

#include <arpa/inet.h>
#include <string.h>

/* What of the host's resolv.conf(5) is worth keeping. */
struct resolver {
	struct strv servers;
	struct strv search;
	struct strv options;
};

static void resolver_done(struct resolver *r)
{
	strv_done(&r->servers);
	strv_done(&r->search);
	strv_done(&r->options);
}

static bool is_address(const char *s)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(s, "%"); /* fe80::1%eth0 */

	if (len >= sizeof(text) || !str_is_printable(s))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &address) == 1 ||
	       inet_pton(AF_INET6, text, &address) == 1;
}

static void add_words(struct strv *v, char *text)
{
	char *word;

	while ((word = strsep(&text, " \t")) != NULL)
		if (*word && str_is_printable(word))
			strv_add(v, word);
}

static void read_line(struct resolver *r, char *line)
{
	char *rest = str_trim(line);
	const char *key = strsep(&rest, " \t");

	if (!rest)
		return;
	if (str_eq(key, "nameserver")) {
		rest = str_trim(rest);
		rest[strcspn(rest, " \t")] = '\0';
		if (is_address(rest))
			strv_add(&r->servers, rest);
	} else if (str_eq(key, "search") || str_eq(key, "domain")) {
		/* The last of them is the one that counts. */
		strv_done(&r->search);
		r->search = (struct strv){0};
		add_words(&r->search, rest);
	} else if (str_eq(key, "options")) {
		add_words(&r->options, rest);
	}
}

static void put_list(struct buf *text, const char *key, const struct strv *words)
{
	if (words->count == 0)
		return;
	buf_puts(text, key);
	for (size_t i = 0; i < words->count; i++)
		buf_printf(text, " %s", words->items[i]);
	buf_putc(text, '\n');
}

char *net_resolv_conf(const char *host_text, const struct strv *dns, const struct strv *search,
		      const char *resolver)
{
	__attribute__((cleanup(resolver_done))) struct resolver host = {0};
	AUTO_STRV struct strv own = {0};
	AUTO_FREE char *copy = xstrdup(host_text);
	AUTO_BUF struct buf text = {0};
	const struct strv *servers = dns;
	char *line, *cursor = copy;

	while ((line = strsep(&cursor, "\n")) != NULL)
		read_line(&host, line);
	/* Servers of the host may be out of reach from a network of its own: 127.0.0.53. */
	if (resolver)
		strv_add(&own, resolver);
	if (dns->count == 0)
		servers = resolver ? &own : &host.servers;
	for (size_t i = 0; i < servers->count; i++)
		buf_printf(&text, "nameserver %s\n", servers->items[i]);
	put_list(&text, "search", search->count > 0 ? search : &host.search);
	put_list(&text, "options", &host.options);
	return buf_take(&text);
}

char *net_hosts(const char *hostname, const char *address, const char *gateway,
		const struct strv *extra)
{
	AUTO_BUF struct buf text = {0};

	buf_puts(&text, "127.0.0.1\tlocalhost\n"
			"::1\tlocalhost ip6-localhost ip6-loopback\n");
	buf_printf(&text, "%s\t%s\n", address ? address : "127.0.1.1", hostname);
	if (gateway)
		buf_printf(&text, "%s\t" NET_HOST_NAME "\n", gateway);
	for (size_t i = 0; i < extra->count; i++) {
		const char *entry = extra->items[i];
		size_t len = strcspn(entry, " ");

		if (!str_is_printable(entry) || entry[len] == '\0') {
			log_debug("extra host %zu makes no line of /etc/hosts", i + 1);
			continue;
		}
		buf_printf(&text, "%.*s\t%s\n", (int)len, entry,
			   entry + len + strspn(entry + len, " "));
	}
	return buf_take(&text);
}
