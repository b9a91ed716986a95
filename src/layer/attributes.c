#include "layer/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The last second ext4 can say, in 2^33, is far enough for all. */
#define MTIME_MAX ((INT64_C(1) << 33) - 1)
#define NOBODY 65534
/* All attributes of one file. */
#define XATTR_BYTES_MAX (64 * 1024)
#define ACL_NAME "system.posix_acl_access"

static uint32_t id_here(const struct extract *x, int64_t id)
{
	if (id >= 0 && id < x->id_count)
		return (uint32_t)id;
	return x->id_count > NOBODY ? NOBODY : 0;
}

struct owner owner_of(struct extract *x)
{
	struct owner owner = {.uid = id_here(x, x->entry.uid), .gid = id_here(x, x->entry.gid)};

	if (owner.uid == x->entry.uid && owner.gid == x->entry.gid)
		return owner;
	if (x->result.foreign++ == 0)
		(void)name_say(x->name.path, x->result.foreign_path);
	return owner;
}

struct timespec entry_mtime(const struct tar_entry *entry)
{
	struct timespec time = {.tv_sec = entry->mtime, .tv_nsec = entry->mtime_ns};

	if (entry->mtime < 0)
		time = (struct timespec){0};
	if (entry->mtime > MTIME_MAX)
		time = (struct timespec){.tv_sec = MTIME_MAX};
	if (time.tv_nsec > 999999999)
		time.tv_nsec = 0;
	return time;
}

/* What is new in a folder belongs to us, unless the folder says otherwise. */
static bool is_ours(const struct extract *x, const struct folder *folder, struct owner owner)
{
	return owner.uid == x->uid && owner.gid == x->gid && folder->gid == x->gid &&
	       !folder->has_setgid;
}

/* user.overlay.* would tell overlayfs to look elsewhere. Labels and trust are the host's. */
static bool is_kept(const char *name)
{
	return (str_starts(name, "user.") && !str_starts(name, "user.overlay.")) ||
	       str_eq(name, "security.capability");
}

static void leave_out(struct extract *x, const char *name)
{
	if (x->result.xattrs++ == 0)
		(void)name_say(name, x->result.xattr_name);
}

/* What a file system may say of an attribute without being broken. */
static bool is_refusal(int code)
{
	return code == EPERM || code == ENOTSUP || code == ERANGE || code == EINVAL ||
	       code == E2BIG || code == ENOSPC || code == EACCES;
}

/* @fd -1: of something that cannot have any */
static int set_xattrs(struct extract *x, int fd, struct err *err)
{
	struct tar_xattr a;
	size_t total = 0;

	if (tar_reader_has_acl(x->tar))
		leave_out(x, ACL_NAME);
	if (!tar_reader_has_xattrs(x->tar))
		return 0;
	while (tar_reader_xattr(x->tar, &a)) {
		if (!a.name)
			continue;
		total += a.len;
		if (fd < 0 || !is_kept(a.name) || total > XATTR_BYTES_MAX)
			leave_out(x, a.name);
		else if (fsetxattr(fd, a.name, a.value, a.len, 0) < 0) {
			if (!is_refusal(errno))
				return extract_fail(x, "set an attribute of", err);
			leave_out(x, a.name);
		}
	}
	return 0;
}

/* The owner first: to change it takes away setuid and file capabilities. */
int attributes_set(struct extract *x, int fd, const struct folder *folder, bool is_new,
		   struct err *err)
{
	struct owner owner = owner_of(x);
	mode_t mode = x->entry.mode & 07777;

	if ((!is_new || !is_ours(x, folder, owner)) && fchown(fd, owner.uid, owner.gid) < 0)
		return extract_fail(x, "set the owner of", err);
	/* A folder may have inherited a bit more than it was made with. */
	if ((!is_new || (mode & 07000) || folder->has_setgid) && fchmod(fd, mode) < 0)
		return extract_fail(x, "set the mode of", err);
	return set_xattrs(x, fd, err);
}

int attributes_set_at(struct extract *x, const struct folder *folder, const char *name,
		      struct err *err)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_mtime(&x->entry)};
	struct owner owner = owner_of(x);

	if (!is_ours(x, folder, owner) &&
	    fchownat(folder->fd, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0)
		return extract_fail(x, "set the owner of", err);
	if (S_ISFIFO(x->entry.mode) && (x->entry.mode & 07000) &&
	    fchmodat(folder->fd, name, x->entry.mode & 07777, 0) < 0)
		return extract_fail(x, "set the mode of", err);
	if (set_xattrs(x, -1, err) < 0)
		return -1;
	if (utimensat(folder->fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return extract_fail(x, "set the time of", err);
	return 0;
}
