#ifndef TEST_SEC_LOAD_H
#define TEST_SEC_LOAD_H

#include "sec/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Load @filter into this process; with a listener its descriptor is returned. Ends the process
 * on failure. */
static inline int load_or_exit(const struct filter *filter)
{
	struct sock_fprog program = {.len = (unsigned short)filter->len,
				     .filter = filter->program};
	unsigned long flags = filter->has_notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(90);
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (fd < 0)
		_exit(91);
	return fd;
}

/* No function of the C library between the filter and the end: it may be a sanitizer's. */
static inline void exit_now(int code)
{
	(void)syscall(SYS_exit_group, code);
}

#endif
