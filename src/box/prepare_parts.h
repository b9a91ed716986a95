#ifndef BOX_PREPARE_PARTS_H
#define BOX_PREPARE_PARTS_H

#include "box/prepare.h"

/* The parts of box_prepare(), private to prepare*.c; each fills in its fields of @p. */

/** prepare_confine() - ids, capabilities and the seccomp program. @err: names the profile's
 * line. */
int prepare_confine(const struct prepare_request *request, struct prepared *p, struct err *err);

/** prepare_limits_here() - prepare_limits() when @p->place has been found */
int prepare_limits_here(const struct spec *spec, bool allow_degraded, struct prepared *p,
			struct err *err);

/** prepare_text() - what `devbox up` compares: the plan and everything else that makes a box a
 * different one, one thing a line */
void prepare_text(const struct prepare_request *request, const struct prepared *p,
		  struct buf *out);

/** prepare_network() - lay out the network of network_mode project, or what is let through of
 * filtered. @err: names the profile's
 * line. */
int prepare_network(const struct prepare_request *request, struct prepared *p, struct err *err);

/** prepare_proxies() - the variables that lead programs to the proxy of network_mode filtered.
 */
void prepare_proxies(struct strv *env);

/** prepare_print_ports() - its lines "port …" and "forward …", which are live */
void prepare_print_ports(const struct prepare_request *request, struct buf *out);

#endif
