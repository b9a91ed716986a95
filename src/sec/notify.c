#include "sec/notify.h"

#include "sec/ruleset.h"
#include "sec/source.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#define REFUSALS_MAX 64
#define STATUS_MAX_BYTES (16UL * 1024)

/* Kinds of refusal that are told apart by name, errno and count. */
struct refusal {
	uint32_t arch;
	int32_t number;
	uint32_t action;
	uint64_t count;
};

struct notify {
	int fd;
	struct profile profile;
	struct ruleset ruleset;
	struct seccomp_notif *request;
	size_t request_size;
	struct seccomp_notif_resp *response;
	size_t response_size;
	struct refusal refusals[REFUSALS_MAX];
	size_t refusal_count;
	uint64_t others;
};

/* The kernel's structs may have grown since our headers. */
static int allocate(struct notify *n, struct err *err)
{
	struct seccomp_notif_sizes sizes = {0};

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return err_sys(err, "seccomp notifications");

	n->request_size = sizes.seccomp_notif > sizeof(*n->request) ? sizes.seccomp_notif
								    : sizeof(*n->request);
	n->response_size = sizes.seccomp_notif_resp > sizeof(*n->response)
				   ? sizes.seccomp_notif_resp
				   : sizeof(*n->response);
	n->request = xmalloc(n->request_size);
	n->response = xmalloc(n->response_size);
	return 0;
}

static int load_rules(struct notify *n, const char *path, uint64_t bounding, struct err *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_STRV struct strv warnings = {0};
	struct profile_facts facts = {.bounding = bounding};
	struct utsname uts;

	if (uname(&uts) < 0)
		return err_sys(err, "read kernel release");
	facts.kernel = uts.release;

	if (source_load(path, &text, err) < 0)
		return -1;
	if (source_parse(path, text, &facts, &n->profile, &warnings, err) < 0)
		return -1;
	ruleset_build(&n->profile, &n->ruleset);
	return 0;
}

int notify_new(int listener_fd, const char *profile_path, uint64_t bounding,
	       struct notify **out_notify, struct err *err)
{
	struct notify *n = xmalloc(sizeof(*n));

	n->fd = listener_fd;
	if (allocate(n, err) < 0 || load_rules(n, profile_path, bounding, err) < 0) {
		notify_free(n);
		return -1;
	}

	*out_notify = n;
	return 0;
}

void notify_free(struct notify *n)
{
	if (!n)
		return;

	if (n->fd >= 0)
		(void)close(n->fd);
	ruleset_done(&n->ruleset);
	profile_done(&n->profile);
	free(n->request);
	free(n->response);
	free(n);
}

int notify_fd(const struct notify *n)
{
	return n->fd;
}

/* --- killing --- */

/* The rest of the line that begins with @name, in the text of /proc/PID/status. NULL: no such
 * line. */
static const char *status_field(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0)
			return line + len;
	}
	return NULL;
}

static bool has_sigsys(const char *text, const char *name)
{
	const char *field = status_field(text, name);

	return field && (strtoull(field, NULL, 16) >> (SIGSYS - 1) & 1) != 0;
}

/* NSpid ends with the process's number in its innermost namespace. */
static bool is_pid_1(const char *text)
{
	const char *field = status_field(text, "NSpid:");
	const char *end;

	if (!field)
		return false;
	end = field + strcspn(field, "\n");
	return end - field >= 2 && end[-1] == '1' && end[-2] == '\t';
}

/* The kernel's own SIGSYS cannot be caught; a sent one can. */
static int killing_signal(pid_t tid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/status", (int)tid);
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (fd_read_file(AT_FDCWD, path, STATUS_MAX_BYTES, &text, &ignored) < 0)
		return SIGKILL;
	if (is_pid_1(text) || has_sigsys(text, "SigBlk:") || has_sigsys(text, "SigIgn:") ||
	    has_sigsys(text, "SigCgt:"))
		return SIGKILL;
	return SIGSYS;
}

/* kill(2) with a thread's number reaches its whole thread group. */
static void kill_caller(const struct notify *n)
{
	pid_t tid = (pid_t)n->request->pid;
	int signal_number;

	if (tid <= 0)
		return; /* not visible from our pid namespace */
	signal_number = killing_signal(tid);

	/* It still waits for our answer: so the number is still its own. */
	if (ioctl(n->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->request->id) == 0)
		(void)kill(tid, signal_number);
}

/* --- answering --- */

static bool is_errno(uint32_t action)
{
	return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
}

static bool is_kill(uint32_t action)
{
	uint32_t full = action & SECCOMP_RET_ACTION_FULL;

	return full == SECCOMP_RET_KILL_PROCESS || full == SECCOMP_RET_KILL_THREAD;
}

static void remember(struct notify *n, uint32_t action)
{
	const struct seccomp_data *data = &n->request->data;

	for (size_t i = 0; i < n->refusal_count; i++) {
		struct refusal *r = &n->refusals[i];

		if (r->arch == data->arch && r->number == data->nr && r->action == action) {
			r->count++;
			return;
		}
	}
	if (n->refusal_count == REFUSALS_MAX) {
		n->others++;
		return;
	}
	n->refusals[n->refusal_count++] = (struct refusal){
		.arch = data->arch,
		.number = data->nr,
		.action = action,
		.count = 1,
	};
}

static void answer(struct notify *n)
{
	uint32_t action = ruleset_judge(&n->ruleset, &n->request->data);

	memset(n->response, 0, n->response_size);
	n->response->id = n->request->id;

	/* The profile has changed on disk since the box was started: what it refused then stays
	 * refused. */
	if (!is_errno(action) && !is_kill(action))
		action = SECCOMP_RET_ERRNO | EPERM;

	if (is_errno(action)) {
		n->response->error = -(int32_t)(action & SECCOMP_RET_DATA);
	} else {
		n->response->error = -EPERM;
		kill_caller(n);
	}
	remember(n, action);
	(void)ioctl(n->fd, SECCOMP_IOCTL_NOTIF_SEND, n->response); /* ENOENT: it is gone */
}

int notify_handle(struct notify *n)
{
	struct pollfd waiting = {.fd = n->fd, .events = POLLIN};

	if (poll(&waiting, 1, 0) < 0)
		return errno == EINTR ? 0 : -1;
	if ((waiting.revents & POLLIN) == 0)
		return (waiting.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 ? -1 : 0;

	memset(n->request, 0, n->request_size);
	if (ioctl(n->fd, SECCOMP_IOCTL_NOTIF_RECV, n->request) < 0)
		return errno == EINTR || errno == ENOENT ? 0 : -1;
	answer(n);
	return 0;
}

/* --- words --- */

static void refusal_words(const struct refusal *r, struct buf *out)
{
	uint32_t arch = r->arch;
	AUTO_FREE char *name = NULL;
	const char *error = NULL;

	if (arch == syscalls_native() && (r->number & (int32_t)SYSCALLS_X32_BIT) != 0)
		arch = syscalls_x32();
	name = syscalls_name(arch, r->number);
	buf_puts(out, name);

	if (arch != syscalls_native())
		buf_puts(out, " of another architecture");
	buf_puts(out, " (");
	if (is_kill(r->action))
		buf_puts(out, "killed");
	else
		error = syscalls_errno_name((int)(r->action & SECCOMP_RET_DATA));
	if (error)
		buf_puts(out, error);
	else if (!is_kill(r->action))
		buf_printf(out, "error %u", r->action & SECCOMP_RET_DATA);
	if (r->count > 1)
		buf_printf(out, ", %llu times", (unsigned long long)r->count);
	buf_putc(out, ')');
}

char *notify_words(const struct notify *n)
{
	AUTO_BUF struct buf out = {0};

	if (n->refusal_count == 0)
		return NULL;

	for (size_t i = 0; i < n->refusal_count; i++) {
		if (i > 0)
			buf_puts(&out, ", ");
		refusal_words(&n->refusals[i], &out);
	}
	if (n->others > 0)
		buf_printf(&out, ", %llu more", (unsigned long long)n->others);
	return buf_take(&out);
}
