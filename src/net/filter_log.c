#include "net/filter_private.h"

#include "util/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define LOG_BYTES (1024 * 1024)
#define LOG_FLAGS (O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW)

int filter_log_open(struct filter_log *log, const char *path, struct err *err)
{
	(void)pthread_mutex_init(&log->lock, NULL);
	log->path = path;
	log->fd = path ? open(path, LOG_FLAGS, 0600) : -1;
	return path && log->fd < 0 ? err_sys(err, "open the log '%s'", path) : 0;
}

/* Whoever runs a box of the project writes to it: the one that finds it full moves it away. */
static void rotate(struct filter_log *log)
{
	AUTO_FREE char *old = xasprintf("%s.1", log->path);
	struct stat ours, there;
	int fd;

	if (fstat(log->fd, &ours) < 0 || ours.st_size < LOG_BYTES)
		return;
	if (stat(log->path, &there) == 0 && there.st_ino == ours.st_ino)
		(void)rename(log->path, old);
	fd = open(log->path, LOG_FLAGS, 0600);
	if (fd < 0)
		return;
	(void)close(log->fd);
	log->fd = fd;
}

void filter_say(struct filter_log *log, const char *verdict, const char *format, ...)
{
	AUTO_BUF struct buf line = {0};
	AUTO_FREE char *text = NULL;
	char stamp[32] = "";
	struct timespec now;
	struct tm tm;
	va_list args;

	if (log->fd < 0)
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(&line, "%s.%06ldZ %s %s %s\n", stamp, now.tv_nsec / 1000, verdict, verdict,
		   text);
	(void)pthread_mutex_lock(&log->lock);
	rotate(log);
	/* One call, so that readers see whole lines. */
	(void)!write(log->fd, line.data, line.len);
	(void)pthread_mutex_unlock(&log->lock);
}
