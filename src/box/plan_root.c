#include "box/plan_build.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <linux/mount.h>
#include <string.h>

enum { DEVICES_REQUIRED = 6 };

/*
 * Files of ids outside the map would all be nobody's (65534): they are shown as root's, the
 * others as whose they are.
 */
static const char *fuse_options(const struct box_facts *facts)
{
	if (facts->is_single_id)
		return ",squash_to_root";
	if (facts->has_foreign_ids)
		return ",uidmapping=0:0:65534:65534:0:1,gidmapping=0:0:65534:65534:0:1";
	return "";
}

static void add_root(struct plan_builder *b)
{
	const struct box_facts *facts = b->facts;
	struct step *step = plan_add(b, STEP_BECOME_ROOT);

	step->optional = facts->is_single_id;
	plan_add(b, STEP_STAGE);
	if (facts->root_kind == ROOT_HOST) {
		plan_add(b, STEP_ROOT_STAGE);
	} else {
		step = plan_add(b, facts->root_kind == ROOT_FUSE ? STEP_ROOT_FUSE
								 : STEP_ROOT_OVERLAY);
		step->lower = b->lower_slot0;
		step->lower_count = (int)facts->lower.count;
		step->upper = b->upper_slot;
		step->work = b->work_slot;
		step->data = facts->root_kind == ROOT_FUSE ? fuse_options(facts) : NULL;
		if (facts->root_kind == ROOT_FUSE && facts->upper_dir)
			step->target = strrchr(facts->upper_dir, '/') + 1;
		step->source = plan_keep(b, xstrdup(facts->image));
		step->at = plan_place(b, &b->spec->image.at);
	}
	plan_add(b, STEP_ROOT_OPEN);
}

static void host_root(struct plan_builder *b)
{
	static const char *const dirs[] = {"/var/tmp", "/tmp"};
	size_t i;

	for (i = 0; i < b->facts->entry_count; i++) {
		const struct host_entry *entry = &b->facts->entries[i];
		const char *target = plan_keep(b, path_join("/", entry->name));

		if (entry->link)
			plan_add_symlink(b, target, entry->link);
		else
			plan_add_bind(b, b->entry_slot0 + (int)i, target, true);
	}
	for (i = 0; i < ARRAY_LEN(dirs); i++)
		(void)plan_add_dir(b, dirs[i], 01777);
	(void)plan_add_dir(b, "/var/lib", 0755);
	(void)plan_add_dir(b, "/var/log", 0755);
	(void)plan_add_dir(b, "/var/cache", 0755);
	(void)plan_add_dir(b, "/root", 0700);
	(void)plan_add_dir(b, "/mnt", 0755);
	(void)plan_add_dir(b, "/srv", 0755);
	plan_add_symlink(b, "/var/run", "/run");
	plan_add_symlink(b, "/var/lock", "/run/lock");
}

static void device_tree(struct plan_builder *b)
{
	static const char *const links[][2] = {
		{"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"},
		{"/dev/stdout", "/proc/self/fd/1"}, {"/dev/stderr", "/proc/self/fd/2"},
		{"/dev/ptmx", "pts/ptmx"},
	};
	size_t i;

	plan_add_fs(b, "tmpfs", "/dev", "mode=0755,size=65536k",
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
	for (i = 0; i < ARRAY_LEN(plan_device_names); i++) {
		if (b->device_slots[i] >= 0)
			plan_add_bind(b, b->device_slots[i],
				      plan_keep(b, path_join("/dev", plan_device_names[i])),
				      false)
				->optional = i >= DEVICES_REQUIRED;
	}
	for (i = 0; i < ARRAY_LEN(links); i++)
		plan_add_symlink(b, links[i][0], links[i][1]);
	plan_add_fs(b, "devpts", "/dev/pts",
		    b->facts->is_single_id ? "newinstance,ptmxmode=0666,mode=0620"
					   : "newinstance,ptmxmode=0666,mode=0620,gid=5",
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (b->spec->shm_size_bytes.is_set)
		plan_add_fs(b, "tmpfs", "/dev/shm",
			    plan_keep(b, xasprintf("mode=1777,size=%lld",
						   (long long)b->spec->shm_size_bytes.value)),
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
			->at = plan_place(b, &b->spec->shm_size_bytes.at);
	else
		(void)plan_add_scratch(b, "/dev/shm", 01777);
	plan_add_fs(b, "mqueue", "/dev/mqueue", NULL,
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
		->optional = true;
}

static void system_trees(struct plan_builder *b)
{
	const uint64_t quiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	plan_add_fs(b, "proc", "/proc", NULL, quiet);
	device_tree(b);
	if (b->facts->nested) {
		/* A namespace inside may mount its own proc and sysfs only while unmasked ones
		 * are in sight. */
		(void)plan_add_dir(b, "/dev/.devbox", 0700);
		plan_add_fs(b, "proc", "/dev/.devbox/proc", NULL, quiet);
		if (b->spec->network_mode != NET_HOST)
			plan_add_fs(b, "sysfs", "/dev/.devbox/sys", NULL,
				    quiet | MOUNT_ATTR_RDONLY);
	}
	if (b->spec->network_mode == NET_HOST)
		plan_add_bind(b, b->sys_slot, "/sys", true);
	else
		plan_add_fs(b, "sysfs", "/sys", NULL, quiet | MOUNT_ATTR_RDONLY);
	if (b->facts->has_cgroup2 && b->spec->network_mode != NET_HOST)
		plan_add_fs(b, "cgroup2", "/sys/fs/cgroup", NULL, quiet | MOUNT_ATTR_RDONLY)
			->optional = true;
}

static void run_tree(struct plan_builder *b)
{
	struct step *step;

	(void)plan_add_scratch(b, "/run", 0755);
	(void)plan_add_dir(b, "/run/lock", 01777);
	(void)plan_add_dir(b, "/run/user", 0755);
	step = plan_add_dir(b, plan_keep(b, xasprintf("/run/user/%u", b->uid)), 0700);
	step->uid = b->uid;
	step->gid = b->gid;
}

void plan_root(struct plan_builder *b)
{
	add_root(b);
	if (b->facts->root_kind == ROOT_HOST)
		host_root(b);
	system_trees(b);
	run_tree(b);
}
