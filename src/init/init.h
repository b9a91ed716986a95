#ifndef INIT_INIT_H
#define INIT_INIT_H

#include "init/config.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct init - devbox-init's whole state
 * @main:	pid of the command, 0: none
 * @signal_fd:	every signal arrives here
 * @guard:	pid of fuse-overlayfs: its end is the end of the box; 0: none
 */
struct init {
	struct init_config *config;
	pid_t main;
	int signal_fd;
	pid_t guard;
};

static inline const char *init_text(const struct init_config *config, uint32_t offset)
{
	return (const char *)config + offset;
}

/** init_send() - one message to devbox, with a descriptor unless @fd is -1. */
void init_send(int32_t type, int32_t a, int32_t b, int fd);

/**
 * init_spawn() - fork the command; with a terminal when asked for
 * Failures are told to devbox. Return: 0 or -1.
 */
int init_spawn(struct init *init);

/** init_shed_capabilities() - what init may do from now on: signal everybody in the box. */
void init_shed_capabilities(void);

/** init_loop() - reap, forward, report until it is over. Return: exit status. */
int init_loop(struct init *init);

#endif
