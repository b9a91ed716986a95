#include "net/listeners.h"
#include "net/port.h"
#include "state/ports.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The lines of a plan, the file of a box's ports, and what the kernel says of listeners. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_FREE struct net_port *ports = NULL;
	struct net_listeners listeners = {0};
	struct port_list list;
	size_t count;
	bool is_over;

	if (net_ports_parse(text, &ports, &count) == 0 && count > NET_PORTS_MAX)
		abort();
	port_list_parse(text, &list);
	port_list_done(&list);
	(void)net_listeners_parse(data, size, &listeners, &is_over);
	for (size_t i = 1; i < listeners.count; i++)
		if (listeners.items[i - 1].port >= listeners.items[i].port)
			abort();
	net_listeners_done(&listeners);
	return 0;
}
