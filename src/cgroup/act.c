#include "cgroup/cgroup.h"

#include "cgroup/files.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KILL_TIMEOUT_MS 5000
/* The kernel raises an event at every change; a longer slice only guards against one that got
 * lost. */
#define EVENT_SLICE_MS 100

int cgroup_attach(int group_fd, pid_t pid, struct err *err)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	if (cgroup_file_write(group_fd, "cgroup.procs", text) == 0)
		return 0;

	(void)err_sys(err, "move process %d", (int)pid);
	if (err->code == EACCES || err->code == EPERM)
		return err_hint(err, "the group above both the old and the new one must belong "
				     "to this user");
	if (err->code == EBUSY)
		return err_hint(err, "the group hands out controllers, so that it cannot hold "
				     "processes itself");
	return -1;
}

/*
 * Wait until @key of cgroup.events is @wanted. A group that is gone is empty and holds nothing
 * more to freeze. Return: 0 or -1 with errno.
 */
static int wait_event(int group_fd, const char *key, uint64_t wanted, int timeout_ms)
{
	AUTO_CLOSE int fd = openat(group_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t deadline_ms = cgroup_now_ms() + timeout_ms;

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -1;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		char text[256] = "";
		uint64_t value = wanted;
		int64_t left;

		/* The read arms the event, so that a change between it and poll is not missed.
		 */
		if (pread(fd, text, sizeof(text) - 1, 0) < 0)
			return errno == ENODEV ? 0 : -1;
		if (!cgroup_flat_u64(text, key, &value) || value == wanted)
			return 0;

		left = timeout_ms < 0 ? EVENT_SLICE_MS : deadline_ms - cgroup_now_ms();
		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (poll(&p, 1, left < EVENT_SLICE_MS ? (int)left : EVENT_SLICE_MS) < 0 &&
		    errno != EINTR)
			return -1;
	}
}

int cgroup_freeze(int group_fd, bool frozen, int timeout_ms, struct err *err)
{
	const char *verb = frozen ? "freeze" : "thaw";
	int code;

	if (!frozen)
		(void)cgroup_file_write(group_fd, CGROUP_INNER "/cgroup.freeze", "0");
	if (cgroup_file_write(group_fd, "cgroup.freeze", frozen ? "1" : "0") < 0) {
		(void)err_sys(err, "%s the group", verb);
		return err->code == ENOENT ? err_hint(err, "this needs Linux 5.2 or newer")
					   : -1;
	}
	if (wait_event(group_fd, "frozen", frozen ? 1 : 0, timeout_ms) == 0)
		return 0;

	code = errno;
	/* Half frozen is worse than not: a process in an uninterruptible wait keeps the others.
	 */
	if (frozen)
		(void)cgroup_file_write(group_fd, "cgroup.freeze", "0");
	return err_code(err, code, "%s the group", verb);
}

int cgroup_signal(int group_fd, int number, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	int count = cgroup_pids(group_fd, &pids, err);
	int refused = 0;

	if (count < 0)
		return -1;
	for (int i = 0; i < count; i++)
		if (kill(pids[i], number) < 0 && errno != ESRCH)
			refused = errno;
	return refused ? err_code(err, refused, "send signal %d to the group", number) : 0;
}

/* Before Linux 5.14: what forks faster than we kill must be frozen first, else it wins. */
static int kill_one_by_one(int group_fd, struct err *err)
{
	int64_t deadline_ms = cgroup_now_ms() + KILL_TIMEOUT_MS;

	(void)cgroup_file_write(group_fd, "cgroup.freeze", "1");
	while (cgroup_now_ms() < deadline_ms) {
		AUTO_FREE pid_t *pids = NULL;
		int count = cgroup_pids(group_fd, &pids, err);
		int others = 0;

		if (count < 0)
			return -1;
		for (int i = 0; i < count; i++) {
			if (pids[i] == getpid())
				continue;
			others += kill(pids[i], SIGKILL) == 0 || errno != ESRCH;
		}
		if (others == 0)
			return 0;
		cgroup_sleep_ms(2);
	}
	return err_code(err, ETIMEDOUT, "kill the processes of the group");
}

int cgroup_kill(int group_fd, struct err *err)
{
	int rc;

	if (cgroup_file_write(group_fd, "cgroup.kill", "1") == 0 || errno == ENODEV)
		return 0;
	if (errno != ENOENT && errno != EOPNOTSUPP)
		return err_sys(err, "kill the group");

	rc = kill_one_by_one(group_fd, err);
	(void)cgroup_file_write(group_fd, "cgroup.freeze", "0");
	return rc;
}

int cgroup_wait_empty(int group_fd, int timeout_ms, struct err *err)
{
	if (wait_event(group_fd, "populated", 0, timeout_ms) == 0)
		return 0;
	return err_sys(err, "wait until the group is empty");
}
