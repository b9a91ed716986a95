#ifndef SEC_ALLOW_H
#define SEC_ALLOW_H

#include "util/err.h"

#include <stddef.h>

/**
 * sec_allow_only() - from now on this thread, and those it makes, may make these system calls
 * and no others
 * @numbers:	SYS_* of this architecture; those that are used most first
 *
 * Others fail with EPERM, and clone3(2) with ENOSYS, so that the C library takes clone(2),
 * whose flags a filter can see: where it is allowed, it makes threads and nothing else, and no
 * namespaces. A call by the numbers of another architecture kills the process. no_new_privs is
 * set.
 */
int sec_allow_only(const int *numbers, size_t count, struct err *err);

#endif
