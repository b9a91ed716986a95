#ifndef PULLER_SIGNALS_H
#define PULLER_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* SIGINT, SIGTERM and SIGHUP while there is something to put away; before and after they end
 * the process, as they do by themselves. */

/** struct signals - @fd: readable when one came */
struct signals {
	int fd;
	sigset_t before;
};
void signals_hold(struct signals *signals);
bool signals_came(const struct signals *signals);
void signals_release(struct signals *signals);

#endif
