#include "box/facts_parts.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
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

/* Where the thing at @path lies that is @node: the very one the child will insist on. */
static char *find_node(const char *path, const struct known_node *node)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	AUTO_FREE char *link = xasprintf("/proc/self/fd/%d", fd);
	char real[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != node->dev || st.st_ino != node->ino)
		return NULL;
	n = readlink(link, real, sizeof(real));
	return n > 0 && n < (ssize_t)sizeof(real) ? xstrndup(real, (size_t)n) : NULL;
}

/*
 * What lies in a folder that boxes write to is theirs to replace: by a link to the home of the
 * user, for the next start to follow. So a source that is written as lying in such a folder
 * must lie there in truth. @dir: that folder as it is written; NULL: none.
 */
static int check_way(const struct spec_volume *volume, const struct known_node *node,
		     const char *dir, struct err *err)
{
	AUTO_FREE char *real_dir = NULL;
	AUTO_FREE char *real = NULL;

	if (!dir || strcmp(volume->source, dir) == 0 || !path_is_below(volume->source, dir))
		return 0;
	real_dir = realpath(dir, NULL);
	real = find_node(volume->source, node);
	if (!real_dir || !real) {
		(void)err_code(err, ESTALE, "volume source '%s'", volume->source);
		(void)spec_at(&volume->at, err);
		return err_hint(err, "it was replaced while we looked; try again");
	}
	if (path_is_below(real, real_dir))
		return 0;
	(void)err_set(err, "volume source '%s' is a link out of '%s'", volume->source, dir);
	(void)spec_at(&volume->at, err);
	return err_hint(err,
			"boxes write to that folder, so one may have made the link; if you "
			"did, name '%s' itself",
			real);
}

static int check_ways(const struct spec *spec, const struct spec_volume *volume,
		      const struct known_node *node, struct err *err)
{
	if (!spec->workspace.is_read_only &&
	    check_way(volume, node, spec->workspace.source, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->volume_count; i++) {
		const struct spec_volume *other = &spec->volumes[i];

		if (other->type == VOLUME_BIND && !other->is_read_only &&
		    check_way(volume, node, other->source, err) < 0)
			return -1;
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
		if (volume->type == VOLUME_BIND &&
		    check_ways(spec, volume, &facts->nodes[facts->node_count - 1], err) < 0)
			return -1;
	}
	for (i = 0; i < spec->device_count; i++) {
		if (look_device(&spec->devices[i], facts, err) < 0)
			return -1;
	}
	return 0;
}
