#ifndef SEC_COMPILE_H
#define SEC_COMPILE_H

#include "sec/filter.h"
#include "sec/ruleset.h"
#include "util/err.h"

#include <stdbool.h>

/**
 * compile_ruleset() - a seccomp program that answers as ruleset_judge() does
 * @explain:	errno and killing answers become SECCOMP_RET_USER_NOTIF
 * @out_filter:	program, len and has_notify are set
 *
 * One balanced tree of comparisons per architecture over ranges of numbers with the same
 * answer: some eight comparisons a call, and the kernel's cache of constant answers understands
 * all of it. Conditions follow in the order of the file. Return: 0, or -1 when it exceeds the
 * kernel's 4096 instructions.
 */
int compile_ruleset(const struct ruleset *rs, bool explain, struct filter *out_filter,
		    struct err *err);

#endif
