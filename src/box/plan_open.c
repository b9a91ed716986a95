#include "box/plan_build.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <assert.h>
#include <linux/mount.h>
#include <string.h>

static int add_tree(struct plan_builder *b, const char *source, const struct known_node *node,
		    uint64_t attr, struct step_place at)
{
	struct step *step = plan_add(b, STEP_OPEN_TREE);

	step->source = plan_keep(b, xstrdup(source));
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

static int add_dir_slot(struct plan_builder *b, const char *source, bool own)
{
	struct step *step = plan_add(b, STEP_OPEN_DIR);
	int slot = (int)b->plan.slot_count++;

	step->source = plan_keep(b, xstrdup(source));
	step->slot = slot;
	if (own) {
		step = plan_add(b, STEP_OWN_DIR);
		step->slot = slot;
		step->source = plan_keep(b, xstrdup(source));
	}
	return slot;
}

static struct plan_wish *wish(struct plan_builder *b, const char *target, int slot, bool is_dir,
			      const struct origin *at)
{
	struct plan_wish *w;

	b->wishes = xrealloc(b->wishes, (b->wish_count + 1) * sizeof(*w));
	w = &b->wishes[b->wish_count++];
	memset(w, 0, sizeof(*w));
	w->target = xstrdup(target);
	w->slot = slot;
	w->is_dir = is_dir;
	w->at = plan_place(b, at);
	return w;
}

static const char *below_home(struct plan_builder *b, const char *path)
{
	const char *home = b->facts->user.home;
	size_t len = strlen(home);

	if (str_starts(path, home) && path[len] == '/')
		return plan_keep(b, path_join(b->facts->home_in_box, path + len));
	return path;
}

static void open_devices(struct plan_builder *b)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(plan_device_names); i++) {
		struct step *step;

		b->device_slots[i] = -1;
		if (!b->facts->has_dev[i])
			continue;
		b->device_slots[i] =
			add_tree(b, plan_keep(b, path_join("/dev", plan_device_names[i])), NULL,
				 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, (struct step_place){0});
		step = &b->plan.steps[b->plan.count - 1];
		step->recursive = false;
	}
}

static void open_home(struct plan_builder *b)
{
	const struct spec *spec = b->spec;
	const char *target = b->facts->home_in_box;
	const char *source = b->facts->home_dir;
	struct plan_wish *w;
	int slot;

	if (b->facts->is_build || spec->home == HOME_IMAGE)
		return;
	if (spec->home == HOME_SHARED)
		source = b->facts->user.home;
	if (!source) {
		w = wish(b, target, -1, true, &spec->home_at);
		w->is_scratch = true;
		return;
	}
	slot = add_tree(b, source, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
			plan_place(b, &spec->home_at));
	wish(b, target, slot, true, &spec->home_at);
}

static void open_workspace(struct plan_builder *b, const struct known_node *node)
{
	const struct spec *spec = b->spec;
	uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	struct plan_wish *w;

	if (!spec->workspace.source)
		return;
	if (b->facts->is_build && !spec->workspace.is_read_only) {
		wish(b, spec->workspace.target, -1, true, &spec->workspace.at)->is_scratch =
			true;
		return;
	}
	if (spec->workspace.is_read_only)
		attr |= MOUNT_ATTR_RDONLY;
	w = wish(b, spec->workspace.target,
		 add_tree(b, spec->workspace.source, node, attr,
			  plan_place(b, &spec->workspace.at)),
		 true, &spec->workspace.at);
	w->is_read_only = spec->workspace.is_read_only;
}

static void open_git_common(struct plan_builder *b)
{
	const char *path = b->facts->git_common;

	if (path)
		wish(b, path,
		     add_tree(b, path, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
			      plan_place(b, &b->spec->workspace.at)),
		     true, &b->spec->workspace.at);
}

static void open_home_files(struct plan_builder *b, const struct known_node *nodes)
{
	size_t i;

	for (i = 0; i < b->spec->home_file_count; i++) {
		const struct spec_home_file *file = &b->spec->home_files[i];
		uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		struct plan_wish *w;

		if (file->mode == HOME_FILE_COPY) /* copied into the home before the start */
			continue;
		if (file->mode == HOME_FILE_RO)
			attr |= MOUNT_ATTR_RDONLY;
		w = wish(b, below_home(b, file->path),
			 add_tree(b, file->path, &nodes[i], attr, plan_place(b, &file->at)),
			 nodes[i].is_dir, &file->at);
		w->is_read_only = file->mode == HOME_FILE_RO;
	}
}

static void open_volumes(struct plan_builder *b, const struct known_node *nodes)
{
	size_t i;

	for (i = 0; i < b->spec->volume_count; i++) {
		const struct spec_volume *volume = &b->spec->volumes[i];
		uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		struct plan_wish *w;

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
					  plan_place(b, &volume->at)),
				 is_dir, &volume->at);
		}
		w->is_read_only = volume->is_read_only;
	}
}

static void open_extra_devices(struct plan_builder *b, const struct known_node *nodes)
{
	size_t i;

	for (i = 0; i < b->spec->device_count; i++) {
		const struct spec_device *device = &b->spec->devices[i];
		uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
		struct plan_wish *w;

		if (device->is_read_only)
			attr |= MOUNT_ATTR_RDONLY;
		w = wish(b, device->target,
			 add_tree(b, device->source, &nodes[i], attr,
				  plan_place(b, &device->at)),
			 nodes[i].is_dir, &device->at);
		w->is_read_only = device->is_read_only;
	}
}

static void open_root_sources(struct plan_builder *b)
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
				(void)add_tree(
					b, plan_keep(b, path_join("/", facts->entries[i].name)),
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

void plan_open(struct plan_builder *b)
{
	const struct spec *spec = b->spec;
	const struct known_node *node = b->facts->nodes;

	assert(node); /* one for the workspace at least */

	plan_add(b, STEP_SLAVE);
	open_root_sources(b);
	open_devices(b);
	if (spec->network_mode == NET_HOST)
		b->sys_slot =
			add_tree(b, "/sys", NULL, MOUNT_ATTR_RDONLY, (struct step_place){0});
	open_home(b);
	open_workspace(b, node);
	open_git_common(b);
	node += 1;
	open_home_files(b, node);
	node += spec->home_file_count;
	open_volumes(b, node);
	node += spec->volume_count;
	open_extra_devices(b, node);
	if (b->facts->hosts_file) {
		b->hosts_slot = add_tree(b, b->facts->hosts_file, NULL,
					 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						 MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
					 (struct step_place){0});
		b->plan.steps[b->plan.count - 1].recursive = false;
	}
}
