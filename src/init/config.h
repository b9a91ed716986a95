#ifndef INIT_CONFIG_H
#define INIT_CONFIG_H

#include "sec/confine.h"

#include <stdint.h>
#include <sys/ioctl.h>

/*
 * What devbox tells devbox-init: one struct followed by its texts, in a memfd. Both programs
 * are built together, so the layout is not a format anybody else reads.
 *
 * Descriptors of devbox-init when it starts: 0, 1, 2 are those of the main command; the two
 * below are its own.
 */
#define INIT_SOCKET_FD 3 /* SOCK_SEQPACKET to the process that started it */
#define INIT_CONFIG_FD 4

#define INIT_LISTENER_FD 20 /* where the seccomp listener of an explained profile appears */

#define INIT_MAGIC UINT32_C(0x64627831)

enum {
	INIT_TTY = 1U << 0,     /* give the command a new terminal */
	INIT_JOINED = 1U << 1,  /* not pid 1 of the box: an `exec` with a terminal */
	INIT_COMMAND = 1U << 2, /* there is a command; else stay until told to end */
	INIT_CONSOLE = 1U << 3, /* the terminal is also /dev/console */
	INIT_OWN_STDIO =
		1U << 4, /* pipes on 1 and 2 are ours: give them to the command's user */
};

/**
 * struct init_config - @offset fields count bytes from the start of the struct; texts are
 * NUL-terminated, lists one text after the other
 */
struct init_config {
	uint32_t magic;
	uint32_t size; /* of the whole, texts included */
	uint32_t flags;
	uint32_t argv_offset, argc;
	uint32_t env_offset, envc;
	uint32_t path_offset; /* the command's PATH, to search argv[0] in */
	uint32_t cwd_offset;
	uint32_t filter_offset; /* struct sock_filter[confine.filter_len], 0: none */
	struct winsize winsize;
	struct confine confine; /* .filter is meaningless here */
};

enum init_message_type {
	/* to the parent, while the plan is walked */
	INIT_STEP_FAILED = 1, /* a: step, b: errno */
	/* to the parent, from devbox-init */
	INIT_READY,   /* the box stands; waits for INIT_GO, and is not sent when that has come.
			 From here on its namespaces can be joined */
	INIT_STARTED, /* the command runs; a: its pid in the box; carries the terminal's master
			 with INIT_TTY */
	INIT_EXEC_FAILED, /* a: enum init_stage, b: errno */
	INIT_EXITED,      /* a: wait status of the command */
	INIT_STOPPED,     /* the command stopped itself (^Z); a: signal */
	INIT_GUARD_DIED,  /* a: wait status of fuse-overlayfs */
	/* to devbox-init */
	INIT_GO,       /* start the command */
	INIT_SIGNAL,   /* a: signal for the command */
	INIT_CONTINUE, /* the command goes on in the foreground */
	/* both ways */
	INIT_SOCKETS, /* to it: a: enum init_socket, b: how many are wanted; from it, one a
			 message: a: the same, b: errno, or 0 and it carries the socket */
};

/* Sockets of the box's network that devbox asks for: whoever makes a socket decides in which
 * network it is, whoever connects it does not. Of IPv6 where there is such a thing, else IPv4.
 */
enum init_socket { INIT_SOCKET_TCP, INIT_SOCKET_UDP, INIT_SOCKET_DIAG };
#define INIT_SOCKETS_MAX 64 /* in one message */

enum init_stage {
	INIT_STAGE_SETUP,
	INIT_STAGE_TTY,
	INIT_STAGE_CWD,
	INIT_STAGE_CONFINE,
	INIT_STAGE_EXEC
};

struct init_message {
	int32_t type;
	int32_t a;
	int32_t b;
};

#endif
