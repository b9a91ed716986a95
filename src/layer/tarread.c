#include "layer/tarread.h"

#include "layer/name.h"
#include "util/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tar_reader {
	struct archive *archive;
	struct archive_entry *entry; /* in hand; the archive's */
	struct stream *stream;
	int (*each)(void *arg, size_t bytes);
	void *arg;
	uint64_t bytes;    /* came from the stream */
	uint64_t data_end; /* of the entry in hand, where that is known */
};

#define BLOCK 512

/* Archives that end with the last byte of the last file are about: umoci makes them. */
static size_t missing_padding(const struct tar_reader *tar)
{
	return tar->bytes == tar->data_end ? -tar->bytes % BLOCK : 0;
}

static la_ssize_t read_block(struct archive *archive, void *arg, const void **out_data)
{
	static const char zeros[BLOCK];
	struct tar_reader *tar = arg;
	ssize_t n = stream_take(tar->stream, out_data);

	if (n == 0) {
		n = (ssize_t)missing_padding(tar);
		*out_data = zeros;
		tar->bytes += (uint64_t)n;
		return n;
	}
	tar->bytes += n > 0 ? (uint64_t)n : 0;
	if (n > 0 && tar->each && tar->each(tar->arg, (size_t)n) < 0)
		n = -1;
	if (n < 0)
		archive_set_error(archive, EIO, "no more data");
	return n;
}

static int open_archive(struct tar_reader *tar)
{
	return tar->archive && archive_read_support_format_tar(tar->archive) == ARCHIVE_OK &&
			       archive_read_support_format_empty(tar->archive) == ARCHIVE_OK &&
			       archive_read_open2(tar->archive, tar, NULL, read_block, NULL,
						  NULL) == ARCHIVE_OK
		       ? 0
		       : -1;
}

struct tar_reader *tar_reader_new(struct stream *stream, int (*each)(void *arg, size_t bytes),
				  void *arg)
{
	struct tar_reader *tar = xmalloc(sizeof(*tar));

	tar->stream = stream;
	tar->each = each;
	tar->arg = arg;
	tar->archive = archive_read_new();
	return tar;
}

void tar_reader_free(struct tar_reader *tar)
{
	if (!tar)
		return;
	(void)archive_read_free(tar->archive);
	free(tar);
}

static int broken(const struct tar_reader *tar, struct err *err)
{
	const char *why = tar->archive ? archive_error_string(tar->archive) : NULL;
	char text[NAME_SAY_MAX];

	return err_set(err, "not a whole tar archive: %s",
		       name_say(why ? why : "no memory", text));
}

static int64_t or_zero(bool is_set, int64_t value)
{
	return is_set ? value : 0;
}

/* Characters that the library could not put into the locale's set it leaves as they are, which
 * is what we want: it only warns. */
int tar_reader_next(struct tar_reader *tar, struct tar_entry *out_entry, struct err *err)
{
	struct archive_entry *e;
	int result;

	if (!tar->entry && open_archive(tar) < 0)
		return broken(tar, err);
	result = archive_read_next_header(tar->archive, &e);
	if (result == ARCHIVE_EOF)
		return 0;
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return broken(tar, err);

	tar->entry = e;
	/* The header was taken, and nothing of what follows. */
	tar->data_end = (uint64_t)archive_filter_bytes(tar->archive, 0) +
			(uint64_t)or_zero(archive_entry_size_is_set(e), archive_entry_size(e));
	if (archive_entry_sparse_count(e) > 0)
		tar->data_end = UINT64_MAX;
	(void)archive_entry_xattr_reset(e);
	*out_entry = (struct tar_entry){
		.path = archive_entry_pathname(e),
		.hard_link = archive_entry_hardlink(e),
		.symlink = archive_entry_symlink(e),
		.mode = archive_entry_mode(e),
		.uid = archive_entry_uid(e),
		.gid = archive_entry_gid(e),
		.size = (uint64_t)or_zero(archive_entry_size_is_set(e), archive_entry_size(e)),
		.mtime = or_zero(archive_entry_mtime_is_set(e), archive_entry_mtime(e)),
		.mtime_ns = (uint32_t)archive_entry_mtime_nsec(e),
	};
	if (!out_entry->path)
		return err_set(err, "an entry of the layer has no name");
	return 1;
}

int tar_reader_data(struct tar_reader *tar, struct tar_piece *out_piece, struct err *err)
{
	struct tar_piece piece = {0};
	la_int64_t offset = 0;
	int result = archive_read_data_block(tar->archive, &piece.data, &piece.len, &offset);

	if (result == ARCHIVE_EOF)
		return 0;
	if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) || offset < 0)
		return broken(tar, err);
	piece.offset = (uint64_t)offset;
	*out_piece = piece;
	return 1;
}

bool tar_reader_has_xattrs(struct tar_reader *tar)
{
	return archive_entry_xattr_count(tar->entry) > 0;
}

bool tar_reader_xattr(struct tar_reader *tar, struct tar_xattr *out_xattr)
{
	struct tar_xattr x = {0};

	if (archive_entry_xattr_next(tar->entry, &x.name, &x.value, &x.len) != ARCHIVE_OK)
		return false;
	*out_xattr = x;
	return true;
}

bool tar_reader_has_acl(struct tar_reader *tar)
{
	return archive_entry_acl_types(tar->entry) != 0;
}

int tar_reader_drain(struct tar_reader *tar, struct err *err)
{
	const void *data;
	ssize_t n;

	do {
		n = stream_take(tar->stream, &data);
		if (n > 0 && tar->each && tar->each(tar->arg, (size_t)n) < 0)
			n = -1;
	} while (n > 0);
	return n < 0 ? err_set(err, "not a whole tar archive: no more data") : 0;
}
