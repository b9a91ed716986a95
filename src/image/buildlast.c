#include "image/buildlast.h"

#include "image/store_private.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int build_last(const struct image_store *store,
	       bool (*is_it)(void *arg, const struct build_entry *entry), void *arg,
	       struct build_entry *out_entry, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct build_entry best = {0};
	struct dirent *item;
	int fd = openat(store->fd, BUILDS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		(void)err_sys(err, "read '%s/" BUILDS_DIR "'", store->dir);
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	while ((item = readdir(dir))) {
		AUTO_FREE char *path = build_path(item->d_name);
		struct build_entry entry;
		struct err ignored;

		if (!key_check(item->d_name) ||
		    build_read_at(store, path, &entry, &ignored) < 0)
			continue;
		if ((best.key && entry.used_ms <= best.used_ms) || !is_it(arg, &entry)) {
			build_entry_done(&entry);
			continue;
		}
		build_entry_done(&best);
		best = entry;
	}
	if (!best.key)
		return err_code(err, ENOENT, "such a build step");
	*out_entry = best;
	return 0;
}
