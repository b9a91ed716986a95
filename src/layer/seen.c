#include "layer/seen.h"

#include "util/str.h"

#include <stdlib.h>

#define FIRST_SIZE 64

struct seen_file {
	dev_t device;
	ino_t inode;
	char *path; /* NULL: free */
};

static struct seen_file *slot(const struct seen *seen, dev_t device, ino_t inode)
{
	uint64_t hash = str_hash(&inode, sizeof(inode), STR_HASH_SEED);
	size_t at;

	for (at = hash & (seen->size - 1);; at = (at + 1) & (seen->size - 1)) {
		struct seen_file *file = &seen->files[at];

		if (!file->path || (file->device == device && file->inode == inode))
			return file;
	}
}

static void grow(struct seen *seen)
{
	struct seen old = *seen;
	size_t i;

	seen->size = old.size ? 2 * old.size : FIRST_SIZE;
	seen->files = xmalloc(seen->size * sizeof(*seen->files));
	for (i = 0; i < old.size; i++) {
		const struct seen_file *file = &old.files[i];

		if (file->path)
			*slot(seen, file->device, file->inode) = *file;
	}
	free(old.files);
}

const char *seen_before(struct seen *seen, const struct stat *st, const char *path)
{
	struct seen_file *file;

	if (2 * seen->count >= seen->size)
		grow(seen);
	file = slot(seen, st->st_dev, st->st_ino);
	if (file->path)
		return file->path;
	*file = (struct seen_file){st->st_dev, st->st_ino, xstrdup(path)};
	seen->count++;
	return NULL;
}

void seen_done(struct seen *seen)
{
	size_t i;

	for (i = 0; i < seen->size; i++)
		free(seen->files[i].path);
	free(seen->files);
	*seen = (struct seen){0};
}
