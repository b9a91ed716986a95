#include "box/logfile.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

int logfile_open(const char *path, struct logfile *out_log, struct err *err)
{
	struct logfile log = {.rotate_bytes = LOGFILE_ROTATE_BYTES};
	struct stat st;

	log.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log.fd < 0)
		return err_sys(err, "open the log '%s'", path);
	if (fstat(log.fd, &st) == 0)
		log.size = (uint64_t)st.st_size;
	log.path = xstrdup(path);
	*out_log = log;
	return 0;
}

void logfile_close(struct logfile *log)
{
	cleanup_close(&log->fd);
	free(log->path);
	memset(log, 0, sizeof(*log));
	log->fd = -1;
}

static void rotate(struct logfile *log)
{
	int fd;
	int i;

	for (i = LOGFILE_KEEP - 1; i >= 0; i--) {
		AUTO_FREE char *from =
			i == 0 ? xstrdup(log->path) : xasprintf("%s.%d", log->path, i);
		AUTO_FREE char *to = xasprintf("%s.%d", log->path, i + 1);

		(void)rename(from, to);
	}
	fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	(void)close(log->fd);
	log->fd = fd;
	log->size = 0;
}

static void write_line(struct logfile *log, const struct logstream *stream, bool is_whole)
{
	char head[64];
	struct timespec now;
	struct tm tm;
	struct iovec parts[3];
	ssize_t n;
	int len;

	if (log->fd < 0)
		return;
	if (log->size >= log->rotate_bytes)
		rotate(log);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	len = (int)strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &tm);
	len += snprintf(head + len, sizeof(head) - (size_t)len, ".%06ldZ %s%s ",
			now.tv_nsec / 1000, stream->name, is_whole ? "" : "+");
	parts[0] = (struct iovec){.iov_base = head, .iov_len = (size_t)len};
	parts[1] = (struct iovec){.iov_base = (void *)(uintptr_t)stream->line,
				  .iov_len = stream->len};
	parts[2] = (struct iovec){.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1};
	/* One call, so that readers see whole lines. */
	n = writev(log->fd, parts, 3);
	if (n > 0)
		log->size += (uint64_t)n;
}

void logstream_add(struct logstream *stream, struct logfile *log, const char *data, size_t len)
{
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t piece = end ? (size_t)(end - data) : len;
		size_t room = sizeof(stream->line) - stream->len;

		if (piece > room) {
			memcpy(stream->line + stream->len, data, room);
			stream->len += room;
			write_line(log, stream, false);
			stream->len = 0;
			data += room;
			len -= room;
			continue;
		}
		memcpy(stream->line + stream->len, data, piece);
		stream->len += piece;
		data += piece;
		len -= piece;
		if (!end)
			return;
		write_line(log, stream, true);
		stream->len = 0;
		data++;
		len--;
	}
}

void logstream_end(struct logstream *stream, struct logfile *log)
{
	if (stream->len > 0)
		write_line(log, stream, true);
	stream->len = 0;
}
