#ifndef PULLER_SANDBOX_H
#define PULLER_SANDBOX_H

#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What a worker becomes before it looks at a byte that a stranger made. */

/** Descriptors of a process in the sandbox; it has no others but 0, 1 and 2 (/dev/null). */
#define SANDBOX_STREAM_FD 3
#define SANDBOX_DIR_FD 4
#define SANDBOX_SOCKET_FD 5

/**
 * struct sandbox - borrowed
 * @userns_fd:	whose root to become; -1: stay in this one (for root)
 * @path:	of the folder it may see; @dir_fd: the same folder, to be sure
 * @is_read_only: the folder; otherwise it is made to belong to root
 * @stream_fd:	bytes to read, or to write
 * @socket:	to the coordinator
 */
struct sandbox {
	int userns_fd;
	const char *path;
	int dir_fd;
	bool is_read_only;
	int stream_fd;
	int socket;
};

/**
 * struct sandbox_ids - the map of the user namespace
 * @first_uid:	id of its root outside
 * @count:	ids 0..count-1 exist, of users and of groups
 */
struct sandbox_ids {
	uint32_t first_uid;
	uint32_t count;
};

/**
 * sandbox_enter() - go in, for good
 *
 * Afterwards: root of the namespace with what unpacking needs of its capabilities; an empty,
 * read-only root of its own that does not even name the folder, which is SANDBOX_DIR_FD, on a
 * mount without devices, setuid and exec; no network; three descriptors; small limits; a list
 * of system calls that has no execve, no socket, no fork and no ptrace. It dies with its
 * parent.
 */
int sandbox_enter(const struct sandbox *sandbox, struct sandbox_ids *out_ids, struct err *err);

/** sandbox_read_map() - first line and reach of the text of a uid_map or gid_map. Return: 0, or
 * -1 when nobody is 0 in it. */
int sandbox_read_map(const char *text, struct sandbox_ids *out_ids);

#endif
