#include "puller/archive.h"

#include "puller/plain.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MEMBERS_MAX 100000
#define PATH_BYTES_MAX 4096
#define BLOCK 65536

char *archive_clean(const char *dir, const char *path)
{
	AUTO_STRV struct strv parts = {0};
	AUTO_FREE char *whole = path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", dir, path);
	struct buf out = {0};
	char *save = NULL;

	for (char *part = strtok_r(whole, "/", &save); part;
	     part = strtok_r(NULL, "/", &save)) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") != 0) {
			strv_add(&parts, part);
			continue;
		}
		if (parts.count == 0)
			return NULL;
		free(parts.items[--parts.count]);
		parts.items[parts.count] = NULL;
	}
	for (size_t i = 0; i < parts.count; i++)
		buf_printf(&out, "%s%s", i ? "/" : "", parts.items[i]);
	return buf_take(&out);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
}

static int broken(struct archive *a, struct err *err)
{
	const char *why = archive_error_string(a);

	(void)err_set(err, "it is no tar archive, or it is damaged%s%s", why ? ": " : "",
		      why ? why : "");
	return err_hint(err, "make it again, or see with 'tar -tf' what it is");
}

static int add_member(struct archive_index *index, struct archive *a,
		      struct archive_entry *entry, struct err *err)
{
	const char *path = archive_entry_pathname(entry);
	const char *link = archive_entry_symlink(entry);
	struct archive_member *member;
	AUTO_FREE char *clean = NULL;

	if ((archive_entry_filetype(entry) != AE_IFREG &&
	     archive_entry_filetype(entry) != AE_IFLNK) ||
	    archive_entry_hardlink(entry) || !path)
		return 0;
	if (strlen(path) >= PATH_BYTES_MAX || archive_entry_size(entry) < 0 ||
	    archive_entry_sparse_count(entry) > 0)
		return 0;
	clean = archive_clean("", path);
	if (!clean)
		return err_set(err, "it has a file outside of itself: '%.200s'", path);
	if (index->count == MEMBERS_MAX)
		return err_set(err, "it has more than %d files", MEMBERS_MAX);
	index->members = xrealloc(index->members, (index->count + 1) * sizeof(*member));
	member = &index->members[index->count];
	*member = (struct archive_member){
		.size = (uint64_t)archive_entry_size(entry),
		/* The header is consumed, and nothing of what follows. */
		.offset = (uint64_t)archive_filter_bytes(a, 0),
	};
	if (archive_entry_filetype(entry) == AE_IFLNK) {
		AUTO_FREE char *dir = folder_of(clean);

		member->link = link ? archive_clean(dir, link) : NULL;
		if (!member->link)
			return 0;
	}
	member->path = STEAL(clean);
	index->count++;
	return 0;
}

static int read_headers(struct archive_index *index, struct archive *a, struct err *err)
{
	struct archive_entry *entry;
	int rc;

	if (archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_open_fd(a, index->fd, BLOCK) != ARCHIVE_OK)
		return broken(a, err);
	for (;;) {
		rc = archive_read_next_header(a, &entry);
		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc < ARCHIVE_WARN)
			return broken(a, err);
		if (add_member(index, a, entry, err) < 0)
			return -1;
	}
}

static int open_index(const char *path, int dir_fd, struct archive_index *index,
		      struct err *err)
{
	struct archive *a;
	struct stat st;
	int rc;

	index->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (index->fd < 0)
		return err_sys(err, "open '%s'", path);
	if (fstat(index->fd, &st) < 0)
		return err_sys(err, "look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' is not a file", path);
	if (plain_make(&index->fd, dir_fd, PLAIN_FREE, err) < 0)
		return err_wrap(err, "'%s'", path);
	a = archive_read_new();
	if (!a)
		return err_code(err, ENOMEM, "read '%s'", path);
	rc = read_headers(index, a, err);
	(void)archive_read_free(a);
	return rc < 0 ? err_wrap(err, "'%s'", path) : 0;
}

int archive_open(const char *path, int dir_fd, struct archive_index *out_index, struct err *err)
{
	struct archive_index index = {.fd = -1};

	if (open_index(path, dir_fd, &index, err) < 0) {
		archive_done(&index);
		return -1;
	}
	*out_index = index;
	return 0;
}

const struct archive_member *archive_find(const struct archive_index *index, const char *path)
{
	for (int links = 0; links < 2; links++) {
		const struct archive_member *found = NULL;

		/* Of several the last one counts, as for who unpacks it. */
		for (size_t i = 0; i < index->count; i++) {
			if (strcmp(index->members[i].path, path) == 0)
				found = &index->members[i];
		}
		if (!found || !found->link)
			return found;
		path = found->link;
	}
	return NULL;
}

void archive_done(struct archive_index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		free(index->members[i].path);
		free(index->members[i].link);
	}
	free(index->members);
	cleanup_close(&index->fd);
	*index = (struct archive_index){.fd = -1};
}
