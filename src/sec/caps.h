#ifndef SEC_CAPS_H
#define SEC_CAPS_H

#include "util/err.h"
#include "util/str.h"

#include <stdint.h>

/* Capability sets as bit masks, bit N = capability N of capabilities(7). */

/** caps_default() - what root of a box may keep: enough for package managers and servers in its
 * own user namespace, no more. */
uint64_t caps_default(void);
/** caps_all() - every capability this kernel knows (/proc/sys/kernel/cap_last_cap; 40 when
 * unreadable). */
uint64_t caps_all(void);
/** caps_from_name() - bit of "NET_ADMIN", "CAP_NET_ADMIN" (any case) or "ALL". Return: 0 or -1
 * with the nearest name as hint. */
int caps_from_name(const char *name, uint64_t *out_mask, struct err *err);
/** caps_name() - "NET_ADMIN" for 12; NULL when unknown. */
const char *caps_name(int number);

#endif
