#ifndef FETCH_TRANSFER_H
#define FETCH_TRANSFER_H

#include <stddef.h>

/* Blobs into pipes: what the loop does with them. */

struct fetch;
/** transfers_blocked() - the pipes that were full go into @out_fds (NULL: none). Return: how
 * many. */
size_t transfers_blocked(const struct fetch *fetch, int *out_fds);
/** transfers_flush() - write what waits for room in a pipe, and let its transfer get on. */
void transfers_flush(struct fetch *fetch);
/** transfers_drop() - those that nobody ended: the fetch is closed. */
void transfers_drop(struct fetch *fetch);

#endif
