#include "init/init.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HOLD_IDLE_S 300

/*
 * devbox-init: process 1 of a box, and the session leader of an `exec` with a terminal. It
 * starts the command, reaps what is left to it, passes signals on, and says how the command
 * ended. It is a program of its own so that nothing of devbox's memory is inside the box; it is
 * linked statically and embedded in devbox.
 */

static struct init_config *read_config(void)
{
	struct init_config *config;
	struct stat st;

	if (fstat(INIT_CONFIG_FD, &st) < 0 || st.st_size < (off_t)sizeof(*config))
		return NULL;
	config = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		      INIT_CONFIG_FD, 0);
	if (config == MAP_FAILED || config->magic != INIT_MAGIC || config->size > st.st_size)
		return NULL;
	(void)close(INIT_CONFIG_FD);
	return config;
}

/* Return: as recv(2). */
static ssize_t receive_go(int flags)
{
	struct init_message message = {0};
	ssize_t n;

	do {
		n = recv(INIT_SOCKET_FD, &message, sizeof(message), flags);
	} while (n < 0 && errno == EINTR);
	return message.type == INIT_GO || n < 0 ? n : 0;
}

/* Who said so already does not wait to hear that the box stands. */
static bool wait_go(void)
{
	ssize_t n = receive_go(MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN) {
		init_send(INIT_READY, 0, 0, -1);
		n = receive_go(0);
	}
	return n == (ssize_t)sizeof(struct init_message);
}

/* The one argument: the pid of fuse-overlayfs, 0 without one. */
static pid_t parse_guard(char **argv)
{
	const char *digit = argv[0] && argv[1] ? argv[1] : "";
	pid_t pid = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++)
		pid = pid * 10 + (*digit - '0');
	return pid;
}

/*
 * The other role: hold a user namespace until nobody used it for a while. Its record is on
 * INIT_SOCKET_FD; every use sets the record's time, and a record that was removed or replaced
 * is the end, too.
 */
static int hold(void)
{
	const struct timespec pause = {.tv_sec = 30};
	sigset_t none;
	struct stat st;

	/* Its root is the host's: nobody of a box may look into it. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "devbox-hold", 0, 0, 0);
	/* Who started us had them blocked; a manager that stops us must not have to wait. */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (;;) {
		(void)nanosleep(&pause, NULL);
		if (fstat(INIT_SOCKET_FD, &st) < 0 || st.st_nlink == 0 ||
		    time(NULL) - st.st_mtime > HOLD_IDLE_S)
			return 0;
	}
}

int main(int argc, char **argv)
{
	struct init init = {.guard = argc > 1 ? parse_guard(argv) : 0};
	sigset_t all;

	if (argc > 1 && argv[1][0] == 'h')
		return hold();
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "devbox-init", 0, 0, 0);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	/* The box must not hold the caller's session keyring. Best effort: quotas are small. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	init.config = read_config();
	init.signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!init.config || init.signal_fd < 0) {
		init_send(INIT_EXEC_FAILED, INIT_STAGE_SETUP, errno ? errno : EINVAL, -1);
		return 125;
	}
	if (!wait_go())
		return 125;
	if (init.config->flags & INIT_COMMAND) {
		if (init_spawn(&init) < 0)
			return 125;
	} else {
		init_shed_capabilities();
		init_send(INIT_STARTED, 0, 0, -1);
	}
	return init_loop(&init);
}
