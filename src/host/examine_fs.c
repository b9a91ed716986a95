#include "host/examine.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

struct probe {
	const char *folder;
	uid_t uid;
	gid_t gid;
};

static int make_file(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : fd_write_all(fd, "x", 1);
}

static int make_lower(struct attempt *attempt, const struct probe *probe)
{
	static const char *const folders[] = {"lower", "lower/dir", "upper", "work", "merged"};

	if (chdir(probe->folder) < 0)
		return attempt_fail(attempt, "enter the probe's folder");
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mkdir(folders[i], 0755) < 0)
			return attempt_fail(attempt, "make a folder");
	if (make_file("lower/gone") < 0 || make_file("lower/kept") < 0 ||
	    make_file("lower/dir/old") < 0)
		return attempt_fail(attempt, "make a file");
	return 0;
}

static int write_map(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : fd_write_all(fd, text, strlen(text));
}

static int enter_namespaces(struct attempt *attempt, const struct probe *probe)
{
	AUTO_FREE char *uid_map = xasprintf("0 %u 1\n", probe->uid);
	AUTO_FREE char *gid_map = xasprintf("0 %u 1\n", probe->gid);

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return attempt_fail(attempt, "create a user namespace");
	if (write_map("/proc/self/uid_map", uid_map) < 0 ||
	    write_map("/proc/self/setgroups", "deny") < 0 ||
	    write_map("/proc/self/gid_map", gid_map) < 0)
		return attempt_fail(attempt, "map ids");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return attempt_fail(attempt, "make mounts private");
	return 0;
}

/* What goes silently wrong where user.overlay.* attributes do not work: deleted files come
 * back. */
static int use_overlay(struct attempt *attempt)
{
	struct stat status;
	char opaque[2] = "";

	if (unlink("merged/gone") < 0)
		return attempt_fail(attempt, "remove a file through overlay");
	if (lstat("upper/gone", &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != 0)
		return attempt_fail(attempt, "find the whiteout of a removed file");
	if (unlink("merged/dir/old") < 0 || rmdir("merged/dir") < 0 ||
	    mkdir("merged/dir", 0755) < 0)
		return attempt_fail(attempt, "replace a folder through overlay");
	if (getxattr("upper/dir", "user.overlay.opaque", opaque, sizeof(opaque)) != 1 ||
	    opaque[0] != 'y')
		return attempt_fail(attempt, "find the opaque mark of a replaced folder");
	if (access("merged/dir/old", F_OK) == 0) {
		errno = EEXIST;
		return attempt_fail(attempt, "hide the old content of a replaced folder");
	}
	if (chmod("merged/kept", 0600) < 0 || make_file("merged/dir/new") < 0)
		return attempt_fail(attempt, "change a file through overlay");
	return 0;
}

static int try_overlay(struct attempt *attempt, void *arg)
{
	const struct probe *probe = arg;

	if (make_lower(attempt, probe) < 0 || enter_namespaces(attempt, probe) < 0)
		return -1;
	if (mount("overlay", "merged", "overlay", 0,
		  "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		return attempt_fail(attempt, "mount overlay with userxattr");
	return use_overlay(attempt);
}

void examine_remove_tree(int dir_fd, const char *name)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	int fd;

	if (unlinkat(dir_fd, name, 0) == 0)
		return;
	/* The kernel makes work/work with mode 000, and leaves things in it. */
	if (fchmodat(dir_fd, name, 0700, 0) < 0)
		return;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			examine_remove_tree(fd, entry->d_name);
	(void)unlinkat(dir_fd, name, AT_REMOVEDIR);
}

static const char *fs_name(const char *path)
{
	static const struct {
		uint32_t magic;
		const char *name;
	} known[] = {
		{0xEF53, "ext4"},      {0x9123683E, "btrfs"},    {0x58465342, "xfs"},
		{0x01021994, "tmpfs"}, {0x794c7630, "overlay"},  {0x6969, "NFS"},
		{0x65735546, "FUSE"},  {0xf15f, "ecryptfs"},     {0x2fc12fc1, "zfs"},
		{0xF2F52010, "f2fs"},  {0xca451a4e, "bcachefs"}, {0x4d44, "FAT"},
		{0x01021997, "9p"},    {0xff534d42, "CIFS"},     {0xfe534d42, "SMB"},
	};
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return "unknown file system";
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].magic == (uint32_t)fs.f_type)
			return known[i].name;
	return "unknown file system";
}

static bool can_open_fuse(const struct examine *x)
{
	AUTO_FREE char *path = xasprintf("%s/fuse", x->dev);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

void examine_overlay(struct examine *x)
{
	static const char name[] = "overlay";
	AUTO_FREE char *folder = xasprintf("%s/devbox-doctor-XXXXXX", x->probe_parent);
	AUTO_FREE char *fuse = x->find_program("fuse-overlayfs");
	AUTO_FREE char *why = NULL;
	struct probe probe = {folder, x->user->uid, x->user->gid};
	struct attempt attempt = {0};

	if (!x->has_userns || !mkdtemp(folder)) {
		host_report_add(x->report, HOST_WARN, "overlay", name,
				x->has_userns ? xasprintf("not judged: cannot make a folder in "
							  "'%s': %s",
							  x->probe_parent, strerror(errno))
					      : xstrdup("not judged: no user namespace"),
				NULL, NULL);
		return;
	}
	x->has_overlay = attempt_run(try_overlay, &probe, &attempt) == 0;
	examine_remove_tree(AT_FDCWD, folder);
	if (x->has_overlay) {
		host_report_add(x->report, HOST_OK, "overlay", name,
				xasprintf("native (userxattr) on %s", fs_name(x->probe_parent)),
				NULL, NULL);
		return;
	}
	why = attempt_words(&attempt);
	if (fuse && can_open_fuse(x))
		host_report_add(
			x->report, HOST_WARN, "overlay", name,
			xasprintf("native fails on %s (%s); fuse-overlayfs is used",
				  fs_name(x->probe_parent), why),
			xstrdup("speed: files are read two to five times slower"),
			xstrdup("export XDG_DATA_HOME=/a/folder/on/ext4, btrfs or xfs"));
	else
		host_report_add(
			x->report, HOST_FAIL, "overlay", name,
			xasprintf("native fails on %s (%s)", fs_name(x->probe_parent), why),
			xstrdup("boxes whose root can be written to"),
			examine_install(x->etc, "fuse-overlayfs"));
}

void examine_fuse(struct examine *x)
{
	static const char name[] = "fuse-overlayfs";
	static const char lost[] = "roots with files of ids that are not mapped; overlay where "
				   "the native one fails";
	AUTO_FREE char *program = x->find_program("fuse-overlayfs");
	AUTO_FREE char *path = xasprintf("%s/fuse", x->dev);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	const int code = errno;

	if (fd < 0)
		host_report_add(x->report, HOST_WARN, "fuse", name,
				xasprintf("open '%s': %s", path, strerror(code)), xstrdup(lost),
				code == EACCES ? xasprintf("sudo chmod 0666 %s", path)
					       : xstrdup("sudo modprobe fuse"));
	else if (!program)
		host_report_add(x->report, HOST_WARN, "fuse", name, xstrdup("not installed"),
				xstrdup(lost), examine_install(x->etc, "fuse-overlayfs"));
	else
		host_report_add(x->report, HOST_OK, "fuse", name, xstrdup(program), NULL, NULL);
}
