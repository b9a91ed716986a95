#include "box/facts_parts.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Of names, in one folder: who unpacks an image with other ids unpacks all of it with them. */
#define SAMPLE_BYTES 1024

static const char *const host_names[] = {
	"usr",
	"bin",
	"sbin",
	"lib",
	"lib32",
	"lib64",
	"libx32",
	"etc",
	"opt",
	"nix",
	"gnu",
	"var/lib/dpkg",
	"var/lib/rpm",
	"var/lib/pacman",
	"var/lib/alternatives",
};

static void add_entry(struct box_facts *facts, const char *name)
{
	AUTO_FREE char *path = path_join("/", name);
	struct host_entry entry = {0};
	char link[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, link, sizeof(link) - 1);
		if (n <= 0)
			return;
		link[n] = '\0';
		entry.link = xstrdup(link);
	} else if (!S_ISDIR(st.st_mode)) {
		return;
	}
	entry.name = xstrdup(name);
	facts->entries = xrealloc(facts->entries, (facts->entry_count + 1) * sizeof(entry));
	facts->entries[facts->entry_count++] = entry;
}

/* The host's account file with its system accounts only: who else has an account here is not
 * the box's business. */
static char *filter_accounts(const char *text, const char *own_line, unsigned int below)
{
	struct buf out = {0};

	buf_puts(&out, own_line);
	while (*text) {
		const char *end = strchrnul(text, '\n');
		const char *first = memchr(text, ':', (size_t)(end - text));
		const char *second =
			first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
		unsigned long id = second ? strtoul(second + 1, NULL, 10) : ULONG_MAX;

		if (second && (id < below || id == 65534) &&
		    strncmp(text, own_line, (size_t)(first - text) + 1) != 0) {
			buf_add(&out, text, (size_t)(end - text));
			buf_putc(&out, '\n');
		}
		text = *end ? end + 1 : end;
	}
	return buf_take(&out);
}

static void account_lines(const struct facts_request *request, struct box_facts *facts)
{
	const struct host_user *user = request->user;
	uint32_t uid = 0;

	if (user->uid == 0 || facts->is_build ||
	    !host_map_to_inside(request->uid_map, user->uid, &uid) || uid == 0) {
		facts->passwd_line = xstrdup("");
		facts->group_line = xstrdup("");
		return;
	}
	facts->passwd_line =
		xasprintf("%s:x:%u:%u:%s:%s:%s\n", user->name, user->uid, user->gid, user->name,
			  user->home, request->identity->shell);
	facts->group_line = xasprintf("%s:x:%u:\n", user->group, user->gid);
}

static void host_facts(const struct facts_request *request, struct box_facts *facts)
{
	size_t i;

	facts->root_kind = ROOT_HOST;
	for (i = 0; i < ARRAY_LEN(host_names); i++)
		add_entry(facts, host_names[i]);
	facts->passwd = filter_accounts(request->accounts->passwd, facts->passwd_line, 1000);
	facts->group = filter_accounts(request->accounts->group, facts->group_line, 1000);
}

/* Whether a box's layer can lie on a tmpfs: overlayfs keeps its marks in user.* attributes
 * (tmpfs has them since 6.6). */
static bool can_tmpfs_hold_layer(void)
{
	AUTO_CLOSE int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 && fsetxattr(fd, "user.devbox", "y", 1, 0) == 0;
}

static bool is_mapped(int dir_fd, const char *name, const struct host_map *uid_map,
		      const struct host_map *gid_map)
{
	struct stat st;
	uint32_t inside;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	return host_map_to_inside(uid_map, st.st_uid, &inside) &&
	       host_map_to_inside(gid_map, st.st_gid, &inside);
}

/* The folder itself and what the kernel names first; readdir(3) has it look up many more. */
static int sample_folder(const char *path, const struct host_map *uid_map,
			 const struct host_map *gid_map)
{
	_Alignas(struct dirent64) char names[SAMPLE_BYTES];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t at = 0;
	ssize_t len;

	if (fd < 0)
		return 1;
	if (!is_mapped(fd, ".", uid_map, gid_map))
		return 0;
	len = getdents64(fd, names, sizeof(names));
	while (at < len) {
		const struct dirent64 *entry = (const void *)(names + at);

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !is_mapped(fd, entry->d_name, uid_map, gid_map))
			return 0;
		at += entry->d_reclen;
	}
	return 1;
}

int box_lower_check(const struct strv *lower, const struct host_map *uid_map,
		    const struct host_map *gid_map, struct err *err)
{
	static const char *const folders[] = {"", "etc", "usr", "usr/bin", "bin"};
	size_t i, j;

	for (i = 0; i < lower->count; i++) {
		struct stat st;

		if (stat(lower->items[i], &st) < 0)
			return err_sys(err, "root file system '%s'", lower->items[i]);
		for (j = 0; j < ARRAY_LEN(folders); j++) {
			AUTO_FREE char *path = path_join(lower->items[i], folders[j]);

			if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
			    sample_folder(path, uid_map, gid_map) == 0)
				return 0;
		}
	}
	return 1;
}

static int need_fuse(struct box_facts *facts, const char *why, struct strv *notes,
		     struct err *err)
{
	AUTO_CLOSE int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	facts->root_kind = ROOT_FUSE;
	facts->fuse_program = proc_find_program("fuse-overlayfs");
	if (!facts->fuse_program) {
		(void)err_set(err,
			      "image '%s' needs fuse-overlayfs, which is not installed: %s",
			      facts->image, why);
		return err_hint(err, "sudo apt-get install fuse-overlayfs   (Fedora: sudo dnf "
				     "install fuse-overlayfs)");
	}
	if (fd < 0) {
		(void)err_sys(err,
			      "image '%s' needs fuse-overlayfs (%s), but '/dev/fuse' cannot be "
			      "opened",
			      facts->image, why);
		return err_hint(err, "sudo modprobe fuse && sudo chmod 0666 /dev/fuse");
	}
	strv_addf(notes, "root through fuse-overlayfs: %s", why);
	return 0;
}

static int make_layer(const struct facts_request *request, struct box_facts *facts,
		      struct err *err)
{
	const char *dir = request->box_dir;

	if (request->upper_dir) {
		facts->upper_dir = xstrdup(request->upper_dir);
		facts->work_dir = xstrdup(request->work_dir);
		if (facts_make_folder(request, facts->upper_dir) < 0 ||
		    facts_make_folder(request, facts->work_dir) < 0)
			return err_sys(err, "give '%s' to the box", facts->upper_dir);
		return 0;
	}
	if (!dir) {
		if (can_tmpfs_hold_layer())
			return 0;
		dir = request->scratch_dir;
	}
	facts->upper_dir = path_join(dir, "upper");
	facts->work_dir = path_join(dir, "work");
	if (facts_make_folder(request, facts->upper_dir) < 0 ||
	    facts_make_folder(request, facts->work_dir) < 0)
		return err_sys(err, "make the box's folder '%s'", dir);
	return 0;
}

static int refuse_root(const struct facts_request *request, uint32_t root, struct err *err)
{
	(void)err_set(err,
		      "image '%s' was unpacked when root of your boxes was id %u, and it is %u "
		      "now: your subordinate ids changed",
		      request->spec->image.value, *request->lower_root, root);
	return err_hint(err,
			"put '/etc/subuid' and '/etc/subgid' back as they were; or 'devbox "
			"prune --all --builds' throws images away, and they are fetched "
			"again");
}

/* Return: as box_lower_check(). */
static int check_owners(const struct facts_request *request, const struct box_facts *facts,
			struct err *err)
{
	const struct host_map *map = request->uid_map;
	const bool is_single = map->count == 1 && map->lines[0].count == 1;
	uint32_t root = 0;

	if (!request->lower_root || !host_map_to_outside(map, 0, &root))
		return box_lower_check(&facts->lower, map, request->gid_map, err);
	if (root == *request->lower_root)
		return 1;
	/* Whose ids are gone, perhaps for a while, can do with fuse-overlayfs. */
	return is_single ? 0 : refuse_root(request, root, err);
}

static int overlay_facts(const struct facts_request *request, struct box_facts *facts,
			 struct strv *notes, struct err *err)
{
	const struct origin *at = &request->spec->image.at;
	const char *why = NULL;
	int is_mapped;

	strv_add_all(&facts->lower, request->lower);
	is_mapped = check_owners(request, facts, err);
	if (is_mapped < 0)
		return spec_at(at, err);
	facts->has_foreign_ids = !is_mapped;
	facts->root_kind = ROOT_OVERLAY;
	if (!is_mapped)
		why = "its files belong to ids outside your subordinate ids, and are shown as "
		      "root's";
	else if (request->force_fuse)
		why = "native overlayfs does not work where the box's layer lies";
	if (why && need_fuse(facts, why, notes, err) < 0)
		return at->file ? err_at(err, at->file, at->line, at->column) : -1;
	return make_layer(request, facts, err);
}

int facts_root(const struct facts_request *request, struct box_facts *facts, struct strv *notes,
	       struct err *err)
{
	account_lines(request, facts);
	if (request->lower->count > 0)
		return overlay_facts(request, facts, notes, err);
	host_facts(request, facts);
	return 0;
}
