#ifndef PULLER_MESSAGE_H
#define PULLER_MESSAGE_H

#include "util/err.h"

#include <stdint.h>

/*
 * How devbox and devbox-image talk. devbox starts it with
 *
 *   devbox-image VERB [OPTION...] OPERAND...
 *
 * with PULLER_STATUS_FD, one end of a SOCK_SEQPACKET pair it writes struct puller_message into,
 * and PULLER_USERNS_FD, a user namespace with the map of the boxes (-1 in the option --userns:
 * none, for root). It prints nothing. It ends when the other end closes. The last message is
 * PULLER_DONE or PULLER_FAILED.
 */
#define PULLER_STATUS_FD 3
#define PULLER_USERNS_FD 4

enum puller_kind {
	PULLER_BEGIN,  /* an image: @count layers, @total bytes to fetch, @text its name */
	PULLER_LAYER,  /* layer @index: @state, @done of @total bytes; @text the short digest */
	PULLER_NOTE,   /* @text: what the user should know */
	PULLER_WARN,   /* @text: what could not be kept */
	PULLER_DONE,   /* @text: digest of the image; @count layers, @index of them were here,
			  @total bytes fetched */
	PULLER_FAILED, /* @err */
};

enum puller_layer {
	PULLER_WAITS,
	PULLER_HERE,
	PULLER_FETCHES,
	PULLER_UNPACKED,
	PULLER_ELSEWHERE
};

struct puller_message {
	uint32_t kind;
	uint32_t state;
	uint32_t index;
	uint32_t count;
	uint64_t done;
	uint64_t total;
	char text[512];
	struct err err;
};

#endif
