#include "box/facts.h"

#include "net/net.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define RESOLV_MAX (64 * 1024)
#define SAMPLE_MAX 512 /* entries looked at in one folder */

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

static const char *const mask_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
	"/sys/fs/selinux",
};

void box_facts_done(struct box_facts *facts)
{
	size_t i;

	host_user_done(&facts->user);
	free(facts->image);
	strv_done(&facts->lower);
	free(facts->upper_dir);
	free(facts->work_dir);
	free(facts->home_dir);
	free(facts->home_in_box);
	for (i = 0; i < facts->entry_count; i++) {
		free(facts->entries[i].name);
		free(facts->entries[i].link);
	}
	free(facts->entries);
	free(facts->nodes);
	strv_done(&facts->volume_dirs);
	strv_done(&facts->masks);
	free(facts->hostname);
	free(facts->resolv_conf);
	free(facts->hosts);
	free(facts->passwd);
	free(facts->group);
	free(facts->passwd_line);
	free(facts->group_line);
	free(facts->fuse_program);
	memset(facts, 0, sizeof(*facts));
}

static int at_origin(const struct origin *at, struct err *err)
{
	return at->file ? err_at(err, at->file, at->line, at->column) : -1;
}

/* --- nodes of the host the profile names --- */

static int look(struct box_facts *facts, const char *what, const char *path,
		const struct origin *at, struct err *err)
{
	struct known_node node = {0};
	struct stat st;

	if (path && stat(path, &st) < 0) {
		(void)err_sys(err, "%s '%s'", what, path);
		(void)at_origin(at, err);
		return err_hint(err, errno == ENOENT ? "make it first, or take the line out"
						     : "may you read it?");
	}
	if (path) {
		node.exists = true;
		node.dev = st.st_dev;
		node.ino = st.st_ino;
		node.rdev = st.st_rdev;
		node.is_dir = S_ISDIR(st.st_mode);
	}
	facts->nodes = xrealloc(facts->nodes, (facts->node_count + 1) * sizeof(node));
	facts->nodes[facts->node_count++] = node;
	return 0;
}

static int look_workspace(const struct spec *spec, struct box_facts *facts, struct err *err)
{
	if (look(facts, "workspace", spec->workspace.source, &spec->workspace.at, err) < 0)
		return -1;
	if (spec->workspace.source && !facts->nodes[0].is_dir) {
		(void)err_set(err, "workspace '%s' is not a folder", spec->workspace.source);
		return at_origin(&spec->workspace.at, err);
	}
	return 0;
}

static int look_device(const struct spec_device *device, struct box_facts *facts,
		       struct err *err)
{
	const struct known_node *node;

	if (look(facts, "device", device->source, &device->at, err) < 0)
		return -1;
	node = &facts->nodes[facts->node_count - 1];
	if (node->rdev == 0 && !node->is_dir) {
		(void)err_set(err, "'%s' is not a device", device->source);
		return at_origin(&device->at, err);
	}
	if (!node->is_dir &&
	    access(device->source, device->is_read_only ? R_OK : R_OK | W_OK) < 0) {
		(void)err_sys(err, "device '%s'", device->source);
		(void)at_origin(&device->at, err);
		return err_hint(err,
				"a box can use what you can open yourself; does a group own it "
				"('ls -l %s')?",
				device->source);
	}
	return 0;
}

static int look_all(const struct spec *spec, struct box_facts *facts, struct err *err)
{
	size_t i;

	if (look_workspace(spec, facts, err) < 0)
		return -1;
	for (i = 0; i < spec->home_file_count; i++) {
		if (look(facts, "home file", spec->home_files[i].path, &spec->home_files[i].at,
			 err) < 0)
			return -1;
	}
	for (i = 0; i < spec->volume_count; i++) {
		const struct spec_volume *volume = &spec->volumes[i];

		if (look(facts, "volume source",
			 volume->type == VOLUME_BIND ? volume->source : NULL, &volume->at,
			 err) < 0)
			return -1;
	}
	for (i = 0; i < spec->device_count; i++) {
		if (look_device(&spec->devices[i], facts, err) < 0)
			return -1;
	}
	return 0;
}

/* Made by root, a folder of a box is nobody's in it: it is given to the box's root. */
static int make_folder(const struct facts_request *request, const char *path)
{
	uint32_t uid, gid;

	if (path_mkdirs(path, 0755) < 0)
		return -1;
	if (request->user->uid != 0 || !host_map_to_outside(request->uid_map, 0, &uid) ||
	    !host_map_to_outside(request->gid_map, 0, &gid))
		return 0;
	return lchown(path, uid, gid);
}

static int make_volumes(const struct facts_request *request, struct box_facts *facts,
			struct err *err)
{
	size_t i;

	for (i = 0; i < request->spec->volume_count; i++) {
		const struct spec_volume *volume = &request->spec->volumes[i];
		char *path = NULL;

		if (volume->type == VOLUME_NAMED)
			path = xasprintf("%s/volumes/%s/%s", request->dirs->data,
					 request->project->id, volume->source);
		else if (volume->type == VOLUME_CACHE)
			path = xasprintf("%s/caches/%s", request->dirs->data, volume->source);
		strv_take(&facts->volume_dirs, path ? path : xstrdup(""));
		if (path && make_folder(request, path) < 0) {
			(void)err_sys(err, "make volume '%s'", path);
			return at_origin(&volume->at, err);
		}
	}
	return 0;
}

/* --- the root --- */

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

	if (user->uid == 0 || !host_map_to_inside(request->uid_map, user->uid, &uid) ||
	    uid == 0) {
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

static int sample_folder(const char *path, const struct host_map *uid_map,
			 const struct host_map *gid_map)
{
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	uint32_t inside;
	int n = 0;

	while (dir && n++ < SAMPLE_MAX && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!host_map_to_inside(uid_map, st.st_uid, &inside) ||
		    !host_map_to_inside(gid_map, st.st_gid, &inside))
			return 0;
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

	if (!dir) {
		if (can_tmpfs_hold_layer())
			return 0;
		dir = request->scratch_dir;
	}
	facts->upper_dir = path_join(dir, "upper");
	facts->work_dir = path_join(dir, "work");
	if (make_folder(request, facts->upper_dir) < 0 ||
	    make_folder(request, facts->work_dir) < 0)
		return err_sys(err, "make the box's folder '%s'", dir);
	return 0;
}

static int overlay_facts(const struct facts_request *request, struct box_facts *facts,
			 struct strv *notes, struct err *err)
{
	int is_mapped;

	strv_add_all(&facts->lower, request->lower);
	is_mapped = box_lower_check(&facts->lower, request->uid_map, request->gid_map, err);
	if (is_mapped < 0)
		return -1;
	facts->root_kind = ROOT_OVERLAY;
	if (!is_mapped) {
		if (need_fuse(facts,
			      "its files belong to ids outside your subordinate ids, and are "
			      "shown as root's",
			      notes, err) < 0)
			return -1;
	} else if (request->force_fuse) {
		if (need_fuse(facts,
			      "native overlayfs does not work where the box's layer lies",
			      notes, err) < 0)
			return -1;
	}
	return make_layer(request, facts, err);
}

/* --- the rest --- */

static void device_facts(struct box_facts *facts)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(plan_device_names); i++) {
		AUTO_FREE char *path = path_join("/dev", plan_device_names[i]);
		struct stat st;

		facts->has_dev[i] = stat(path, &st) == 0 && S_ISCHR(st.st_mode);
	}
}

static void text_facts(const struct facts_request *request, struct box_facts *facts)
{
	const struct spec *spec = request->spec;
	AUTO_FREE char *host_text = NULL;
	struct err ignored;
	size_t i;

	facts->hostname =
		xstrdup(spec->hostname.value ? spec->hostname.value : request->project->id);
	if (fd_read_file(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &host_text, &ignored) < 0)
		host_text = xstrdup("");
	facts->resolv_conf = net_resolv_conf(host_text, &spec->dns, &spec->dns_search,
					     spec->network_mode == NET_PROJECT);
	facts->hosts = net_hosts(facts->hostname, NULL, &spec->extra_hosts);
	for (i = 0; i < ARRAY_LEN(mask_paths); i++) {
		if (access(mask_paths[i], F_OK) == 0)
			strv_add(&facts->masks, mask_paths[i]);
	}
	facts->has_cgroup2 = true;
	facts->nested = true;
}

static void copy_user(struct host_user *to, const struct host_user *from)
{
	*to = (struct host_user){
		.uid = from->uid,
		.gid = from->gid,
		.name = xstrdup(from->name),
		.group = xstrdup(from->group),
		.home = xstrdup(from->home),
		.shell = xstrdup(from->shell),
	};
}

static int gather(const struct facts_request *request, struct box_facts *facts,
		  struct strv *notes, struct err *err)
{
	const struct spec *spec = request->spec;

	copy_user(&facts->user, request->user);
	facts->uid_map = *request->uid_map;
	facts->gid_map = *request->gid_map;
	facts->is_single_id =
		request->uid_map->count == 1 && request->uid_map->lines[0].count == 1;
	facts->is_root_caller = request->user->uid == 0;
	facts->image = xstrdup(spec->image.value ? spec->image.value : "host");
	facts->home_dir = xstrdup(request->home_dir);
	facts->home_in_box = xstrdup(request->identity->home);
	if (facts->is_root_caller && spec->workspace.source)
		strv_add(notes, "you are root, whom no box knows: it can read your files, and "
				"write only what belongs to "
				"its subordinate ids");
	if (look_all(spec, facts, err) < 0 || make_volumes(request, facts, err) < 0)
		return -1;
	account_lines(request, facts);
	if (request->lower->count == 0)
		host_facts(request, facts);
	else if (overlay_facts(request, facts, notes, err) < 0)
		return -1;
	device_facts(facts);
	text_facts(request, facts);
	return facts->home_dir ? box_home_prepare(request, facts, err) : 0;
}

int box_facts_gather(const struct facts_request *request, struct box_facts *out_facts,
		     struct strv *notes, struct err *err)
{
	struct box_facts facts = {0};

	if (gather(request, &facts, notes, err) < 0) {
		box_facts_done(&facts);
		return -1;
	}
	*out_facts = facts;
	return 0;
}
