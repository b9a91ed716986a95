#include "state/ports.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_FILE_MAX ((size_t)1 << 20)

static const char *const kind_names[] = {
	[PORT_PUBLISHED] = "published",
	[PORT_FORWARDED] = "forwarded",
	[PORT_BLOCKED] = "blocked",
};

const char *port_kind_name(enum port_kind kind)
{
	return kind_names[kind];
}

void port_list_add(struct port_list *list, enum port_kind kind, const char *protocol,
		   const char *address, uint16_t host_port, uint16_t box_port)
{
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = (struct port_entry){
		.kind = kind,
		.protocol = xstrdup(protocol),
		.address = xstrdup(address),
		.host_port = host_port,
		.box_port = box_port,
	};
}

void port_list_done(struct port_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].protocol);
		free(list->items[i].address);
	}
	free(list->items);
	*list = (struct port_list){0};
}

static char *file_path(const char *runtime_dir, const char *box)
{
	return xasprintf("%s/%s.ports", runtime_dir, box);
}

int port_list_save(const char *runtime_dir, const char *box, const struct port_list *list,
		   struct err *err)
{
	AUTO_FREE char *path = file_path(runtime_dir, box);
	AUTO_BUF struct buf text = {0};

	buf_puts(&text, "");
	for (size_t i = 0; i < list->count; i++) {
		const struct port_entry *e = &list->items[i];

		buf_printf(&text, "%s %s %s %u %u\n", kind_names[e->kind], e->protocol,
			   e->address, e->host_port, e->box_port);
	}
	return fd_write_atomic(AT_FDCWD, path, text.data, text.len, 0600, err);
}

static int parse_port(const char *text, uint16_t *out)
{
	uint64_t number;

	if (!text || str_to_u64(text, &number) < 0 || number > UINT16_MAX)
		return -1;
	*out = (uint16_t)number;
	return 0;
}

/* @line is changed. */
static void parse_line(char *line, struct port_list *list)
{
	char *kind = strsep(&line, " ");
	char *protocol = strsep(&line, " ");
	char *address = strsep(&line, " ");
	uint16_t host, box;

	if (!address || !*address || !str_is_printable(address) ||
	    (!str_eq(protocol, "tcp") && !str_eq(protocol, "udp")) ||
	    parse_port(strsep(&line, " "), &host) < 0 ||
	    parse_port(strsep(&line, " "), &box) < 0 || line)
		return;
	for (size_t i = 0; i < ARRAY_LEN(kind_names); i++)
		if (str_eq(kind, kind_names[i]))
			port_list_add(list, (enum port_kind)i, protocol, address, host, box);
}

void port_list_parse(const char *text, struct port_list *out_list)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct port_list list = {0};
	char *rest = copy;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		parse_line(line, &list);
	*out_list = list;
}

int port_list_load(const char *runtime_dir, const char *box, struct port_list *out_list,
		   struct err *err)
{
	AUTO_FREE char *path = file_path(runtime_dir, box);
	AUTO_FREE char *text = NULL;

	if (fd_read_file(AT_FDCWD, path, PORTS_FILE_MAX, &text, err) < 0) {
		if (err->code != ENOENT)
			return err_wrap(err, "ports of the box");
		*out_list = (struct port_list){0};
		return 0;
	}
	port_list_parse(text, out_list);
	return 0;
}

void port_list_remove(const char *runtime_dir, const char *box)
{
	AUTO_FREE char *path = file_path(runtime_dir, box);

	(void)unlink(path);
}
