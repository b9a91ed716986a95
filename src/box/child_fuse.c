#include "box/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* STEP_ROOT_FUSE: fuse-overlayfs as a child of the box's init, started while the host is still
 * in sight. */

#define FUSE_MAGIC 0x65735546
#define READY_TRIES 5000 /* of 2 ms */
#define OWN_DIR STEP_STAGE_DIR "/own"

static size_t put(char *out, size_t at, const char *text)
{
	size_t len = strlen(text);

	memcpy(out + at, text, len);
	return at + len;
}

/*
 * The program asks for the paths of its folders, and those below STEP_STAGE_DIR are hidden by
 * the stage: the folder of @slot, or the one @above it, is shown on the stage.
 */
static int show(const struct child *child, int slot, bool above, const char *target)
{
	char source[48];
	size_t at = child_format_fd(source, child->slots[slot]);

	if (above)
		at = put(source, at, "/..");
	source[at] = '\0';
	if (mkdir(target, 0755) < 0)
		return -1;
	return mount(source, target, NULL, MS_BIND | MS_REC, NULL);
}

static int show_lower(const struct child *child, const struct step *step, char *out,
		      size_t *out_at)
{
	char target[] = STEP_STAGE_DIR "/lower000";
	char *digits = target + sizeof(target) - 4;
	size_t at = put(out, 0, "lowerdir=");
	int i;

	for (i = 0; i < step->lower_count; i++) {
		digits[0] = (char)('0' + i / 100);
		digits[1] = (char)('0' + i / 10 % 10);
		digits[2] = (char)('0' + i % 10);
		if (show(child, step->lower + i, false, target) < 0)
			return -1;
		if (i > 0)
			out[at++] = ':';
		at = put(out, at, target);
	}
	*out_at = at;
	return 0;
}

static int build_options(const struct child *child, const struct step *step, char *out)
{
	size_t at;

	if (show_lower(child, step, out, &at) < 0)
		return -1;
	if (step->upper < 0) {
		at = put(out, at, ",upperdir=" STEP_STAGE_DIR "/upper");
		at = put(out, at, ",workdir=" STEP_STAGE_DIR "/work");
	} else {
		/* Both through one mount: files are renamed from one to the other. */
		if (show(child, step->upper, true, STEP_STAGE_DIR "/layer") < 0)
			return -1;
		at = put(out, at, ",upperdir=" STEP_STAGE_DIR "/layer/");
		at = put(out, at, step->target);
		at = put(out, at, ",workdir=" STEP_STAGE_DIR "/layer/work");
	}
	at = put(out, at, ",allow_other,default_permissions");
	at = put(out, at, step->data);
	out[at] = '\0';
	return 0;
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

static int make_own_root(void)
{
	if (mkdir(OWN_DIR, 0755) < 0 ||
	    mount("tmpfs", OWN_DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") < 0)
		return -1;
	if (mkdir(OWN_DIR "/proc", 0755) < 0 || mkdir(OWN_DIR STEP_STAGE_DIR, 0755) < 0)
		return -1;
	if (mount("proc", OWN_DIR "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -1;
	return mount(STEP_STAGE_DIR, OWN_DIR STEP_STAGE_DIR, NULL, MS_BIND | MS_REC, NULL);
}

/*
 * To pivot moves all who have the same root: the program would find itself in the root that it
 * serves, and where it uses a path, as for a file that was removed and is still open, it would
 * wait for its own answer for ever. So it moves first, into a root with its folders and /proc,
 * which it needs, too. That of the host goes on top of it, and we with it; then the box's.
 */
static int part_roots(void)
{
	int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = -1;

	if (host < 0)
		return -1;
	if (make_own_root() == 0 && chdir(OWN_DIR) == 0 &&
	    syscall(SYS_pivot_root, ".", ".") == 0 && fchdir(host) == 0 && chroot(".") == 0)
		rc = 0;
	(void)close(host);
	return rc;
}

int child_root_fuse(struct child *child, const struct step *step)
{
	static char options[4096];
	const char *argv[] = {child->fuse_program, "-f", "-o", options, STEP_ROOT_DIR, NULL};
	const char *envp[] = {"PATH=/usr/bin:/bin", NULL};
	sigset_t none;
	pid_t pid;

	if (build_options(child, step, options) < 0)
		return -1;
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
	return wait_ready(pid) < 0 ? -1 : part_roots();
}
