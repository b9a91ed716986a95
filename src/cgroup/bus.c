#include "cgroup/bus.h"

#include "cgroup/bus_address.h"
#include "cgroup/files.h"
#include "util/cleanup.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define AUTH_LINE_MAX 256

static int wait_ready(const struct bus *bus, short events)
{
	for (;;) {
		struct pollfd p = {.fd = bus->fd, .events = events};
		int64_t left = bus->deadline_ms - cgroup_now_ms();
		int ready;

		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		ready = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -1;
	}
}

static int send_all(const struct bus *bus, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(bus->fd, at, len, MSG_NOSIGNAL);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return -1;
		} else if (wait_ready(bus, POLLOUT) < 0) {
			return -1;
		}
	}
	return 0;
}

static int receive_all(const struct bus *bus, void *data, size_t len)
{
	char *at = data;

	while (len > 0) {
		ssize_t n;

		/* Asked first each time: a peer that never stops sending must not outrun the
		 * deadline. */
		if (wait_ready(bus, POLLIN) < 0)
			return -1;
		n = recv(bus->fd, at, len, 0);
		if (n == 0) {
			errno = ECONNRESET;
			return -1;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/*
 * SASL EXTERNAL: we name our uid, the socket proves it. BEGIN goes out with it, before the
 * answer: systemd's side reads all that is there while it awaits BEGIN, and a message which
 * came along in the same read would lie there unseen until the next one (seen with 252). The
 * answer is read byte by byte, so that nothing behind it is taken.
 */
static int authenticate(const struct bus *bus, struct err *err)
{
	char line[AUTH_LINE_MAX + 1] = "";
	AUTO_BUF struct buf hello = {0};
	char uid[16];
	size_t len = 0;

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	buf_putc(&hello, '\0');
	buf_puts(&hello, "AUTH EXTERNAL ");
	for (const char *c = uid; *c; c++)
		buf_printf(&hello, "%02x", (unsigned)*c);
	buf_puts(&hello, "\r\nBEGIN\r\n");
	if (send_all(bus, hello.data, hello.len) < 0)
		return err_sys(err, "authenticate");

	while (len < 2 || line[len - 2] != '\r' || line[len - 1] != '\n') {
		if (len == AUTH_LINE_MAX)
			return err_code(err, EBADMSG, "authenticate: the answer has no end");
		if (receive_all(bus, line + len, 1) < 0)
			return err_sys(err, "authenticate");
		len++;
	}
	line[len - 2] = '\0';

	if (!str_starts(line, "OK"))
		return err_code(err, EACCES, "authenticate: refused with '%s'",
				str_is_printable(line) ? line : "?");
	return 0;
}

/*
 * Only our own user (or root) may answer: whoever else listens there could hold us up or send
 * us astray. A peer without a pid lives in another pid namespace: it would take our pid for
 * some other process.
 */
static int check_peer(const struct bus *bus, struct err *err)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	if (getsockopt(bus->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return err_sys(err, "ask who listens");
	if (peer.uid != geteuid() && peer.uid != 0)
		return err_code(err, EPERM, "it belongs to uid %u", (unsigned)peer.uid);
	if (peer.pid == 0)
		return err_code(err, EREMOTE, "it lives in another pid namespace");
	return 0;
}

static int connect_to(struct bus *bus, const struct bus_address *address, struct err *err)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	size_t len = strlen(address->path);
	size_t skip = address->is_abstract ? 1 : 0;

	if (len + skip >= sizeof(name.sun_path))
		return err_code(err, ENAMETOOLONG, "connect");
	memcpy(name.sun_path + skip, address->path, len);
	len += skip + (address->is_abstract ? 0 : 1) + offsetof(struct sockaddr_un, sun_path);

	bus->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bus->fd < 0)
		return err_sys(err, "make a socket");

	/* EAGAIN: the queue of the listener is full. */
	while (connect(bus->fd, (const struct sockaddr *)&name, (socklen_t)len) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(err, "connect");
		if (cgroup_now_ms() >= bus->deadline_ms)
			return err_code(err, ETIMEDOUT, "connect");
		cgroup_sleep_ms(10);
	}
	return check_peer(bus, err);
}

static int open_address(const struct bus_address *address, int64_t deadline_ms,
			struct bus *out_bus, struct err *err)
{
	static const struct bus_method hello = {
		.destination = "org.freedesktop.DBus",
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "Hello",
	};
	AUTO_BUS struct bus bus = {.fd = -1,
				   .is_peer = address->is_peer,
				   .is_system = address->is_system,
				   .deadline_ms = deadline_ms};

	if (connect_to(&bus, address, err) < 0 || authenticate(&bus, err) < 0)
		return err_wrap(err, "systemd at '%s'", address->path);
	if (!bus.is_peer && bus_call(&bus, &hello, NULL, NULL, NULL, err) < 0)
		return err_wrap(err, "session bus at '%s'", address->path);

	*out_bus = bus;
	bus.fd = -1;
	return 0;
}

int bus_open(const char *runtime_dir, int timeout_ms, struct bus *out_bus, struct err *err)
{
	AUTO_ADDRESSES struct bus_addresses list = {0};
	int64_t deadline_ms = cgroup_now_ms() + timeout_ms;
	struct err first = {0};

	bus_addresses_find(runtime_dir, &list);
	for (size_t i = 0; i < list.count; i++) {
		struct err failure = {0};

		if (open_address(&list.items[i], deadline_ms, out_bus, &failure) == 0)
			return 0;
		if (i == 0)
			first = failure;
	}
	if (list.count == 0)
		return err_code(err, ENOENT,
				"the user's systemd cannot be reached: no "
				"'systemd/private' in $XDG_RUNTIME_DIR and no session bus");
	*err = first;
	return -1;
}

void bus_done(struct bus *bus)
{
	if (bus->fd >= 0)
		(void)close(bus->fd);
	bus->fd = -1;
}

/* One whole message; *out points into *out_data, which is the caller's to free. */
static int receive(const struct bus *bus, uint8_t **out_data, struct bus_message *out,
		   struct err *err)
{
	uint8_t head[BUS_HEADER_LEN];
	AUTO_FREE uint8_t *data = NULL;
	size_t size;

	if (receive_all(bus, head, sizeof(head)) < 0)
		return err_sys(err, "receive a message");
	size = bus_message_size(head);
	if (size == 0)
		return err_code(err, EBADMSG, "receive a message");

	data = xmalloc(size);
	memcpy(data, head, sizeof(head));
	if (receive_all(bus, data + sizeof(head), size - sizeof(head)) < 0)
		return err_sys(err, "receive a message");
	if (bus_message_parse(data, size, out) < 0)
		return err_code(err, EBADMSG, "receive a message");

	*out_data = STEAL(data);
	return 0;
}

static const char *first_text(const struct bus_message *m)
{
	struct bus_cursor body = bus_body(m);
	const char *text = NULL;

	if (!m->signature || (m->signature[0] != 's' && m->signature[0] != 'o'))
		return NULL;
	return bus_get_string(&body, &text) ? text : NULL;
}

/* What an error reply says, with an errno for those that a caller can meet. */
static int fail_by_reply(const struct bus_method *method, const struct bus_message *reply,
			 struct err *err)
{
	const char *name = reply->error_name ? reply->error_name : "error without a name";
	const char *text = first_text(reply);
	int code = EREMOTEIO;

	if (strstr(name, ".AccessDenied") || strstr(name, ".AuthFailed"))
		code = EACCES;
	else if (strstr(name, ".UnitExists"))
		code = EEXIST;
	else if (strstr(name, ".ServiceUnknown") || strstr(name, ".NameHasNoOwner"))
		code = EHOSTDOWN;

	if (!str_is_printable(name))
		name = "?";
	(void)err_set(err, "systemd refused '%s': %.300s (%.100s)", method->member,
		      text && str_is_printable(text) ? text : "no reason given", name);
	err->code = code;
	return -1;
}

static void tell(const struct bus *bus, const struct bus_message *m)
{
	if (m->type == BUS_SIGNAL && bus->on_signal)
		bus->on_signal(bus->arg, m);
}

int bus_call(struct bus *bus, const struct bus_method *method, const struct buf *body,
	     char **out_text, char **out_error, struct err *err)
{
	AUTO_BUF struct buf call = {0};
	uint32_t serial = ++bus->serial;

	if (out_error)
		*out_error = NULL;
	bus_write_call(method, serial, body, &call);
	if (send_all(bus, call.data, call.len) < 0)
		return err_sys(err, "call '%s' of systemd", method->member);

	for (;;) {
		AUTO_FREE uint8_t *data = NULL;
		struct bus_message m;

		if (receive(bus, &data, &m, err) < 0)
			return err_wrap(err, "call '%s' of systemd", method->member);
		tell(bus, &m);
		if (m.reply_serial != serial)
			continue;
		if (m.type == BUS_ERROR) {
			if (out_error)
				*out_error = xstrdup(m.error_name ? m.error_name : "");
			return fail_by_reply(method, &m, err);
		}
		if (m.type == BUS_METHOD_RETURN) {
			if (out_text)
				*out_text = xstrdup(first_text(&m) ? first_text(&m) : "");
			return 0;
		}
	}
}

int bus_pump(struct bus *bus, struct err *err)
{
	AUTO_FREE uint8_t *data = NULL;
	struct bus_message m;

	if (receive(bus, &data, &m, err) < 0)
		return -1;
	tell(bus, &m);
	return 0;
}
