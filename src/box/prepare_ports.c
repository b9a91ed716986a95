#include "box/prepare_parts.h"

/* "8080", "8000-8010" */
static void print_range(struct buf *out, unsigned first, unsigned count)
{
	buf_printf(out, " %u", first);
	if (first > 0 && count > 1)
		buf_printf(out, "-%u", first + count - 1);
}

void prepare_print_ports(const struct prepare_request *request, struct buf *out)
{
	const struct spec *spec = request->spec;

	if (request->is_throw_away || !spec_has_ports(spec))
		return;
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];

		buf_printf(out, "port %s %s", port->is_udp ? "udp" : "tcp", port->address);
		print_range(out, port->host_first, port->count);
		print_range(out, port->box_first, port->count);
		buf_putc(out, '\n');
	}
	if (!request->loopback || spec->forward_mode == FORWARD_OFF)
		return;
	buf_printf(out, "forward %s", request->loopback);
	for (size_t i = 0; i < spec->forward_count; i++)
		buf_printf(out, " %u-%u", spec->forwards[i].first, spec->forwards[i].last);
	buf_putc(out, '\n');
}
