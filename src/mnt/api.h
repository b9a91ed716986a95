#ifndef MNT_API_H
#define MNT_API_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * The mount system calls that glibc of our oldest system declares, or not, under names of our
 * own: open_tree(2), move_mount(2), mount_setattr(2), fsopen(2), fsconfig(2), fsmount(2).
 * System calls only.
 */

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

static inline int mnt_open_tree(int dir_fd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dir_fd, path, flags);
}

/** mnt_move() - put the detached mount @fd on what @target_fd names. */
static inline int mnt_move(int fd, int target_fd)
{
	return (int)syscall(SYS_move_mount, fd, "", target_fd, "",
			    0x04U | 0x40U /* F_EMPTY_PATH | T_EMPTY_PATH */);
}

/** mnt_move_to() - put the detached mount @fd on @name, no link, in the folder @dir_fd. */
static inline int mnt_move_to(int fd, int dir_fd, const char *name)
{
	return (int)syscall(SYS_move_mount, fd, "", dir_fd, name, 0x04U /* F_EMPTY_PATH */);
}

/** mnt_set() - set @attr (MOUNT_ATTR_*) on the mount at @fd. */
static inline int mnt_set(int fd, uint64_t attr, int recursive)
{
	struct {
		uint64_t attr_set, attr_clr, propagation, userns_fd;
	} a = {.attr_set = attr};

	if (attr == 0)
		return 0;
	return (int)syscall(SYS_mount_setattr, fd, "",
			    AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &a, sizeof(a));
}

static inline int mnt_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, 1U /* FSOPEN_CLOEXEC */);
}

static inline int mnt_fs_option(int fs_fd, const char *key, const char *value)
{
	/* FSCONFIG_SET_STRING is 1, FSCONFIG_SET_FLAG is 0 */
	return (int)syscall(SYS_fsconfig, fs_fd, value ? 1U : 0U, key, value, 0);
}

static inline int mnt_fs_create(int fs_fd)
{
	return (int)syscall(SYS_fsconfig, fs_fd, 6U /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
}

static inline int mnt_fsmount(int fs_fd, uint64_t attr)
{
	return (int)syscall(SYS_fsmount, fs_fd, 1U /* FSMOUNT_CLOEXEC */, (unsigned int)attr);
}

#endif
