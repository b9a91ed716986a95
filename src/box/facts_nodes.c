#include "box/facts_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int look(struct box_facts *facts, const char *what, const char *path,
		const struct origin *at, struct err *err)
{
	struct known_node node = {0};
	struct stat st;

	if (path && stat(path, &st) < 0) {
		(void)err_sys(err, "%s '%s'", what, path);
		(void)spec_at(at, err);
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
		return spec_at(&spec->workspace.at, err);
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
		return spec_at(&device->at, err);
	}
	if (!node->is_dir &&
	    access(device->source, device->is_read_only ? R_OK : R_OK | W_OK) < 0) {
		(void)err_sys(err, "device '%s'", device->source);
		(void)spec_at(&device->at, err);
		return err_hint(err,
				"a box can use what you can open yourself; does a group own it "
				"('ls -l %s')?",
				device->source);
	}
	return 0;
}

int facts_nodes(const struct spec *spec, struct box_facts *facts, struct err *err)
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
