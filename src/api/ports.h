#ifndef API_PORTS_H
#define API_PORTS_H

#include "api/api.h"
#include "state/record.h"

/* What `up` does about ports. Private to this room. */

/**
 * api_loopback() - the project's own address on loopback, "127.77.3.1"
 * Worked out from its folder; when another project has it, the next. It is kept in the
 * project's data folder, so that it stays.
 * @keep:	choose one for good; else only say which it would be
 */
int api_loopback(const struct devbox *devbox, const struct project *project, bool keep,
		 char **out_address, struct err *err);

/** api_apply_ports() - have the supervisor of a running box make its ports those of @plan.
 * @err: names the profile's line. */
int api_apply_ports(const struct project *project, const char *box, const struct spec *spec,
		    const char *plan, struct err *err);

/** api_say_ports() - tell the user where the ports of a box that is up are. @loopback: NULL:
 * nothing appears by itself. */
void api_say_ports(const struct project *project, const char *box, const char *loopback);

#endif
