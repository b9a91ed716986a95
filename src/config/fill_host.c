#include "config/fill.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <string.h>

static int set_workspace_source(struct fill *f, const char *what, const struct node *node)
{
	const char *text;

	if (value_text(f, what, node, "a folder, or {source, target, read_only}", &text) < 0)
		return -1;
	if (strchr(text, ':')) {
		(void)place_fail(f->err, &node->at, "%s '%.200s' has a ':'", what, text);
		return err_hint(f->err, "write {source: ., target: /work}");
	}
	return value_host_path(f, what, node, text, &f->spec->workspace.source);
}

int fill_workspace(struct fill *f, const char *key, const struct node *value)
{
	const struct node *source = node_get(value, "source");
	const struct node *target = node_get(value, "target");
	const struct node *read_only = node_get(value, "read_only");
	const char *text;

	f->spec->workspace.at = value_origin(f, value);
	if (value->kind != NODE_MAP)
		return set_workspace_source(f, key, value);

	if (source && set_workspace_source(f, "workspace.source", source) < 0)
		return -1;
	if (target &&
	    (value_text(f, "workspace.target", target, "a path in the box", &text) < 0 ||
	     value_box_target(f, "workspace.target", target, text, &f->spec->workspace.target) <
		     0))
		return -1;
	if (read_only)
		return value_bool(f, "workspace.read_only", read_only,
				  &f->spec->workspace.is_read_only);
	return 0;
}

/* "r", "rw", "rwm" and so on; mknod is never possible in a user namespace and means nothing
 * more. */
static int read_permissions(struct fill *f, const struct node *item, const char *text,
			    bool *is_read_only)
{
	if (!*text || text[strspn(text, "rwm")] != '\0' || !strchr(text, 'r')) {
		(void)place_fail(f->err, &item->at,
				 "devices: '%.100s' must be 'r', 'rw' or 'rwm'", text);
		return -1;
	}
	*is_read_only = !strchr(text, 'w');
	return 0;
}

static int device_path(struct fill *f, const struct node *item, const char *text,
		       char **out_path)
{
	AUTO_FREE char *path = path_normalize("/", text);

	if (*text != '/' || !path_is_below(path, "/dev") || strcmp(path, "/dev") == 0 ||
	    !str_is_printable(text)) {
		(void)place_fail(f->err, &item->at, "devices: '%.200s' is not a path in /dev",
				 text);
		return err_hint(f->err, "write /dev/NAME[:/dev/NAME_IN_THE_BOX][:rw]");
	}
	*out_path = STEAL(path);
	return 0;
}

static int add_device(struct fill *f, const char *what, const struct node *item)
{
	struct spec *spec = f->spec;
	AUTO_FREE char *source = NULL;
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *copy = NULL;
	bool is_read_only = false;
	const char *text;
	char *second;
	char *third;

	if (value_text(f, what, item, "a list of SOURCE[:TARGET][:rw]", &text) < 0)
		return -1;
	copy = xstrdup(text);
	second = strchr(copy, ':');
	if (second)
		*second++ = '\0';
	third = second ? strchr(second, ':') : NULL;
	if (third)
		*third++ = '\0';
	if (second && !third && *second != '/') {
		third = second;
		second = NULL;
	}
	if (device_path(f, item, copy, &source) < 0 ||
	    device_path(f, item, second ? second : copy, &target) < 0 ||
	    (third && read_permissions(f, item, third, &is_read_only) < 0))
		return -1;

	spec->devices =
		xrealloc(spec->devices, (spec->device_count + 1) * sizeof(*spec->devices));
	spec->devices[spec->device_count++] = (struct spec_device){
		.source = STEAL(source),
		.target = STEAL(target),
		.is_read_only = is_read_only,
		.at = value_origin(f, item),
	};
	return 0;
}

int fill_devices(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, false, add_device);
}

int fill_shm_size(struct fill *f, const char *key, const struct node *value)
{
	uint64_t bytes;

	if (value_size(f, key, value, &bytes) < 0)
		return -1;
	f->spec->shm_size_bytes = (struct spec_number){
		.is_set = true, .value = (int64_t)bytes, .at = value_origin(f, value)};
	return 0;
}
