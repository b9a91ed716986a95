#ifndef SEC_NOTIFY_H
#define SEC_NOTIFY_H

#include "util/err.h"
#include "util/str.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Explaining refusals. A filter made with `explain` carries, instead of SCMP_ACT_ERRNO and
 * SCMP_ACT_KILL*, notifications (seccomp_unotify(2)); the process that holds the listener
 * answers each with what the profile says, and remembers it.
 *
 * Not for protection: a program in the box may change a call's arguments in memory while it is
 * judged. It does not have to be: the answer depends on the registers only, and is always a
 * refusal. While a box is explained, a program in it cannot install a filter with a listener of
 * its own (EBUSY).
 */
struct notify; /* one listener with the table of answers and the calls refused so far */

/**
 * notify_new() - take over @listener_fd; @profile_path and @bounding as in filter_request, to
 * know the answers
 * @err:	the profile cannot be read any more; @listener_fd is closed in any case
 */
int notify_new(int listener_fd, const char *profile_path, uint64_t bounding,
	       struct notify **out_notify, struct err *err);
void notify_free(struct notify *n);

/** notify_fd() - poll it for POLLIN (POLLHUP: the last process is gone). */
int notify_fd(const struct notify *n);

/**
 * notify_handle() - answer one pending notification, if there is one; never waits
 * Killing actions end the thread group with SIGSYS, or with SIGKILL where SIGSYS would not
 * (blocked, ignored, handled, or pid 1 of the box). The caller's /proc must show the processes
 * of the box. Return: 0, -1 when the listener is finished.
 */
int notify_handle(struct notify *n);

/**
 * notify_words() - what was refused, for the user: "mkdir (EPERM, 3 times), keyctl (killed)",
 * in the order of first refusal. Return: malloc'd text, NULL when nothing was refused.
 */
char *notify_words(const struct notify *n);

#endif
