#include "state/record.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".box"
#define NAME_LEN_MAX 128

/* A name that is one file name: users type it. */
static bool is_box_name(const char *box)
{
	return *box && *box != '.' && strlen(box) <= NAME_LEN_MAX && !strchr(box, '/') &&
	       str_is_printable(box);
}

static char *record_path(const char *runtime_dir, const char *box, struct err *err)
{
	if (is_box_name(box))
		return xasprintf("%s/%s" SUFFIX, runtime_dir, box);
	(void)err_set(err, "'%s' is not a name of a box", box);
	err->code = ENOENT;
	return NULL;
}

int record_save(const char *runtime_dir, const struct record *record, struct err *err)
{
	AUTO_FREE char *path = record_path(runtime_dir, record->box, err);
	AUTO_FREE char *text = record_format(record);

	if (!path)
		return -1;
	if (path_mkdirs(runtime_dir, 0700) < 0)
		return err_sys(err, "make folder '%s'", runtime_dir);
	/* The environment of a box is nobody else's business: 0600. */
	if (fd_write_atomic(AT_FDCWD, path, text, strlen(text), 0600, err) < 0)
		return err_wrap(err, "run record");
	return 0;
}

int record_load(const char *runtime_dir, const char *box, struct record *out_record,
		struct err *err)
{
	AUTO_FREE char *path = record_path(runtime_dir, box, err);
	AUTO_FREE char *text = NULL;

	if (!path)
		return -1;
	if (fd_read_file(AT_FDCWD, path, RECORD_MAX, &text, err) < 0)
		return err_wrap(err, "run record");
	if (record_parse(text, out_record, err) < 0) {
		(void)err_wrap(err, "'%s'", path);
		return err_hint(err, "'devbox down' removes what is left of the box");
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int record_list(const char *runtime_dir, struct strv *out_boxes, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(runtime_dir);
	AUTO_STRV struct strv boxes = {0};
	const struct dirent *entry;

	if (!dir && errno != ENOENT)
		return err_sys(err, "read folder '%s'", runtime_dir);

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *name = NULL;

		if (!str_ends(entry->d_name, SUFFIX))
			continue;
		name = xstrndup(entry->d_name, strlen(entry->d_name) - strlen(SUFFIX));
		if (is_box_name(name))
			strv_take(&boxes, STEAL(name));
	}
	if (boxes.count)
		qsort(boxes.items, boxes.count, sizeof(*boxes.items), compare);
	*out_boxes = boxes;
	boxes = (struct strv){0};
	return 0;
}
