#include "box/plan.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <assert.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

const char *const plan_device_names[8] = {"null",    "zero", "full", "random",
					  "urandom", "tty",  "fuse", "net/tun"};

enum { DEVICES_REQUIRED = 6 };

/** struct wish - a tree to bind, before all of them are put in order: parents before children
 */
struct wish {
	char *target;
	int slot;
	bool is_dir;
	bool is_tmpfs;
	char *data; /* tmpfs options */
	bool is_read_only;
	struct step_place at;
};

struct builder {
	const struct spec *spec;
	const struct box_facts *facts;
	struct plan plan;
	struct wish *wishes;
	size_t wish_count;
	int device_slots[8];
	int *device_wish_slots;
	int entry_slot0;
	int sys_slot;
	int lower_slot0;
	int upper_slot, work_slot;
	uid_t uid;
	gid_t gid;
};

static const char *keep(struct builder *b, char *text)
{
	strv_take(&b->plan.texts, text);
	return text;
}

static struct step *add(struct builder *b, enum step_kind kind)
{
	struct step *step;

	b->plan.steps = xrealloc(b->plan.steps, (b->plan.count + 1) * sizeof(*step));
	step = &b->plan.steps[b->plan.count++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->slot = step->upper = step->work = -1;
	return step;
}

static struct step_place place(struct builder *b, const struct origin *at)
{
	struct step_place p = {0};

	if (at && at->file) {
		p.file = keep(b, xstrdup(at->file));
		p.line = at->line;
		p.column = at->column;
	}
	return p;
}

static int add_tree(struct builder *b, const char *source, const struct known_node *node,
		    uint64_t attr, struct step_place at)
{
	struct step *step = add(b, STEP_OPEN_TREE);

	step->source = keep(b, xstrdup(source));
	step->slot = (int)b->plan.slot_count++;
	step->attr = attr;
	step->at = at;
	step->recursive = true;
	if (node) {
		step->dev = node->dev;
		step->ino = node->ino;
		step->recursive = node->is_dir;
		step->is_dir = node->is_dir;
	}
	return step->slot;
}

static int add_dir_slot(struct builder *b, const char *source, bool own)
{
	struct step *step = add(b, STEP_OPEN_DIR);
	int slot = (int)b->plan.slot_count++;

	step->source = keep(b, xstrdup(source));
	step->slot = slot;
	if (own) {
		step = add(b, STEP_OWN_DIR);
		step->slot = slot;
		step->source = keep(b, xstrdup(source));
	}
	return slot;
}

static struct wish *wish(struct builder *b, const char *target, int slot, bool is_dir,
			 const struct origin *at)
{
	struct wish *w;

	b->wishes = xrealloc(b->wishes, (b->wish_count + 1) * sizeof(*w));
	w = &b->wishes[b->wish_count++];
	memset(w, 0, sizeof(*w));
	w->target = xstrdup(target);
	w->slot = slot;
	w->is_dir = is_dir;
	w->at = place(b, at);
	return w;
}

static const char *below_home(struct builder *b, const char *path)
{
	const char *home = b->facts->user.home;
	size_t len = strlen(home);

	if (str_starts(path, home) && path[len] == '/')
		return keep(b, path_join(b->facts->home_in_box, path + len));
	return path;
}

/* --- phase 1: what comes from the host is opened, as the caller --- */

static void open_devices(struct builder *b)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(plan_device_names); i++) {
		struct step *step;

		b->device_slots[i] = -1;
		if (!b->facts->has_dev[i])
			continue;
		b->device_slots[i] =
			add_tree(b, keep(b, path_join("/dev", plan_device_names[i])), NULL,
				 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, (struct step_place){0});
		step = &b->plan.steps[b->plan.count - 1];
		step->recursive = false;
	}
}

static void open_home(struct builder *b)
{
	const struct spec *spec = b->spec;
	const char *target = b->facts->home_in_box;
	const char *source = b->facts->home_dir;
	struct wish *w;
	int slot;

	if (spec->home == HOME_SHARED)
		source = b->facts->user.home;
	if (!source) {
		w = wish(b, target, -1, true, &spec->home_at);
		w->is_tmpfs = true;
		w->data = xasprintf("mode=0700,uid=%u,gid=%u", b->uid, b->gid);
		return;
	}
	slot = add_tree(b, source, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
			place(b, &spec->home_at));
	wish(b, target, slot, true, &spec->home_at);
}

static void open_workspace(struct builder *b, const struct known_node *node)
{
	const struct spec *spec = b->spec;
	uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	struct wish *w;

	if (!spec->workspace.source)
		return;
	if (spec->workspace.is_read_only)
		attr |= MOUNT_ATTR_RDONLY;
	w = wish(b, spec->workspace.target,
		 add_tree(b, spec->workspace.source, node, attr, place(b, &spec->workspace.at)),
		 true, &spec->workspace.at);
	w->is_read_only = spec->workspace.is_read_only;
}

static void open_home_files(struct builder *b, const struct known_node *nodes)
{
	size_t i;

	for (i = 0; i < b->spec->home_file_count; i++) {
		const struct spec_home_file *file = &b->spec->home_files[i];
		uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		struct wish *w;

		if (file->mode == HOME_FILE_COPY) /* copied into the home before the start */
			continue;
		if (file->mode == HOME_FILE_RO)
			attr |= MOUNT_ATTR_RDONLY;
		w = wish(b, below_home(b, file->path),
			 add_tree(b, file->path, &nodes[i], attr, place(b, &file->at)),
			 nodes[i].is_dir, &file->at);
		w->is_read_only = file->mode == HOME_FILE_RO;
	}
}

static void open_volumes(struct builder *b, const struct known_node *nodes)
{
	size_t i;

	for (i = 0; i < b->spec->volume_count; i++) {
		const struct spec_volume *volume = &b->spec->volumes[i];
		uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		struct wish *w;

		if (volume->is_read_only)
			attr |= MOUNT_ATTR_RDONLY;
		if (volume->type == VOLUME_TMPFS) {
			w = wish(b, volume->target, -1, true, &volume->at);
			w->is_tmpfs = true;
			w->data = volume->size_bytes
					  ? xasprintf("mode=1777,size=%llu",
						      (unsigned long long)volume->size_bytes)
					  : xstrdup("mode=1777");
		} else {
			const char *source = volume->type == VOLUME_BIND
						     ? volume->source
						     : b->facts->volume_dirs.items[i];
			bool is_dir = volume->type != VOLUME_BIND || nodes[i].is_dir;

			w = wish(b, volume->target,
				 add_tree(b, source,
					  volume->type == VOLUME_BIND ? &nodes[i] : NULL, attr,
					  place(b, &volume->at)),
				 is_dir, &volume->at);
		}
		w->is_read_only = volume->is_read_only;
	}
}

static void open_extra_devices(struct builder *b, const struct known_node *nodes)
{
	size_t i;

	for (i = 0; i < b->spec->device_count; i++) {
		const struct spec_device *device = &b->spec->devices[i];
		uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
		struct wish *w;

		if (device->is_read_only)
			attr |= MOUNT_ATTR_RDONLY;
		w = wish(b, device->target,
			 add_tree(b, device->source, &nodes[i], attr, place(b, &device->at)),
			 nodes[i].is_dir, &device->at);
		w->is_read_only = device->is_read_only;
	}
}

static void open_root_sources(struct builder *b)
{
	const struct box_facts *facts = b->facts;
	size_t i;

	b->upper_slot = b->work_slot = -1;
	if (facts->root_kind == ROOT_HOST) {
		b->entry_slot0 = (int)b->plan.slot_count;
		for (i = 0; i < facts->entry_count; i++) {
			if (facts->entries[i].link)
				b->plan.slot_count++; /* keeps slots and entries in step */
			else
				(void)add_tree(b,
					       keep(b, path_join("/", facts->entries[i].name)),
					       NULL, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
					       (struct step_place){0});
		}
		return;
	}
	b->lower_slot0 = (int)b->plan.slot_count;
	for (i = 0; i < facts->lower.count; i++)
		(void)add_dir_slot(b, facts->lower.items[i], false);
	if (facts->upper_dir) {
		b->upper_slot = add_dir_slot(b, facts->upper_dir, true);
		b->work_slot = add_dir_slot(b, facts->work_dir, true);
	}
}

static void phase_open(struct builder *b)
{
	const struct spec *spec = b->spec;
	const struct known_node *node = b->facts->nodes;

	assert(node); /* one for the workspace at least */

	add(b, STEP_SLAVE);
	open_root_sources(b);
	open_devices(b);
	if (spec->network_mode == NET_HOST)
		b->sys_slot =
			add_tree(b, "/sys", NULL, MOUNT_ATTR_RDONLY, (struct step_place){0});
	open_home(b);
	open_workspace(b, node);
	node += 1;
	open_home_files(b, node);
	node += spec->home_file_count;
	open_volumes(b, node);
	node += spec->volume_count;
	open_extra_devices(b, node);
}

/* --- phase 2: the root --- */

static void phase_root(struct builder *b)
{
	const struct box_facts *facts = b->facts;
	struct step *step = add(b, STEP_BECOME_ROOT);
	size_t i;

	step->optional = facts->is_single_id;
	add(b, STEP_STAGE);
	if (facts->root_kind == ROOT_HOST) {
		add(b, STEP_ROOT_STAGE);
	} else {
		step = add(b,
			   facts->root_kind == ROOT_FUSE ? STEP_ROOT_FUSE : STEP_ROOT_OVERLAY);
		step->lower_count = facts->lower.count;
		for (i = 0; i < facts->lower.count; i++)
			step->lower[i] = b->lower_slot0 + (int)i;
		step->upper = b->upper_slot;
		step->work = b->work_slot;
		step->source = keep(b, xstrdup(facts->image));
		step->at = place(b, &b->spec->image.at);
	}
	add(b, STEP_ROOT_OPEN);
}

static struct step *add_dir(struct builder *b, const char *target, mode_t mode)
{
	struct step *step = add(b, STEP_DIR);

	step->target = keep(b, xstrdup(target));
	step->mode = mode;
	return step;
}

static void add_symlink(struct builder *b, const char *target, const char *text)
{
	struct step *step = add(b, STEP_SYMLINK);

	step->target = keep(b, xstrdup(target));
	step->data = keep(b, xstrdup(text));
}

static struct step *add_fs(struct builder *b, const char *type, const char *target,
			   const char *data, uint64_t attr)
{
	struct step *step = add(b, STEP_FS);

	step->source = keep(b, xstrdup(type));
	step->target = keep(b, xstrdup(target));
	step->data = data && *data ? keep(b, xstrdup(data)) : NULL;
	step->attr = attr;
	step->is_dir = true;
	return step;
}

static struct step *add_bind(struct builder *b, int slot, const char *target, bool is_dir)
{
	struct step *step = add(b, STEP_BIND);

	step->slot = slot;
	step->target = keep(b, xstrdup(target));
	step->is_dir = is_dir;
	return step;
}

static void host_root(struct builder *b)
{
	static const char *const dirs[] = {"/var/tmp", "/tmp"};
	size_t i;

	for (i = 0; i < b->facts->entry_count; i++) {
		const struct host_entry *entry = &b->facts->entries[i];
		const char *target = keep(b, path_join("/", entry->name));

		if (entry->link)
			add_symlink(b, target, entry->link);
		else
			add_bind(b, b->entry_slot0 + (int)i, target, true);
	}
	for (i = 0; i < ARRAY_LEN(dirs); i++)
		(void)add_dir(b, dirs[i], 01777);
	(void)add_dir(b, "/var/lib", 0755);
	(void)add_dir(b, "/var/log", 0755);
	(void)add_dir(b, "/var/cache", 0755);
	(void)add_dir(b, "/root", 0700);
	(void)add_dir(b, "/mnt", 0755);
	(void)add_dir(b, "/srv", 0755);
	add_symlink(b, "/var/run", "/run");
	add_symlink(b, "/var/lock", "/run/lock");
}

/* --- phase 3: /proc, /dev, /sys, /run --- */

static void device_tree(struct builder *b)
{
	static const char *const links[][2] = {
		{"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"},
		{"/dev/stdout", "/proc/self/fd/1"}, {"/dev/stderr", "/proc/self/fd/2"},
		{"/dev/ptmx", "pts/ptmx"},
	};
	size_t i;

	add_fs(b, "tmpfs", "/dev", "mode=0755,size=65536k",
	       MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
	for (i = 0; i < ARRAY_LEN(plan_device_names); i++) {
		if (b->device_slots[i] >= 0)
			add_bind(b, b->device_slots[i],
				 keep(b, path_join("/dev", plan_device_names[i])), false)
				->optional = i >= DEVICES_REQUIRED;
	}
	for (i = 0; i < ARRAY_LEN(links); i++)
		add_symlink(b, links[i][0], links[i][1]);
	add_fs(b, "devpts", "/dev/pts",
	       b->facts->is_single_id ? "newinstance,ptmxmode=0666,mode=0620"
				      : "newinstance,ptmxmode=0666,mode=0620,gid=5",
	       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (b->spec->shm_size_bytes.is_set)
		add_fs(b, "tmpfs", "/dev/shm",
		       keep(b, xasprintf("mode=1777,size=%lld",
					 (long long)b->spec->shm_size_bytes.value)),
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
			->at = place(b, &b->spec->shm_size_bytes.at);
	else
		add_fs(b, "tmpfs", "/dev/shm", "mode=1777",
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	add_fs(b, "mqueue", "/dev/mqueue", NULL,
	       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
		->optional = true;
}

static void system_trees(struct builder *b)
{
	const uint64_t quiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	add_fs(b, "proc", "/proc", NULL, quiet);
	device_tree(b);
	if (b->facts->nested) {
		/* A namespace inside may mount its own proc and sysfs only while unmasked ones
		 * are in sight. */
		(void)add_dir(b, "/dev/.devbox", 0700);
		add_fs(b, "proc", "/dev/.devbox/proc", NULL, quiet);
		if (b->spec->network_mode != NET_HOST)
			add_fs(b, "sysfs", "/dev/.devbox/sys", NULL, quiet | MOUNT_ATTR_RDONLY);
	}
	if (b->spec->network_mode == NET_HOST)
		add_bind(b, b->sys_slot, "/sys", true);
	else
		add_fs(b, "sysfs", "/sys", NULL, quiet | MOUNT_ATTR_RDONLY);
	if (b->facts->has_cgroup2 && b->spec->network_mode != NET_HOST)
		add_fs(b, "cgroup2", "/sys/fs/cgroup", NULL, quiet | MOUNT_ATTR_RDONLY)
			->optional = true;
}

static void run_tree(struct builder *b)
{
	struct step *step;

	add_fs(b, "tmpfs", "/run", "mode=0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	(void)add_dir(b, "/run/lock", 01777);
	(void)add_dir(b, "/run/user", 0755);
	step = add_dir(b, keep(b, xasprintf("/run/user/%u", b->uid)), 0700);
	step->uid = b->uid;
	step->gid = b->gid;
}

/* --- phase 4: files and trees of the user's --- */

static void add_text(struct builder *b, const char *target, const char *data, uint64_t attr)
{
	struct step *step = add(b, STEP_TEXT);

	/* The host's /etc is read-only: what it lacks cannot be made there. */
	step->optional = b->facts->root_kind == ROOT_HOST;
	step->target = keep(b, xstrdup(target));
	step->data = keep(b, xstrdup(data));
	step->mode = 0644;
	step->attr = attr;
}

static void add_account(struct builder *b, const char *target, const char *line)
{
	struct step *step = add(b, STEP_ACCOUNT);

	step->target = keep(b, xstrdup(target));
	step->data = keep(b, xstrdup(line));
}

static void etc_files(struct builder *b)
{
	const struct box_facts *facts = b->facts;
	struct buf name = {0};

	buf_printf(&name, "%s\n", facts->hostname);
	add_text(b, "/etc/hostname", keep(b, buf_take(&name)), 0);
	add_text(b, "/etc/hosts", facts->hosts, 0);
	add_text(b, "/etc/resolv.conf", facts->resolv_conf, 0);
	if (facts->passwd) {
		add_text(b, "/etc/passwd", facts->passwd, MOUNT_ATTR_RDONLY);
		add_text(b, "/etc/group", facts->group, MOUNT_ATTR_RDONLY);
	} else if (facts->passwd_line[0]) {
		add_account(b, "/etc/passwd", facts->passwd_line);
		add_account(b, "/etc/group", facts->group_line);
	}
}

static int compare_wishes(const void *a, const void *b)
{
	return strcmp(((const struct wish *)a)->target, ((const struct wish *)b)->target);
}

/* On a fresh tmpfs home, folders to mount on are the user's, not the box's root's who makes
 * them. */
static void own_parents(struct builder *b, const char *target)
{
	const char *home = b->facts->home_in_box;
	size_t home_len = strlen(home);
	const char *slash;

	if (b->facts->home_dir || b->spec->home != HOME_TMPFS || !str_starts(target, home) ||
	    target[home_len] != '/')
		return;
	for (slash = strchr(target + home_len + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		char *folder = xstrndup(target, (size_t)(slash - target));
		struct step *step = add_dir(b, folder, 0755);

		step->uid = b->uid;
		step->gid = b->gid;
		free(folder);
	}
}

static void user_trees(struct builder *b)
{
	struct step *step;
	size_t i;

	if (b->wish_count > 0)
		qsort(b->wishes, b->wish_count, sizeof(*b->wishes), compare_wishes);
	for (i = 0; i < b->wish_count; i++) {
		const struct wish *w = &b->wishes[i];

		own_parents(b, w->target);
		if (w->is_tmpfs)
			step = add_fs(b, "tmpfs", w->target, w->data,
				      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					      (w->is_read_only ? MOUNT_ATTR_RDONLY : 0));
		else
			step = add_bind(b, w->slot, w->target, w->is_dir);
		step->at = w->at;
	}
}

static void protect(struct builder *b)
{
	static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq",
						"/proc/sysrq-trigger"};
	struct step *step;
	size_t i;

	for (i = 0; i < b->facts->masks.count; i++) {
		step = add(b, STEP_MASK);
		step->target = keep(b, xstrdup(b->facts->masks.items[i]));
	}
	for (i = 0; i < ARRAY_LEN(read_only); i++) {
		step = add(b, STEP_READ_ONLY);
		step->target = read_only[i];
	}
}

static void finish(struct builder *b)
{
	struct step *step;
	size_t i;

	if (b->spec->read_only)
		add(b, STEP_ROOT_READ_ONLY);
	add(b, STEP_PIVOT);
	step = add(b, STEP_HOSTNAME);
	step->data = keep(b, xstrdup(b->facts->hostname));
	step->at = place(b, &b->spec->hostname.at);
	if (b->spec->network_mode != NET_HOST)
		add(b, STEP_LO_UP);
	for (i = 0; i < b->spec->sysctl_count; i++) {
		const struct spec_sysctl *sysctl = &b->spec->sysctls[i];
		char *path = path_join("/proc/sys", sysctl->name);
		char *dot;

		for (dot = path; (dot = strchr(dot, '.')) != NULL; dot++)
			*dot = '/';
		step = add(b, STEP_SYSCTL);
		step->target = keep(b, path);
		step->data = keep(b, xstrdup(sysctl->value));
		step->at = place(b, &sysctl->at);
	}
}

static void builder_done(struct builder *b)
{
	size_t i;

	for (i = 0; i < b->wish_count; i++) {
		free(b->wishes[i].target);
		free(b->wishes[i].data);
	}
	free(b->wishes);
}

int plan_build(const struct spec *spec, const struct box_facts *facts, uid_t uid, gid_t gid,
	       struct plan *out_plan, struct err *err)
{
	struct builder b = {.spec = spec, .facts = facts, .uid = uid, .gid = gid};

	if (facts->lower.count > STEP_LOWER_MAX)
		return err_set(err, "image '%s' has %zu layers, more than %d", facts->image,
			       facts->lower.count, STEP_LOWER_MAX);

	phase_open(&b);
	phase_root(&b);
	if (facts->root_kind == ROOT_HOST)
		host_root(&b);
	system_trees(&b);
	run_tree(&b);
	etc_files(&b);
	user_trees(&b);
	protect(&b);
	finish(&b);
	b.plan.clone_flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
			     CLONE_NEWUTS | CLONE_NEWCGROUP;
	if (spec->network_mode != NET_HOST)
		b.plan.clone_flags |= CLONE_NEWNET;
	builder_done(&b);
	*out_plan = b.plan;
	return 0;
}

void plan_done(struct plan *plan)
{
	free(plan->steps);
	strv_done(&plan->texts);
	memset(plan, 0, sizeof(*plan));
}
