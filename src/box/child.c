#include "box/child.h"

#include "mnt/api.h"
#include "net/net.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * After clone, in the box's new namespaces, with every capability in them and still the
 * caller's user id, until STEP_BECOME_ROOT. System calls only: what else the child may use is
 * listed in tests/lint/child.allow.
 */

int child_join_paths(char *out, size_t size, const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len + 1 + b_len + 1 > size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(out, a, a_len);
	out[a_len] = '/';
	memcpy(out + a_len + 1, b, b_len + 1);
	return 0;
}

size_t child_format_fd(char *out, int fd)
{
	static const char prefix[] = "/proc/self/fd/";
	char digits[12];
	size_t n = 0;
	size_t at = sizeof(prefix) - 1;

	do {
		digits[n++] = (char)('0' + fd % 10);
		fd /= 10;
	} while (fd > 0);

	memcpy(out, prefix, at);
	while (n > 0)
		out[at++] = digits[--n];
	out[at] = '\0';
	return at;
}

int child_open_tree(struct child *child, const struct step *step)
{
	struct stat st;
	unsigned int flags = OPEN_TREE_CLONE | O_CLOEXEC;
	int fd;

	if (step->recursive)
		flags |= AT_RECURSIVE;
	fd = mnt_open_tree(AT_FDCWD, step->source, flags);
	if (fd < 0)
		return -1;

	if (fstat(fd, &st) < 0)
		return -1;
	if ((step->ino != 0 && (st.st_dev != step->dev || st.st_ino != step->ino)) ||
	    (step->rdev != 0 && st.st_rdev != step->rdev)) {
		errno = ESTALE;
		return -1;
	}
	if (mnt_set(fd, step->attr, step->recursive) < 0)
		return -1;
	child->slots[step->slot] = fd;
	return 0;
}

int child_open_dir(struct child *child, const struct step *step)
{
	int fd = open(step->source, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	child->slots[step->slot] = fd;
	return 0;
}

static int own_dir(struct child *child, const struct step *step)
{
	struct stat st;
	int fd = child->slots[step->slot];

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_uid == 0 && st.st_gid == 0)
		return 0;
	return fchownat(fd, "", 0, 0, AT_EMPTY_PATH);
}

static int become_root(const struct step *step)
{
	/* The raw calls: there is one thread, and glibc's would ask the others. */
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return -1;
	if (step->optional) /* setgroups is denied with a single id */
		return 0;
	return (int)syscall(SYS_setgroups, 0, NULL);
}

int child_sysctl(const struct step *step)
{
	int fd = open(step->target, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len = strlen(step->data);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, step->data, len);
	(void)close(fd);
	return n == (ssize_t)len ? 0 : -1;
}

static int do_identity(struct child *child, const struct step *step)
{
	switch ((int)step->kind) {
	case STEP_OWN_DIR:
		return own_dir(child, step);
	case STEP_BECOME_ROOT:
		return become_root(step);
	case STEP_HOSTNAME:
		return sethostname(step->data, strlen(step->data));
	case STEP_LO_UP:
		return net_lo_up();
	case STEP_SYSCTL:
		return child_sysctl(step);
	default:
		errno = ENOSYS;
		return -1;
	}
}

static int do_step(struct child *child, const struct step *step, size_t index)
{
	switch (step->kind) {
	case STEP_SLAVE:
		return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	case STEP_OPEN_TREE:
		return child_open_tree(child, step);
	case STEP_OPEN_DIR:
		return child_open_dir(child, step);
	case STEP_STAGE:
	case STEP_ROOT_STAGE:
	case STEP_ROOT_TREE:
	case STEP_ROOT_OVERLAY:
	case STEP_ROOT_OPEN:
	case STEP_ROOT_READ_ONLY:
		return child_root(child, step);
	case STEP_ROOT_FUSE:
		return child_root_fuse(child, step);
	case STEP_FS:
		return child_fs(child, step);
	case STEP_BIND:
		return child_bind(child, step);
	case STEP_SCRATCH:
		return child_scratch(child, step, index);
	case STEP_TEXT:
		return child_text(child, step, index);
	case STEP_DIR:
		return child_dir(child, step);
	case STEP_SYMLINK:
		return child_symlink(child, step);
	case STEP_ACCOUNT:
		return child_account(child, step);
	case STEP_MASK:
		return child_mask(child, step);
	case STEP_READ_ONLY:
		return child_read_only(child, step);
	case STEP_PIVOT:
		return child_pivot(child);
	case STEP_OWN_DIR:
	case STEP_BECOME_ROOT:
	case STEP_HOSTNAME:
	case STEP_LO_UP:
	case STEP_SYSCTL:
		return do_identity(child, step);
	}
	errno = ENOSYS;
	return -1;
}

static bool is_passable(int code)
{
	return code == EACCES || code == ENOENT || code == EPERM || code == ENODEV ||
	       code == EINVAL || code == EROFS;
}

int child_walk(struct child *child)
{
	size_t i;

	for (i = 0; i < child->count; i++) {
		const struct step *step = &child->steps[i];

		if (do_step(child, step, i) < 0 && !(step->optional && is_passable(errno)))
			return (int)i;
	}
	return CHILD_NO_STEP;
}
