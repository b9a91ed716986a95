#include "layer/extract.h"
#include "layer/layer.h"
#include "layer/settle.h"
#include "layer/stream.h"
#include "layer/tarread.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define GIB (UINT64_C(1) << 30)
/* The room left on the disk is looked at after so many bytes. */
#define ROOM_EVERY (UINT64_C(64) << 20)

/* What each block of the stream is told to. */
struct watch {
	const struct layer_options *options;
	const struct stream *stream;
	int diff_fd;
	uint64_t free_bytes;
	uint64_t since; /* bytes since the room was looked at */
	struct err err; /* why to stop */
};

static struct layer_limits with_defaults(const struct layer_limits *l)
{
	return (struct layer_limits){
		.entries = l->entries ? l->entries : 2000000,
		.bytes = l->bytes ? l->bytes : 64 * GIB,
		.file_bytes = l->file_bytes ? l->file_bytes : 32 * GIB,
		.ratio = l->ratio ? l->ratio : 200,
		.free_bytes = l->free_bytes ? l->free_bytes : UINT64_C(64) << 20,
	};
}

static int check_room(struct watch *w)
{
	struct statvfs fs;
	char size[STR_SIZE_MAX];

	w->since = 0;
	if (fstatvfs(w->diff_fd, &fs) < 0)
		return err_sys(&w->err, "look at the room on the disk");
	if ((uint64_t)fs.f_bavail * fs.f_frsize >= w->free_bytes)
		return 0;
	(void)err_code(&w->err, ENOSPC, "less than %s of the disk is left",
		       str_format_size(w->free_bytes, size));
	return err_hint(&w->err,
			"make room on the disk; devbox prune removes what is not used");
}

static int on_block(void *arg, size_t bytes)
{
	struct watch *w = arg;

	if (w->options->progress)
		w->options->progress(w->options->arg, stream_taken(w->stream));
	w->since += bytes;
	return w->since < ROOM_EVERY ? 0 : check_room(w);
}

/* What was made in the folder so far would otherwise inherit more than it was given. */
static int begin_folder(struct extract *x, int diff_fd, struct err *err)
{
	struct stat st;

	(void)fremovexattr(diff_fd, "system.posix_acl_default");
	if (fstat(diff_fd, &st) < 0)
		return err_sys(err, "look at the layer's folder");
	if ((st.st_mode & S_ISGID) && fchmod(diff_fd, st.st_mode & 01777) < 0)
		return err_sys(err, "set the mode of the layer's folder");
	/* Until it is listed; where there are no attributes nothing is settled. */
	(void)fsetxattr(diff_fd, SETTLE_MARK, "y", 1, 0);
	return folders_begin(&x->folders, diff_fd, err);
}

static int extract_all(struct extract *x, struct err *err)
{
	int result;

	while ((result = tar_reader_next(x->tar, &x->entry, err)) > 0) {
		if (extract_entry(x, err) < 0)
			return -1;
	}
	if (result < 0 || tar_reader_drain(x->tar, err) < 0)
		return -1;
	if (whiteout_finish(x, err) < 0)
		return -1;
	if (x->folders.implied > 0)
		(void)fsetxattr(x->folders.stack[0].fd, SETTLE_MARK_INSIDE, "y", 1, 0);
	return 0;
}

static int extract(struct extract *x, int diff_fd, struct watch *watch, struct err *err)
{
	struct err late = {0};
	int result;

	if (begin_folder(x, diff_fd, err) < 0)
		return -1;
	result = extract_all(x, err);
	if (folders_end(&x->folders, &late) < 0 && result == 0) {
		*err = late;
		result = -1;
	}
	if (watch->err.message[0]) {
		*err = watch->err;
		result = -1;
	}
	return result;
}

static int unpack(int in_fd, int diff_fd, const struct layer_options *options,
		  struct layer_result *out_result, struct err *err)
{
	struct extract x = {.limits = with_defaults(&options->limits),
			    .id_count = options->id_count,
			    .uid = geteuid(),
			    .gid = getegid()};
	struct watch watch = {
		.options = options, .diff_fd = diff_fd, .free_bytes = x.limits.free_bytes};
	struct stream_limits limits = {.ratio = x.limits.ratio, .slack = GIB};
	struct stream *stream = NULL;
	struct stream_total total;
	struct err why = {0};
	int result;

	if (stream_start(in_fd, INFLATE_FASTEST, &limits, &stream, err) < 0)
		return -1;
	watch.stream = stream;
	x.tar = tar_reader_new(stream, on_block, &watch);
	result = extract(&x, diff_fd, &watch, err);
	tar_reader_free(x.tar);
	buf_done(&x.whiteouts);

	/* What is wrong with the data is why the archive has an early end. */
	if (stream_end(stream, &total, &why) < 0 && why.code != ECANCELED) {
		*err = why;
		return -1;
	}
	if (result < 0)
		return -1;
	x.result.tar_bytes = total.bytes;
	x.result.trailing = total.trailing;
	memcpy(x.result.diff_id, total.hex, sizeof(total.hex));
	*out_result = x.result;
	return 0;
}

int layer_unpack(int in_fd, int diff_fd, const struct layer_options *options,
		 struct layer_result *out_result, struct err *err)
{
	/* Names are bytes: in this locale libarchive leaves them alone, in one of UTF-8 it
	 * composes what is decomposed. */
	locale_t plain = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
	locale_t before = uselocale(plain);
	mode_t mask = umask(0);
	int result = unpack(in_fd, diff_fd, options, out_result, err);

	(void)umask(mask);
	(void)uselocale(before);
	if (plain)
		freelocale(plain);
	return result;
}
