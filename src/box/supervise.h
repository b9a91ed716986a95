#ifndef BOX_SUPERVISE_H
#define BOX_SUPERVISE_H

#include "box/prepare.h"
#include "state/record.h"
#include "store/dirs.h"

/**
 * struct supervise_request - the project's boxes to hold
 * @prepared, @record: the box; the supervisor owns what is behind them from now on
 * @ready_fd:	gets one struct supervise_result when the box runs or cannot
 */
struct supervise_request {
	struct prepared *prepared;
	struct record *record;
	const struct project *project;
	const struct dirs *dirs;
	const struct spec *spec;
	const struct hub_member *member; /* NULL: not in a network of several boxes */
	int ready_fd;
};

struct supervise_result {
	int32_t is_up;
	int32_t overlay_refused;
	struct err err;
};

/**
 * supervise() - be the project's supervisor: start the box, hold its log, answer `stop`, write
 * its record; ends with the last box
 *
 * Called in a process of its own, already in a session of its own. No daemon: there is one for
 * each running project, and none else. Return: exit status.
 */
int supervise(const struct supervise_request *request);

#endif
