#include "puller/sandbox_root.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's, which glibc of our oldest system does not have. */
#define TREE_CLONE 1U         /* OPEN_TREE_CLONE */
#define SET_STRING 1U         /* FSCONFIG_SET_STRING */
#define CREATE 6U             /* FSCONFIG_CMD_CREATE */
#define FROM_DESCRIPTOR 0x04U /* MOVE_MOUNT_F_EMPTY_PATH */
#define READ_ONLY 0x01U       /* MOUNT_ATTR_* */
#define NO_SUID 0x02U
#define NO_DEV 0x04U
#define NO_EXEC 0x08U

static int set_attributes(int fd, uint64_t attributes)
{
	struct {
		uint64_t set, clear, propagation, userns_fd;
	} change = {.set = attributes};

	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &change, sizeof(change));
}

/* A mount of the folder that lies nowhere. */
static int clone_folder(const char *path, int dir_fd, bool is_read_only, struct err *err)
{
	AUTO_CLOSE int tree = -1;
	struct stat st, want;
	int fd;

	tree = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			    TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return err_sys(err, "open the folder '%s' for unpacking", path);
	if (fstat(tree, &st) < 0 || fstat(dir_fd, &want) < 0)
		return err_sys(err, "look at '%s'", path);
	if (st.st_dev != want.st_dev || st.st_ino != want.st_ino)
		return err_set(err, "the folder '%s' was replaced", path);
	if (set_attributes(tree, NO_SUID | NO_DEV | NO_EXEC | (is_read_only ? READ_ONLY : 0)) <
	    0)
		return err_sys(err, "restrict the mount of '%s'", path);
	fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	return fd;
}

static int make_empty(struct err *err)
{
	AUTO_CLOSE int fs = (int)syscall(SYS_fsopen, "tmpfs", 1U /* FSOPEN_CLOEXEC */);
	int fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, SET_STRING, "mode", "0555", 0) < 0 ||
	    syscall(SYS_fsconfig, fs, CREATE, NULL, NULL, 0) < 0)
		return err_sys(err, "make an empty root for unpacking");
	fd = (int)syscall(SYS_fsmount, fs, 1U /* FSMOUNT_CLOEXEC */,
			  READ_ONLY | NO_SUID | NO_DEV | NO_EXEC);
	if (fd < 0)
		return err_sys(err, "make an empty root for unpacking");
	return fd;
}

/*
 * The folder is not the root, and has no name below it: the C library looks for its modules by
 * absolute path, and must find nothing, not what a stranger packed.
 */
static int enter_empty(struct err *err)
{
	AUTO_CLOSE int root = make_empty(err);

	if (root < 0)
		return -1;
	/* On top of the old root, so that no folder of the host needs to be there. */
	if (syscall(SYS_move_mount, root, "", AT_FDCWD, "/", FROM_DESCRIPTOR) < 0 ||
	    fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(err, "change to an empty root for unpacking");
	return 0;
}

int sandbox_root(const char *path, int dir_fd, bool is_read_only, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, "detach from the mounts of the host");
	fd = clone_folder(path, dir_fd, is_read_only, err);
	if (fd < 0 || enter_empty(err) < 0)
		return -1;
	return steal_fd(&fd);
}
