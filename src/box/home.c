#include "box/facts.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/*
 * The isolated home. Its content is the box's, so it is hostile: everything in it is opened
 * through path_open_in_root(), or a symbolic link planted there would lead us about the real
 * home.
 */

#define COPY_MAX (64 * 1024 * 1024)
#define BLOCK 4096 /* what an empty file costs, too */

/* Root's own files are nobody's in a box: what root makes for one is given to the box's root.
 */
static int give(const struct facts_request *request, int fd, struct err *err)
{
	uint32_t uid, gid;

	if (request->user->uid != 0)
		return 0;
	if (!host_map_to_outside(request->uid_map, 0, &uid) ||
	    !host_map_to_outside(request->gid_map, 0, &gid))
		return err_set(err, "the box has no root to give its home to");
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return err_sys(err, "give the box's home to the box");
	return 0;
}

static int copy_fd(const struct facts_request *request, int from, int home_fd, const char *name,
		   mode_t mode, struct err *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_CLOSE int to = -1;
	AUTO_CLOSE int parent = -1;
	AUTO_FREE char *folder = xstrdup(name);
	char *slash = strrchr(folder, '/');
	size_t len;

	if (fd_read_all(from, COPY_MAX, &text, &len, err) < 0)
		return -1;
	if (slash) {
		*slash = '\0';
		parent = path_mkdir_in_root(home_fd, folder, 0755);
		if (parent < 0)
			return err_sys(err, "make '%s' in the box's home", folder);
	}
	to = path_open_in_root(home_fd, name, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (to < 0)
		return errno == EEXIST ? 0 : err_sys(err, "make '%s' in the box's home", name);
	if (fd_write_all(to, text, len) < 0)
		return err_sys(err, "write '%s' in the box's home", name);
	return give(request, to, err);
}

static int copy_skeleton(const struct facts_request *request, int root_fd, int home_fd,
			 struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	int skel = path_open_in_root(root_fd, "etc/skel", O_RDONLY | O_DIRECTORY, 0);
	struct dirent *entry;
	off_t left = COPY_MAX; /* of all: the files may be sparse, and the image anybody's */

	if (skel < 0)
		return 0;
	dir = fdopendir(skel);
	while (dir && (entry = readdir(dir)) != NULL) {
		AUTO_CLOSE int fd = -1;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		fd = openat(dirfd(dir), entry->d_name,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		    st.st_size > left - BLOCK)
			continue;
		left -= st.st_size + BLOCK;
		if (copy_fd(request, fd, home_fd, entry->d_name, 0644, err) < 0)
			return -1;
	}
	return 0;
}

static const char *name_in_home(const char *path, const char *home)
{
	size_t len = strlen(home);

	return str_starts(path, home) && path[len] == '/' ? path + len + 1 : NULL;
}

static int copy_home_files(const struct facts_request *request, int home_fd, struct err *err)
{
	size_t i;

	for (i = 0; i < request->spec->home_file_count; i++) {
		const struct spec_home_file *file = &request->spec->home_files[i];
		const char *name = name_in_home(file->path, request->user->home);
		AUTO_CLOSE int fd = -1;
		struct stat st;

		if (file->mode != HOME_FILE_COPY || !name)
			continue;
		fd = open(file->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0 ||
		    copy_fd(request, fd, home_fd, name, st.st_mode & 0777, err) < 0) {
			if (fd < 0)
				(void)err_sys(err, "home file '%s'", file->path);
			return spec_at(&file->at, err);
		}
	}
	return 0;
}

/* Folders to mount on belong to the user, not to the box's root, who would make them at the
 * start. */
static int make_target(const struct facts_request *request, int home_fd, const char *home,
		       const char *path, bool is_dir, struct err *err)
{
	const char *name = name_in_home(path, home);
	int fd;
	int rc;

	if (!name)
		return 0;
	fd = is_dir ? path_mkdir_in_root(home_fd, name, 0755)
		    : path_target_in_root(home_fd, name, false);
	if (fd < 0)
		return err_sys(err, "make '%s' in the box's home", name);
	rc = give(request, fd, err);
	(void)close(fd);
	return rc;
}

static int make_targets(const struct facts_request *request, const struct box_facts *facts,
			int home_fd, struct err *err)
{
	const struct spec *spec = request->spec;
	const struct known_node *node = facts->nodes + 1;
	size_t i;

	if (spec->workspace.source && make_target(request, home_fd, facts->home_in_box,
						  spec->workspace.target, true, err) < 0)
		return -1;
	for (i = 0; i < spec->home_file_count; i++, node++) {
		if (spec->home_files[i].mode != HOME_FILE_COPY &&
		    make_target(request, home_fd, request->user->home, spec->home_files[i].path,
				node->is_dir, err) < 0)
			return -1;
	}
	for (i = 0; i < spec->volume_count; i++, node++) {
		bool is_dir = spec->volumes[i].type != VOLUME_BIND || node->is_dir;

		if (make_target(request, home_fd, facts->home_in_box, spec->volumes[i].target,
				is_dir, err) < 0)
			return -1;
	}
	return 0;
}

/* The box may have closed it to us. */
static int open_up(int home_fd)
{
	struct stat st;

	if (fstat(home_fd, &st) < 0)
		return -1;
	if (st.st_uid != geteuid() || (st.st_mode & 0700) == 0700)
		return 0;
	return fd_chmod(home_fd, 0700);
}

int box_home_prepare(const struct facts_request *request, const struct box_facts *facts,
		     struct err *err)
{
	const char *root = request->lower->count > 0 ? request->lower->items[0] : "/";
	AUTO_CLOSE int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int home_fd = -1;
	struct stat st;
	bool is_new = stat(facts->home_dir, &st) < 0;

	if (path_mkdirs(facts->home_dir, 0700) < 0)
		return err_sys(err, "make the box's home '%s'", facts->home_dir);
	home_fd = open(facts->home_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (home_fd < 0)
		return err_sys(err, "open the box's home '%s'", facts->home_dir);
	if (give(request, home_fd, err) < 0)
		return -1;
	if (open_up(home_fd) < 0)
		return err_sys(err, "open the box's home '%s'", facts->home_dir);
	if (is_new && root_fd >= 0 && copy_skeleton(request, root_fd, home_fd, err) < 0)
		return -1;
	if (copy_home_files(request, home_fd, err) < 0)
		return -1;
	return make_targets(request, facts, home_fd, err);
}
