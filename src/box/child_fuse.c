#include "box/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* STEP_ROOT_FUSE: fuse-overlayfs as a child of the box's init, started while the host is still
 * in sight. */

#define FUSE_MAGIC 0x65735546
#define READY_TRIES 5000 /* of 2 ms */

static size_t put(char *out, size_t at, const char *text)
{
	size_t len = strlen(text);

	memcpy(out + at, text, len);
	return at + len;
}

static size_t put_slot(const struct child *child, char *out, size_t at, int slot,
		       const char *fallback)
{
	if (slot < 0)
		return put(out, at, fallback);
	/* The program must inherit it. */
	(void)fcntl(child->slots[slot], F_SETFD, 0);
	return at + child_format_fd(out + at, child->slots[slot]);
}

static void build_options(const struct child *child, const struct step *step, char *out)
{
	size_t at = put(out, 0, "lowerdir=");
	size_t i;

	for (i = 0; i < step->lower_count; i++) {
		if (i > 0)
			out[at++] = ':';
		at = put_slot(child, out, at, step->lower[i], "");
	}
	at = put(out, at, ",upperdir=");
	at = put_slot(child, out, at, step->upper, STEP_STAGE_DIR "/upper");
	at = put(out, at, ",workdir=");
	at = put_slot(child, out, at, step->work, STEP_STAGE_DIR "/work");
	/* Files of ids outside the map would all be nobody's: they are shown as root's. */
	at = put(out, at, ",squash_to_root,allow_other,default_permissions");
	out[at] = '\0';
}

static int wait_ready(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	struct statfs fs;
	int status;
	int i;

	for (i = 0; i < READY_TRIES; i++) {
		if (statfs(STEP_ROOT_DIR, &fs) == 0 && fs.f_type == FUSE_MAGIC)
			return 0;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			errno = ENOTCONN;
			return -1;
		}
		(void)nanosleep(&pause, NULL);
	}
	errno = ETIMEDOUT;
	return -1;
}

int child_root_fuse(struct child *child, const struct step *step)
{
	static char options[4096];
	const char *argv[] = {child->fuse_program, "-f", "-o", options, STEP_ROOT_DIR, NULL};
	const char *envp[] = {"PATH=/usr/bin:/bin", NULL};
	sigset_t none;
	pid_t pid;

	build_options(child, step, options);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* fork(2) without its hooks */
	if (pid < 0)
		return -1;
	if (pid == 0) {
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)setsid();
		(void)dup2(child->log_fd, 0);
		(void)dup2(child->log_fd, 1);
		(void)dup2(child->log_fd, 2);
		(void)execve(child->fuse_program, (char *const *)argv, (char *const *)envp);
		_exit(127);
	}
	child->fuse_pid = pid;
	return wait_ready(pid);
}
