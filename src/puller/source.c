#include "puller/source.h"

#include "util/cleanup.h"
#include "util/path.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int source_open(const struct reference *reference, int room_fd, struct source *out_source,
		struct err *err)
{
	struct source source = {.path = reference->path, .dir_fd = -1, .archive = {.fd = -1}};

	if (reference->source == IMAGE_OCI_DIR) {
		source.dir_fd = open(reference->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (source.dir_fd < 0)
			return err_sys(err, "open folder '%s'", reference->path);
	} else if (archive_open(reference->path, room_fd, &source.archive, err) < 0) {
		return -1;
	}
	*out_source = source;
	return 0;
}

void source_close(struct source *source)
{
	for (size_t i = 0; i < source->fd_count; i++)
		(void)close(source->fds[i]);
	free(source->fds);
	cleanup_close(&source->dir_fd);
	archive_done(&source->archive);
	*source = (struct source){.dir_fd = -1, .archive = {.fd = -1}};
}

static int find_in_folder(struct source *source, const char *path, struct piece *out_piece,
			  struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	fd = path_open_in_root(source->dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s' in '%s'", path, source->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' in '%s' is not a file", path, source->path);
	source->fds = xrealloc(source->fds, (source->fd_count + 1) * sizeof(*source->fds));
	source->fds[source->fd_count++] = fd;
	*out_piece = (struct piece){.fd = steal_fd(&fd), .size = (uint64_t)st.st_size};
	return 0;
}

int source_find(struct source *source, const char *path, struct piece *out_piece,
		struct err *err)
{
	const struct archive_member *member;

	if (source->dir_fd >= 0)
		return find_in_folder(source, path, out_piece, err);
	member = archive_find(&source->archive, path);
	if (!member)
		return err_code(err, ENOENT, "find '%.200s' in '%s'", path, source->path);
	*out_piece = (struct piece){
		.fd = source->archive.fd, .offset = member->offset, .size = member->size};
	return 0;
}

int source_blob(struct source *source, const struct descriptor *blob, struct piece *out_piece,
		struct err *err)
{
	AUTO_FREE char *path = NULL;
	struct piece piece;

	if (!digest_check(blob->digest))
		return err_set(err, "'%.80s' is no digest", blob->digest);
	path = xasprintf("blobs/sha256/%s", digest_hex(blob->digest));
	if (source_find(source, path, &piece, err) < 0) {
		(void)err_wrap(err, "blob '%s'", blob->digest);
		return err_hint(err, "the image is incomplete; make it again");
	}
	if (piece.size != blob->size) {
		(void)err_set(err, "blob '%s' has %llu bytes, it should have %llu",
			      blob->digest, (unsigned long long)piece.size,
			      (unsigned long long)blob->size);
		err->code = EBADMSG;
		return err_hint(err, "the image is damaged; make it again");
	}
	*out_piece = piece;
	return 0;
}

int source_read(const struct piece *piece, const char *what, char **out_text, size_t *out_len,
		struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t done = 0;

	if (piece->size > DOCUMENT_MAX)
		return err_code(err, EFBIG, "read '%s'", what);
	text = xmalloc((size_t)piece->size + 1);
	while (done < piece->size) {
		ssize_t n = pread(piece->fd, text + done, (size_t)piece->size - done,
				  (off_t)(piece->offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read '%s'", what);
		if (n == 0)
			return err_set(err, "'%s' is cut short", what);
		done += (size_t)n;
	}
	*out_text = STEAL(text);
	*out_len = done;
	return 0;
}
