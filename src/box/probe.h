#ifndef BOX_PROBE_H
#define BOX_PROBE_H

#include "config/spec.h"
#include "state/record.h"
#include "util/err.h"

#include <sys/types.h>

/** struct probe - one that runs: our child, and what it and its command say */
struct probe {
	pid_t pid;
	int pid_fd;
	int output_fd;
};

/**
 * probe_start() - look once whether the box does its work; ends by itself after the timeout
 * Its exit status is 0 when it does, and what it writes says why it does not. Nothing of it is
 * left in the box: a command is killed with its process group.
 * @runtime_dir: $XDG_RUNTIME_DIR; may be NULL
 */
int probe_start(const struct spec_health *spec, const struct record *record,
		const char *runtime_dir, struct probe *out_probe, struct err *err);
/** probe_stop() - end it, reap it and close. Accepts one whose pid is 0. */
void probe_stop(struct probe *probe);

#endif
