#include "state/event.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

/* Others hold the lock for the time of one write. One that was stopped in it must not keep a
 * supervisor from its work. */
#define LOCK_TRIES 50
#define LOCK_PAUSE_NS 2000000

static bool lock(int dir_fd)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(dir_fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

static int open_file(int dir_fd)
{
	return openat(dir_fd, EVENTS_NAME,
		      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		      0600);
}

static void rotate(int dir_fd, int *fd)
{
	int fresh;

	if (renameat(dir_fd, EVENTS_NAME, dir_fd, EVENTS_OLD_NAME) < 0)
		return;
	fresh = open_file(dir_fd);
	if (fresh < 0)
		return;
	(void)close(*fd);
	*fd = fresh;
}

static int append(const char *state_dir, const struct buf *line, struct err *err)
{
	AUTO_CLOSE int dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (dir_fd < 0)
		return err_sys(err, "open '%s'", state_dir);
	/* Without the lock the line is written all the same, but nothing is moved. */
	if (lock(dir_fd)) {
		fd = open_file(dir_fd);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 &&
		    (uint64_t)st.st_size + line->len > EVENTS_BYTES)
			rotate(dir_fd, &fd);
	} else {
		fd = open_file(dir_fd);
	}
	if (fd < 0)
		return err_sys(err, "open '%s/%s'", state_dir, EVENTS_NAME);
	if (fd_write_all(fd, line->data, line->len) < 0)
		return err_sys(err, "write '%s/%s'", state_dir, EVENTS_NAME);
	return 0;
}

int event_append(const char *state_dir, const struct event *event, struct err *err)
{
	AUTO_JSON struct json j = {0};

	event_put(event, &j);
	buf_putc(&j.text, '\n');
	if (j.text.len > EVENT_LINE_MAX)
		return err_code(err, E2BIG, "write an event of '%s'", event->box);
	if (path_mkdirs(state_dir, 0700) < 0)
		return err_sys(err, "make '%s'", state_dir);
	return append(state_dir, &j.text, err);
}
