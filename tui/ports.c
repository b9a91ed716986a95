#include "tui/parts.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Ports of the host that lead into a box, and opening one. */

/* Where a browser of this machine finds it; NULL: nothing it could open. free() it. */
static char *address_of(const struct port_entry *port)
{
	const char *address = port->address;
	const bool is_tls = port->box_port == 443 || port->box_port == 8443;

	if (port->kind == PORT_BLOCKED || !str_eq(port->protocol, "tcp"))
		return NULL;
	/* Every address is no place to go to. */
	if (str_eq(address, "0.0.0.0"))
		address = "127.0.0.1";
	else if (str_eq(address, "::"))
		address = "::1";
	return xasprintf(strchr(address, ':') ? "%s://[%s]:%u" : "%s://%s:%u",
			 is_tls ? "https" : "http", address, port->host_port);
}

static void open_address(struct app *app, const char *address)
{
	struct request *request = add_request(app, REQUEST_OPEN, selected_box(app));

	request->text = xstrdup(address);
}

void ports_menu(struct app *app)
{
	const struct box *box = selected_box(app);
	AUTO_FREE char *title = xasprintf("open a port of %s", box->name);
	AUTO_STRV struct strv lines = {0};

	for (size_t i = 0; i < box->ports.count; i++) {
		const struct port_entry *port = &box->ports.items[i];
		AUTO_FREE char *address = address_of(port);

		if (address)
			strv_addf(&lines, "%-30s port %u of the box", address, port->box_port);
	}
	if (lines.count == 0) {
		app_complain(app, "no tcp port of the host leads into %s", box->name);
	} else if (lines.count == 1) {
		ports_answered(app, lines.items[0]);
	} else {
		dialog_menu(app, ACTION_PORT, title);
		strv_add_all(&app->dialog.lines, &lines);
	}
}

void ports_answered(struct app *app, const char *line)
{
	AUTO_FREE char *address = xstrndup(line, strcspn(line, " "));

	open_address(app, address);
}

char *ports_words(const struct box *box)
{
	struct buf out = {0};

	for (size_t i = 0; i < box->ports.count; i++) {
		const struct port_entry *port = &box->ports.items[i];
		const bool is_v6 = strchr(port->address, ':') != NULL;

		if (port->kind == PORT_BLOCKED)
			buf_printf(&out, "  %u/%s not forwarded", port->box_port,
				   port->protocol);
		else
			buf_printf(&out, "  %s%s%s:%u -> %u/%s", is_v6 ? "[" : "",
				   port->address, is_v6 ? "]" : "", port->host_port,
				   port->box_port, port->protocol);
	}
	return buf_take(&out);
}
