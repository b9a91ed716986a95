#include "cgroup/bus_address.h"

#include "cgroup/bus.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <string.h>
#include <unistd.h>

static void add(struct bus_addresses *list, struct bus_address address)
{
	bool exists = address.is_abstract || access(address.path, F_OK) == 0;

	if (!exists || list->count == BUS_ADDRESSES_MAX) {
		free(address.path);
		return;
	}
	list->items[list->count++] = address;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "%2f" and its like, as addresses escape. Return: false on a bad escape or a NUL. In place. */
static bool unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++, to++) {
		int high, low;

		*to = *from;
		if (*from != '%')
			continue;
		high = hex_digit(from[1]);
		low = high < 0 ? -1 : hex_digit(from[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*to = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return true;
}

static void parse_one(char *entry, struct bus_addresses *list)
{
	char *rest = entry + strlen("unix:");
	const char *pair;

	if (!str_starts(entry, "unix:"))
		return;

	while ((pair = strsep(&rest, ",")) != NULL) {
		bool is_abstract = str_starts(pair, "abstract=");
		char *path;

		if (!is_abstract && !str_starts(pair, "path="))
			continue;
		path = xstrdup(strchr(pair, '=') + 1);
		if (unescape(path) && *path)
			add(list,
			    (struct bus_address){.path = path, .is_abstract = is_abstract});
		else
			free(path);
		return;
	}
}

void bus_addresses_parse(const char *text, struct bus_addresses *list)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy;
	char *entry;

	while ((entry = strsep(&rest, ";")) != NULL)
		parse_one(entry, list);
}

void bus_addresses_find(const char *runtime_dir, struct bus_addresses *out_list)
{
	const char *session = getenv("DBUS_SESSION_BUS_ADDRESS");
	struct bus_addresses list = {0};

	if (runtime_dir)
		add(&list,
		    (struct bus_address){.path = xasprintf("%s/systemd/private", runtime_dir),
					 .is_peer = true});
	if (session)
		bus_addresses_parse(session, &list);
	if (runtime_dir)
		add(&list, (struct bus_address){.path = xasprintf("%s/bus", runtime_dir)});
	if (list.count == 0 && geteuid() == 0)
		add(&list, (struct bus_address){.path = xstrdup("/run/systemd/private"),
						.is_peer = true,
						.is_system = true});
	*out_list = list;
}

void bus_addresses_done(struct bus_addresses *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	list->count = 0;
}

char *bus_find_socket(const char *runtime_dir, bool *out_is_system)
{
	AUTO_ADDRESSES struct bus_addresses list = {0};

	bus_addresses_find(runtime_dir, &list);
	if (list.count == 0)
		return NULL;
	*out_is_system = list.items[0].is_system;
	return STEAL(list.items[0].path);
}
