#ifndef CGROUP_FILES_H
#define CGROUP_FILES_H

#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Private to this room: the interface files of cgroup v2 and the words in them. */

/* memory.stat has some two thousand bytes, io.stat a line a device, cgroup.procs eight bytes a
 * process. */
#define CGROUP_FILE_MAX (8U << 20)

/** cgroup_file_read() - the whole of one interface file; free() it. Return: NULL with errno. */
char *cgroup_file_read(int dir_fd, const char *name);

/** cgroup_file_write() - one value with one write(2); never creates a file. Return: 0 or -1
 * with errno. */
int cgroup_file_write(int dir_fd, const char *name, const char *value);

/** cgroup_file_writable() - may this process write @name, by its effective ids? */
bool cgroup_file_writable(const char *dir, const char *name);

/** cgroup_flat_u64() - the number behind @key in "KEY NUMBER\n" lines. Return: false leaves
 * *out alone. */
bool cgroup_flat_u64(const char *text, const char *key, uint64_t *out);

/** cgroup_controllers_parse() - bits of enum cgroup_controller for the words in @text; others
 * are left out. */
uint32_t cgroup_controllers_parse(const char *text);

/** cgroup_controllers_read() - cgroup.controllers of the folder @dir, 0 when it cannot be read.
 */
uint32_t cgroup_controllers_read(const char *dir);

/** cgroup_controller_name() - "cpu" for CGROUP_CPU; one bit only. */
const char *cgroup_controller_name(uint32_t controller);

/** cgroup_now_ms() - the monotonic clock. */
int64_t cgroup_now_ms(void);

/** cgroup_sleep_ms() - sleep; signals cut it short. */
void cgroup_sleep_ms(int ms);

/** cgroup_is_populated() - "populated" of cgroup.events; false when the group is gone or has no
 * such file. */
bool cgroup_is_populated(int group_fd);

/** cgroup_remove_at() - cgroup_remove() for a folder below @dir_fd. Return: 0 or -1 with errno.
 */
int cgroup_remove_at(int dir_fd, const char *path, int timeout_ms);

#endif
