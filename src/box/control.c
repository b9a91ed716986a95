#include "box/control.h"

#include "state/record.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define SOCKET_NAME "control.sock"

/* free() it. */
static char *socket_name(const char *box)
{
	return strcmp(box, DEV_BOX) == 0 ? xstrdup(SOCKET_NAME) : xasprintf("%s.sock", box);
}

/* The second word of a request. free() it. */
static char *box_of(const char *request)
{
	const char *box = request + strcspn(request, " ");

	box += *box == ' ';
	return xstrndup(box, strcspn(box, " \n"));
}

/* By way of the folder's descriptor: the path itself may be longer than sun_path. */
static int make_address(const char *runtime_dir, const char *name, int *out_dir,
			struct sockaddr_un *address, struct err *err)
{
	int dir = open(runtime_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(err, "open '%s'", runtime_dir);
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	(void)snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", dir,
		       name);
	*out_dir = dir;
	return 0;
}

int control_listen(const char *runtime_dir, const char *box, struct err *err)
{
	AUTO_FREE char *name = socket_name(box);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	AUTO_CLOSE int dir = -1;
	struct sockaddr_un address;

	if (fd < 0)
		return err_sys(err, "make the control socket");
	if (make_address(runtime_dir, name, &dir, &address, err) < 0)
		return -1;
	(void)unlinkat(dir, name, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0)
		return err_sys(err, "make the control socket in '%s'", runtime_dir);
	(void)!fchmodat(dir, name, 0600, 0);
	return steal_fd(&fd);
}

void control_remove(const char *runtime_dir, const char *box)
{
	AUTO_FREE char *name = socket_name(box);
	AUTO_FREE char *path = path_join(runtime_dir, name);

	(void)unlink(path);
}

/* Return: a connection to the supervisor that has been asked @request. */
static int connect_and_send(const char *runtime_dir, const char *request, int timeout_ms,
			    struct err *err)
{
	AUTO_FREE char *box = box_of(request);
	AUTO_FREE char *name = socket_name(box);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int dir = -1;
	struct sockaddr_un address;
	const struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000L};

	if (fd < 0)
		return err_sys(err, "make a socket");
	if (make_address(runtime_dir, name, &dir, &address, err) < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN
			       ? err_code(err, ETIMEDOUT, "ask the project's supervisor")
			       : err_sys(err, "ask the project's supervisor");
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return err_sys(err, "ask the project's supervisor");
	return steal_fd(&fd);
}

int control_watch(const char *runtime_dir, const char *box)
{
	AUTO_FREE char *request = xasprintf("watch %s", box);
	struct err ignored;

	return connect_and_send(runtime_dir, request, 1000, &ignored);
}

int control_ask(const char *runtime_dir, const char *request, int timeout_ms, struct err *err)
{
	AUTO_CLOSE int fd = connect_and_send(runtime_dir, request, timeout_ms, err);
	char answer[CONTROL_MESSAGE_MAX];
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = recv(fd, answer, sizeof(answer) - 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return err_code(err, ETIMEDOUT, "ask the project's supervisor");
	if (n <= 0)
		return err_code(err, ECONNRESET,
				"the project's supervisor ended before it answered");
	answer[n] = '\0';
	return strcmp(answer, "ok") == 0 ? 0 : err_set(err, "%s", answer);
}
