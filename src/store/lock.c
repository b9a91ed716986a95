#include "store/dirs.h"

#include "store/private.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 5
#define HOLDER_MAX 128

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Whoever removes the runtime folder leaves us a lock that nobody else will look at. */
static bool is_still_at(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && stat(path, &there) == 0 &&
	       held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

static void write_holder(int fd, const char *verb)
{
	char text[HOLDER_MAX];
	int len = snprintf(text, sizeof(text), "%d %s\n", (int)getpid(), verb);

	/* Only words for others: the lock is held without them too. */
	if (len > 0 && (size_t)len < sizeof(text) && ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)len, 0);
}

/* "PID VERB", as somebody wrote it. Return: 0, or -1 when it says nothing. */
static int read_holder(int fd, char text[HOLDER_MAX], uint64_t *out_pid, char **out_verb)
{
	ssize_t n = pread(fd, text, HOLDER_MAX - 1, 0);
	char *verb;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	verb = strchr(text, ' ');
	if (!verb || !str_is_printable(verb))
		return -1;
	*verb++ = '\0';
	if (str_to_u64(text, out_pid) < 0)
		return -1;
	*out_verb = verb;
	return 0;
}

static int say_busy(const struct project *project, int fd, struct err *err)
{
	char text[HOLDER_MAX];
	char *verb;
	uint64_t pid;

	if (read_holder(fd, text, &pid, &verb) < 0) {
		(void)err_set(err, "project '%s' is being changed by another devbox",
			      project->id);
		(void)err_hint(err, "wait until it is done");
	} else {
		(void)err_set(err,
			      "project '%s' is being changed by 'devbox %s' (process %llu)",
			      project->id, verb, (unsigned long long)pid);
		(void)err_hint(err, "wait until it is done, or end it: kill %llu",
			       (unsigned long long)pid);
	}
	err->code = EWOULDBLOCK;
	return -1;
}

static int open_lock(const struct project *project, const char *path, struct err *err)
{
	AUTO_FREE char *base = path_normalize(project->runtime_dir, "..");
	int fd;

	if (dir_make_private(base, err) < 0 || dir_make_private(project->runtime_dir, err) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? err_sys(err, "open lock '%s'", path) : fd;
}

/* Return: 0 locked, 1 held by somebody, or -1. */
static int try_lock(int fd, const char *path, struct err *err)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK || errno == EINTR)
		return 1;
	return err_sys(err, "lock '%s'", path);
}

int project_lock(struct project *project, const char *verb, int timeout_ms, struct err *err)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	AUTO_FREE char *path = path_join(project->runtime_dir, LOCK_FILE);
	int64_t end_ms = now_ms() + timeout_ms;
	AUTO_CLOSE int fd = open_lock(project, path, err);

	while (fd >= 0) {
		int result = try_lock(fd, path, err);

		if (result < 0)
			return -1;
		if (result == 0 && is_still_at(fd, path)) {
			write_holder(fd, verb);
			project->lock_fd = steal_fd(&fd);
			return 0;
		}
		if (!is_still_at(fd, path)) {
			(void)close(steal_fd(&fd));
			fd = open_lock(project, path, err);
			continue;
		}
		if (now_ms() >= end_ms)
			return say_busy(project, fd, err);
		(void)nanosleep(&pause, NULL);
	}
	return -1;
}

void project_unlock(struct project *project)
{
	if (project->lock_fd < 0)
		return;
	(void)!ftruncate(project->lock_fd, 0);
	/* By name: a forked child may hold the same open file. */
	(void)flock(project->lock_fd, LOCK_UN);
	(void)close(steal_fd(&project->lock_fd));
}
