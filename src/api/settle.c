#include "api/ensure.h"

#include "api/internal.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/*
 * The own layer of a box and what it was made on: `<project>/box/<box>/{upper,work}`, `layers`
 * with one id a line ("sha256:<hex>" for the image, the ids of its layers, or the folder after
 * "rootfs:"), and `previous/` with the layer that was put aside last.
 */

#define LAYERS_FILE "layers"
#define LAYERS_MAX (64 * 1024)

static bool is_image(const char *line)
{
	return str_starts(line, "sha256:");
}

/* The image is for collecting; its layers alone make the base. */
static char *base_of(const char *text)
{
	struct buf out = {0};

	while (*text) {
		const size_t len = strcspn(text, "\n");

		if (!is_image(text)) {
			buf_add(&out, text, len);
			buf_putc(&out, '\n');
		}
		text += len + (text[len] == '\n');
	}
	return buf_take(&out);
}

static char *describe_base(const struct box_image *image, const struct prepared *prepared)
{
	struct buf out = {0};
	size_t i;

	if (image->id)
		buf_printf(&out, "%s\n", image->id);
	for (i = 0; i < image->layers.count; i++)
		buf_printf(&out, "%s\n", image->layers.items[i]);
	for (i = image->layers.count; i < prepared->lower.count; i++)
		buf_printf(&out, "rootfs:%s\n", prepared->lower.items[i]);
	return buf_take(&out);
}

/* The folders that a box described by @text stands on, topmost first. */
static void list_lower(const struct devbox *devbox, const char *text, struct strv *out)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (str_starts(line, "rootfs:"))
			strv_add(out, line + strlen("rootfs:"));
		else if (!is_image(line))
			strv_addf(out, "%s/layers/%s/diff", devbox->dirs.data, line);
	}
}

enum content { CONTENT_NONE, CONTENT_OURS, CONTENT_OF_BOX };

/* What is in the box's layer: nothing, what starting it leaves there, or more. */
static enum content look_at_layer(const struct devbox *devbox, int dir_fd, const char *before,
				  const struct prepared *prepared)
{
	AUTO_CLOSE int fd =
		openat(dir_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	static const struct plan nothing;
	static const struct strv nowhere;
	AUTO_STRV struct strv lower = {0};

	/* It belongs to the box, which may have closed it to us. */
	if (fd < 0)
		return errno == ENOENT ? CONTENT_NONE : CONTENT_OF_BOX;
	if (api_layer_is_untouched(fd, &nothing, &nowhere))
		return CONTENT_NONE;
	list_lower(devbox, before, &lower);
	return api_layer_is_untouched(fd, &prepared->plan, &lower) ? CONTENT_OURS
								   : CONTENT_OF_BOX;
}

/* What became of an interrupted try counts as done: the box had already been moved away. */
static int finish(struct devbox *devbox, const struct prepared *prepared, const char *dir,
		  const char *aside, struct err *err)
{
	AUTO_FREE char *previous = path_join(dir, "previous");

	if (access(aside, F_OK) < 0)
		return 0;
	if (api_remove_tree(devbox, prepared, previous, err) < 0)
		return -1;
	if (path_mkdirs(dir, 0755) < 0 || rename(aside, previous) < 0)
		return err_sys(err, "put the box's layer aside as '%s'", previous);
	log_note(" note: the image changed: what this box had written lies in '%s'", previous);
	return 0;
}

/*
 * The folders themselves belong to the root of the box, and who moves a folder elsewhere has to
 * own it: so what is moved is the folder around them.
 */
static int put_aside(struct devbox *devbox, const struct prepared *prepared, const char *dir,
		     const char *aside, struct err *err)
{
	AUTO_FREE char *previous = path_join(dir, "previous");

	if (api_remove_tree(devbox, prepared, previous, err) < 0)
		return -1;
	if (rename(dir, aside) < 0)
		return err_sys(err, "put the box's layer '%s' aside", dir);
	return finish(devbox, prepared, dir, aside, err);
}

static int throw_away(struct devbox *devbox, const struct prepared *prepared, const char *dir,
		      struct err *err)
{
	AUTO_FREE char *upper = path_join(dir, "upper");
	AUTO_FREE char *work = path_join(dir, "work");

	if (api_remove_tree(devbox, prepared, upper, err) < 0)
		return -1;
	return api_remove_tree(devbox, prepared, work, err);
}

/* What the box stood on the last time; free() it. */
static int read_before(int dir_fd, const char *now, bool has_image, char **out_text,
		       struct err *err)
{
	if (fd_read_file(dir_fd, LAYERS_FILE, LAYERS_MAX, out_text, err) == 0)
		return 0;
	if (err->code != ENOENT)
		return err_wrap(err, "what the box stands on");
	/* Made before this file was written: on a folder, as there was nothing else. */
	*out_text = xstrdup(has_image ? "" : now);
	return 0;
}

/* Where a layer is on its way to `previous`, beside the box's folder. */
static char *aside_of(const char *dir)
{
	const char *name = strrchr(dir, '/') + 1;

	return xasprintf("%.*s.aside-%s", (int)(name - dir), dir, name);
}

static bool is_same_base(const char *a, const char *b)
{
	AUTO_FREE char *base_a = base_of(a);
	AUTO_FREE char *base_b = base_of(b);

	return strcmp(base_a, base_b) == 0;
}

int api_settle_layer(struct devbox *devbox, const char *dir, const struct box_image *image,
		     const struct prepared *prepared, bool *out_moved, struct err *err)
{
	AUTO_FREE char *aside = aside_of(dir);
	AUTO_FREE char *now = describe_base(image, prepared);
	AUTO_FREE char *before = NULL;
	AUTO_CLOSE int fd = -1;
	enum content content = CONTENT_NONE;

	*out_moved = false;
	if (prepared->lower.count == 0)
		return 0;
	if (finish(devbox, prepared, dir, aside, err) < 0)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open '%s'", dir);
	if (read_before(fd, now, image->id != NULL, &before, err) < 0)
		return -1;
	if (!is_same_base(before, now))
		content = look_at_layer(devbox, fd, before, prepared);
	if (content != CONTENT_NONE) {
		if ((content == CONTENT_OURS
			     ? throw_away(devbox, prepared, dir, err)
			     : put_aside(devbox, prepared, dir, aside, err)) < 0)
			return -1;
		*out_moved = true;
		(void)close(fd);
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (!*out_moved && strcmp(before, now) == 0 && faccessat(fd, LAYERS_FILE, F_OK, 0) == 0)
		return 0;
	return fd_write_atomic(fd, LAYERS_FILE, now, strlen(now), 0600, err);
}
