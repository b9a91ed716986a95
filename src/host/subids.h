#ifndef HOST_SUBIDS_H
#define HOST_SUBIDS_H

#include "host/host.h"

/* Private to the room: the lines of subuid(5) and subgid(5). */

#define SUBIDS_FILE_MAX (8U << 20)

struct subid_line {
	const char *owner;
	struct host_range range;
};

/**
 * subids_next() - the next well-formed line; others are skipped with a debug line
 * @cursor:	where to go on in a text that is cut to pieces; @out_line points into it
 *
 * Return: false at the end.
 */
bool subids_next(char **cursor, struct subid_line *out_line);

/** subids_is_owner() - true when @owner means @user, by name or by number. */
bool subids_is_owner(const char *owner, const struct host_user *user);

/** subids_add() - append @range without what the others hold already (the kernel takes each id
 * once). */
void subids_add(struct host_range *ranges, size_t *count, struct host_range range);

/** subids_from_name_service() - true when @etc/nsswitch.conf has another source for them than
 * files. */
bool subids_from_name_service(const char *etc);

/** subids_free_start() - where @count ids begin that neither @subuid nor @subgid nor @passwd
 * (file texts) name. */
uint32_t subids_free_start(const char *subuid, const char *subgid, const char *passwd,
			   uint32_t count);

#endif
