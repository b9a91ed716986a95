#ifndef SEC_NOTIFY_H
#define SEC_NOTIFY_H

#include "util/err.h"
#include "util/str.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Explaining refusals. A filter made with `explain` carries, instead of SCMP_ACT_ERRNO and SCMP_ACT_KILL*, notifications
 * (seccomp_unotify(2)); the process that holds the listener answers each with what the profile says, and remembers it.
 */
struct notify; /* one listener with the table of answers and the calls refused so far */

/** notify_new() - take over @listener_fd; @profile_path and @bounding as in filter_request, to know the answers. */
int notify_new(int listener_fd, const char *profile_path, uint64_t bounding, struct notify **out_notify, struct err *err);
void notify_free(struct notify *n);
/** notify_fd() - poll it for POLLIN (POLLHUP: the last process is gone). */
int notify_fd(const struct notify *n);
/** notify_handle() - answer one pending notification; killing actions end the thread group with SIGSYS. Return: 0, -1 when the listener is finished. */
int notify_handle(struct notify *n);
/**
 * notify_words() - what was refused, for the user: "mkdir (EPERM, 3 times), keyctl (killed)". Return: malloc'd text, NULL when nothing was refused.
 */
char *notify_words(const struct notify *n);

#endif
