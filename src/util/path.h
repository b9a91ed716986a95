#ifndef UTIL_PATH_H
#define UTIL_PATH_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The one way to open, make or mount on a path inside a root that somebody else filled. All of
 * these make system calls only (no heap, no stdio), so that they may run after clone; they
 * report through errno.
 *
 * Kernel interface: openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS; where it is
 * blocked or missing (ENOSYS, EPERM from a filter) a walk, component by component with O_PATH |
 * O_NOFOLLOW, that resolves symbolic links itself and never leaves @root_fd.
 */

/**
 * path_open_in_root() - open @path as if @root_fd were "/"
 * @path:	absolute or relative, both mean below the root; ".." stops at the root; symlinks
 * are followed inside the root
 * @flags:	as open(2); O_CLOEXEC is added. With O_NOFOLLOW the last component is not
 * followed.
 * @mode:	for O_CREAT
 *
 * Return: descriptor, or -1 with errno (ELOOP after 40 links).
 */
int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode);

/**
 * path_mkdir_in_root() - make the folder @path and all missing parents below the root
 * @mode:	of the last folder; parents get 0755; the umask applies to all
 *
 * Existing symlinks to folders inside the root are followed. Return: O_PATH descriptor of the
 * folder, or -1 with errno (ENOTDIR when something else is in the way).
 */
int path_mkdir_in_root(int root_fd, const char *path, mode_t mode);

/**
 * path_target_in_root() - an O_PATH descriptor to mount on, made when missing
 * @is_dir:	what to make: a folder, or an empty regular file; missing parents are made
 * (0755)
 *
 * An existing target is followed through symlinks inside the root (a dangling one's target is
 * made inside the root). Return: descriptor, or -1 with errno: ENOTDIR/EISDIR when the kind is
 * wrong; a FIFO, socket or device as target of a file is refused with EINVAL.
 */
int path_target_in_root(int root_fd, const char *path, bool is_dir);

/** path_force_walk() - tests only: behave as if openat2 were missing. */
void path_force_walk(bool on);

/* Plain text helpers (heap, parent side only). */

/** path_join() - @a "/" @b without doubled slashes; an absolute @b is appended below @a. free()
 * it. */
char *path_join(const char *a, const char *b);
/** path_normalize() - absolute, lexically clean copy of @path ("." and ".." and "//" folded),
 * relative ones below @base. free() it. */
char *path_normalize(const char *base, const char *path);
/** path_is_below() - true when normalized @path is @dir or lies below it. */
bool path_is_below(const char *path, const char *dir);
/** path_is_same() - two names of one file: the same text, or the same inode. */
bool path_is_same(const char *a, const char *b);
/** path_mkdirs() - mkdir -p on the host. Return: 0 or -1 with errno. */
int path_mkdirs(const char *path, mode_t mode);

#endif
