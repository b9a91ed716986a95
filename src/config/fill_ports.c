#include "config/fill.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <string.h>

/* `ports` and `forward_ports` */

#define PORTS_MAX 1024 /* of one profile, ranges counted out */

struct number_range {
	uint16_t first, last;
};

static void port_done(struct spec_port *port)
{
	free(port->address);
}
#define AUTO_PORT __attribute__((cleanup(port_done)))

/* "80" or "80-89" */
static int parse_range(const char *text, struct number_range *out)
{
	AUTO_FREE char *first = xstrndup(text, strcspn(text, "-"));
	const char *last = text[strlen(first)] ? text + strlen(first) + 1 : first;
	uint64_t low, high;

	if (str_to_u64(first, &low) < 0 || str_to_u64(last, &high) < 0 || low < 1 ||
	    high < low || high > UINT16_MAX)
		return -1;
	*out = (struct number_range){(uint16_t)low, (uint16_t)high};
	return 0;
}

static int refuse(struct fill *f, const struct node *node, const char *text)
{
	(void)place_fail(f->err, &node->at,
			 "ports: '%.200s' is not [ADDRESS:][HOST:]PORT[/PROTOCOL]", text);
	return err_hint(f->err, "'8080:80' leads port 8080 of the host to port 80 of the box, "
				"'8000-8010:8000-8010' eleven of them, '[::1]:53:53/udp' says "
				"which address and protocol");
}

static int set_address(struct fill *f, const struct node *node, const char *text,
		       struct spec_port *port)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, bytes) != 1 && inet_pton(AF_INET6, text, bytes) != 1)
		return place_fail(f->err, &node->at,
				  "ports: '%.200s' is not an address of the host", text);
	free(port->address);
	port->address = xstrdup(text);
	return 0;
}

static int set_protocol(struct fill *f, const struct node *node, const char *text,
			struct spec_port *port)
{
	if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0)
		return place_fail(f->err, &node->at,
				  "ports: protocol '%.100s' is not one of 'tcp' and 'udp'",
				  text);
	port->is_udp = *text == 'u';
	return 0;
}

/* @host NULL: whichever number is free. */
static int set_numbers(struct fill *f, const struct node *node, const char *host,
		       const char *box, struct spec_port *port)
{
	struct number_range h = {0}, b;

	if (parse_range(box, &b) < 0 || (host && parse_range(host, &h) < 0))
		return refuse(f, node, node->text);
	if (host && h.last - h.first != b.last - b.first) {
		(void)place_fail(f->err, &node->at, "ports: %s and %s are not as many ports",
				 host, box);
		return err_hint(f->err, "ranges on both sides have the same length");
	}
	port->host_first = h.first;
	port->box_first = b.first;
	port->count = (uint16_t)(b.last - b.first + 1);
	return 0;
}

/* Takes what *port owns. */
static int add_port(struct fill *f, const struct node *item, struct spec_port *port)
{
	struct spec *spec = f->spec;
	size_t count = port->count;

	for (size_t i = 0; i < spec->port_count; i++)
		count += spec->ports[i].count;
	if (count > PORTS_MAX)
		return place_fail(f->err, &item->at, "ports: more than %d ports", PORTS_MAX);
	if (!port->address)
		port->address = xstrdup("127.0.0.1");
	port->at = value_origin(f, item);
	spec->ports = xrealloc(spec->ports, (spec->port_count + 1) * sizeof(*spec->ports));
	spec->ports[spec->port_count++] = *port;
	*port = (struct spec_port){0};
	return 0;
}

/* "ADDRESS:HOST", "[ADDRESS]:HOST" or "HOST"; "ADDRESS:" has no number. @text is changed. */
static int split_host(char *text, char **out_address, char **out_host)
{
	char *colon = strrchr(text, ':');
	size_t len;

	*out_address = NULL;
	*out_host = colon ? colon + 1 : text;
	if (!**out_host)
		*out_host = NULL;
	if (!colon)
		return *out_host ? 0 : -1;
	*colon = '\0';
	len = strlen(text);
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		*out_address = text + 1;
		return 0;
	}
	*out_address = text;
	return *text && !strchr(text, ':') ? 0 : -1;
}

static int add_short(struct fill *f, const struct node *item)
{
	AUTO_PORT struct spec_port port = {0};
	AUTO_FREE char *copy = xstrdup(item->text);
	char *protocol = strchr(copy, '/');
	char *box;
	char *address = NULL;
	char *host = NULL;

	if (protocol)
		*protocol++ = '\0';
	box = strrchr(copy, ':');
	if (box)
		*box++ = '\0';
	if (box && split_host(copy, &address, &host) < 0)
		return refuse(f, item, item->text);
	if (address && set_address(f, item, address, &port) < 0)
		return -1;
	if (protocol && set_protocol(f, item, protocol, &port) < 0)
		return -1;
	if (set_numbers(f, item, host, box ? box : copy, &port) < 0)
		return -1;
	return add_port(f, item, &port);
}

static int read_text(struct fill *f, const struct node *item, const char *key,
		     const char *accepted, const struct node **out_node, const char **out_text)
{
	AUTO_FREE char *what = xasprintf("ports.%s", key);

	*out_text = NULL;
	*out_node = node_get(item, key);
	return *out_node ? value_text(f, what, *out_node, accepted, out_text) : 0;
}

static int add_long(struct fill *f, const struct node *item)
{
	static const char number[] = "a port, or a range such as '8000-8010'";
	AUTO_PORT struct spec_port port = {0};
	const struct node *target, *published, *address, *protocol;
	const char *target_text, *published_text, *address_text, *protocol_text;
	struct number_range ignored;

	if (read_text(f, item, "target", number, &target, &target_text) < 0 ||
	    read_text(f, item, "published", number, &published, &published_text) < 0 ||
	    read_text(f, item, "host_ip", "an IP address", &address, &address_text) < 0 ||
	    read_text(f, item, "protocol", "'tcp' or 'udp'", &protocol, &protocol_text) < 0)
		return -1;
	if (!target) {
		(void)place_fail(f->err, &item->at, "ports: 'target' is missing");
		return err_hint(f->err, "it is the port in the box");
	}
	if (parse_range(target_text, &ignored) < 0)
		return value_refuse(f, "ports.target", target, number);
	if (published && parse_range(published_text, &ignored) < 0)
		return value_refuse(f, "ports.published", published, number);
	if (address && set_address(f, address, address_text, &port) < 0)
		return -1;
	if (protocol && set_protocol(f, protocol, protocol_text, &port) < 0)
		return -1;
	if (set_numbers(f, target, published_text, target_text, &port) < 0)
		return -1;
	return add_port(f, item, &port);
}

static int add_item(struct fill *f, const char *what, const struct node *item)
{
	const char *text;

	if (item->kind == NODE_MAP)
		return add_long(f, item);
	if (value_text(f, what, item, "'HOST:BOX' or a map", &text) < 0)
		return -1;
	return add_short(f, item);
}

int fill_ports(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, false, add_item);
}

static int add_forward(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "'auto', 'off', or a list of ports and ranges";
	struct spec *spec = f->spec;
	struct number_range range;
	const char *text;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	if (parse_range(text, &range) < 0)
		return value_refuse(f, what, item, accepted);
	spec->forwards =
		xrealloc(spec->forwards, (spec->forward_count + 1) * sizeof(*spec->forwards));
	spec->forwards[spec->forward_count++] = (struct spec_forward){range.first, range.last};
	return 0;
}

int fill_forward_ports(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] = "'auto', 'off', or a list of ports and ranges";
	static const char *const choices[] = {"auto", "off", NULL};
	size_t i;

	f->spec->forward_at = value_origin(f, value);
	if (value->kind == NODE_LIST) {
		f->spec->forward_mode = value->count ? FORWARD_LIST : FORWARD_OFF;
		return value_each(f, key, value, false, add_forward);
	}
	for (i = 0; value->kind == NODE_SCALAR && choices[i]; i++) {
		if (strcmp(value->text, choices[i]) != 0)
			continue;
		f->spec->forward_mode = i == 0 ? FORWARD_AUTO : FORWARD_OFF;
		return 0;
	}
	return value_refuse(f, key, value, accepted);
}
