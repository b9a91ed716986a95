#include "cgroup_fake.h"

#include "cgroup/bus.h"
#include "cgroup/files.h"
#include "cgroup/scope.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A systemd of ours on a socket: it speaks well, or in one of the ways in which a peer can go
 * wrong. */

#define UNIT "devbox-shop-1.scope"
#define JOB "/org/freedesktop/systemd1/job/42"

enum manner {
	GOOD,
	SIGNAL_FIRST, /* the end of the job overtakes the reply */
	OTHER_JOBS,   /* others end before ours */
	JOB_FAILS,
	UNIT_EXISTS_ONCE, /* until ResetFailedUnit */
	UNIT_EXISTS,
	OLD_SYSTEMD, /* knows no CollectMode */
	DENIES,
	NAMELESS_ERROR,
	REJECTS_AUTH,
	ENDLESS_AUTH,
	GARBAGE,
	HUGE_MESSAGE,
	CUT_MESSAGE,
	WRONG_TYPES, /* replies and signals with other arguments than agreed */
	SILENT,
	SILENT_JOB, /* replies, but never says that the job ended */
	DRIPS,      /* a byte now and then, for ever */
	HANGS_UP,
};

struct server {
	char *dir;
	pid_t pid;
	int listener;
};

static void put_field(struct buf *b, char code, const char *type, const char *text)
{
	bus_put_align(b, 8);
	buf_putc(b, code);
	bus_put_signature(b, type);
	if (*type == 'g')
		bus_put_signature(b, text);
	else
		bus_put_string(b, text);
}

struct answer {
	enum bus_type type;
	uint32_t reply_serial;
	const char *interface, *member, *error, *signature;
};

static void send_answer(int fd, const struct answer *a, const struct buf *body)
{
	AUTO_BUF struct buf fields = {0};
	AUTO_BUF struct buf out = {0};
	const char head[] = {'l', (char)a->type, 1, 1};

	if (a->reply_serial) {
		buf_add(&fields, "\5\1u", 4);
		bus_put_u32(&fields, a->reply_serial);
	}
	if (a->interface)
		put_field(&fields, 2, "s", a->interface);
	if (a->member)
		put_field(&fields, 3, "s", a->member);
	if (a->error)
		put_field(&fields, 4, "s", a->error);
	if (a->signature)
		put_field(&fields, 8, "g", a->signature);

	buf_add(&out, head, 4);
	bus_put_u32(&out, body ? (uint32_t)body->len : 0);
	bus_put_u32(&out, 99);
	bus_put_u32(&out, (uint32_t)fields.len);
	buf_add(&out, fields.data, fields.len);
	bus_put_align(&out, 8);
	if (body)
		buf_add(&out, body->data, body->len);
	(void)send(fd, out.data, out.len, MSG_NOSIGNAL);
}

static void send_text(int fd, enum bus_type type, uint32_t serial, const char *error,
		      const char *signature, const char *text)
{
	AUTO_BUF struct buf body = {0};
	const struct answer a = {
		.type = type, .reply_serial = serial, .error = error, .signature = signature};

	bus_put_string(&body, text);
	send_answer(fd, &a, &body);
}

static void send_job_removed(int fd, const char *job, const char *unit, const char *result)
{
	static const struct answer a = {.type = BUS_SIGNAL,
					.interface = "org.freedesktop.systemd1.Manager",
					.member = "JobRemoved",
					.signature = "uoss"};
	AUTO_BUF struct buf body = {0};

	bus_put_u32(&body, 42);
	bus_put_string(&body, job);
	bus_put_string(&body, unit);
	bus_put_string(&body, result);
	send_answer(fd, &a, &body);
}

static void read_exactly(int fd, void *data, size_t len)
{
	if (len > 0 && recv(fd, data, len, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
}

static void expect_text(int fd, const char *text)
{
	char got[64] = "";

	read_exactly(fd, got, strlen(text));
	if (!str_eq(got, text))
		_exit(11);
}

static void authenticate(int fd, enum manner manner)
{
	AUTO_BUF struct buf hello = {0};
	char uid[16];
	char zero;

	read_exactly(fd, &zero, 1);
	if (zero != '\0')
		_exit(10);
	buf_puts(&hello, "AUTH EXTERNAL ");
	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	for (const char *c = uid; *c; c++)
		buf_printf(&hello, "%x", (unsigned)*c);
	buf_puts(&hello, "\r\n");
	expect_text(fd, hello.data);

	if (manner == REJECTS_AUTH)
		(void)send(fd, "REJECTED KERBEROS\r\n", 19, MSG_NOSIGNAL);
	while (manner == ENDLESS_AUTH && send(fd, "OK OK OK ", 9, MSG_NOSIGNAL) > 0)
		;
	(void)send(fd, "OK 0123456789abcdef\r\n", 21, MSG_NOSIGNAL);
	expect_text(fd, "BEGIN\r\n");
}

/* What a peer without manners does after BEGIN. */
static void misbehave(int fd, enum manner manner)
{
	static const char huge[] = "l\1\0\1\xff\xff\xff\x7f\1\0\0\0\0\0\0";
	char noise[256];

	if (manner == GARBAGE) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (char)(i * 77 + 13);
		(void)send(fd, noise, sizeof(noise), MSG_NOSIGNAL);
	}
	if (manner == HUGE_MESSAGE)
		(void)send(fd, huge, 16, MSG_NOSIGNAL);
	if (manner == CUT_MESSAGE) {
		(void)send(fd, "l\2\1\1\4\0\0\0\1\0\0\0\x10\0\0\0\5\1u", 20, MSG_NOSIGNAL);
		(void)shutdown(fd, SHUT_WR);
	}
	if (manner == HANGS_UP)
		_exit(0);
	while (manner == DRIPS &&
	       send(fd, "l\2\1\1\4\0\0\0\1\0\0\0\x10\0\0\0", 1, MSG_NOSIGNAL) > 0)
		cgroup_sleep_ms(20);
	if (manner == GARBAGE || manner == HUGE_MESSAGE || manner == CUT_MESSAGE ||
	    manner == SILENT)
		cgroup_sleep_ms(20000);
}

/* The arguments of StartTransientUnit, as far as they are plain text. */
static void check_request(const struct bus_message *m)
{
	struct bus_cursor body = bus_body(m);
	const char *unit, *mode, *name, *type;
	uint32_t len = 0, count = 0, pid = 0;

	if (!str_eq(m->signature, "ssa(sv)a(sa(sv))") || !bus_get_string(&body, &unit) ||
	    !bus_get_string(&body, &mode) || !bus_get_u32(&body, &len))
		_exit(20);
	if (!str_eq(unit, UNIT) || !str_eq(mode, "fail") || len > body.len - body.at)
		_exit(21);
	body.at = (body.at + 7) & ~(size_t)7;
	if (!bus_get_string(&body, &name) || !bus_get_signature(&body, &type) ||
	    !bus_get_u32(&body, &count) || !bus_get_u32(&body, &pid))
		_exit(22);
	if (!str_eq(name, "PIDs") || !str_eq(type, "au") || count != 4 ||
	    pid != (uint32_t)getppid())
		_exit(23);
	/* Behind the properties: the empty array of other units, padded for the structs it has
	 * not. */
	if ((body.len & 7) != 0)
		_exit(24);
}

static bool mentions(const struct bus_message *m, const char *word)
{
	return memmem(m->body, m->body_len, word, strlen(word)) != NULL;
}

static void answer_start(int fd, enum manner manner, const struct bus_message *m, bool is_reset)
{
	static const char busy[] = "org.freedesktop.systemd1.UnitExists";

	check_request(m);
	if (manner == UNIT_EXISTS || (manner == UNIT_EXISTS_ONCE && !is_reset)) {
		send_text(fd, BUS_ERROR, m->serial, busy, "s", "Unit " UNIT " already exists.");
		return;
	}
	if (manner == OLD_SYSTEMD && mentions(m, "CollectMode")) {
		send_text(fd, BUS_ERROR, m->serial,
			  "org.freedesktop.DBus.Error.PropertyReadOnly", "s",
			  "Cannot set property CollectMode, or unknown property.");
		return;
	}
	if (manner == DENIES) {
		send_text(fd, BUS_ERROR, m->serial, "org.freedesktop.DBus.Error.AccessDenied",
			  "s", "Permission denied");
		return;
	}
	if (manner == NAMELESS_ERROR) {
		send_text(fd, BUS_ERROR, m->serial, NULL, "s",
			  "with\ncontrol\033[31m characters");
		return;
	}
	if (manner == SIGNAL_FIRST)
		send_job_removed(fd, JOB, UNIT, "done");
	if (manner == WRONG_TYPES) {
		send_text(fd, BUS_METHOD_RETURN, m->serial, NULL, "u", JOB);
		send_text(fd, BUS_SIGNAL, 0, NULL, NULL, "x");
		return;
	}
	send_text(fd, BUS_METHOD_RETURN, m->serial, NULL, "o", JOB);
	if (manner == OTHER_JOBS) {
		send_job_removed(fd, "/org/freedesktop/systemd1/job/7", UNIT, "canceled");
		send_job_removed(fd, JOB, "other.scope", "failed");
	}
	if (manner != SILENT_JOB && manner != SIGNAL_FIRST)
		send_job_removed(fd, JOB, UNIT, manner == JOB_FAILS ? "failed" : "done");
}

static void serve(int fd, enum manner manner, bool is_bus)
{
	bool is_reset = false, is_greeted = !is_bus, is_matched = !is_bus;

	authenticate(fd, manner);
	misbehave(fd, manner);
	for (;;) {
		uint8_t data[4096];
		struct bus_message m;
		size_t size;

		read_exactly(fd, data, BUS_HEADER_LEN);
		size = bus_message_size(data);
		if (size == 0 || size > sizeof(data))
			_exit(12);
		read_exactly(fd, data + BUS_HEADER_LEN, size - BUS_HEADER_LEN);
		if (bus_message_parse(data, size, &m) < 0)
			_exit(13);

		is_greeted = is_greeted || str_eq(m.member, "Hello");
		is_matched = is_matched || str_eq(m.member, "AddMatch");
		is_reset = is_reset || str_eq(m.member, "ResetFailedUnit");
		if (str_eq(m.member, "StartTransientUnit") && is_greeted && is_matched)
			answer_start(fd, manner, &m, is_reset);
		else if (str_eq(m.member, "Subscribe") && is_bus)
			send_text(fd, BUS_ERROR, m.serial,
				  "org.freedesktop.systemd1.AlreadySubscribed", NULL, "");
		else
			send_text(fd, BUS_METHOD_RETURN, m.serial, NULL, "s", ":1.5");
	}
}

static struct server server;

static int begin(void **state)
{
	(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
	server = (struct server){.dir = fake_root(), .pid = -1, .listener = -1};
	*state = &server;
	return 0;
}

static int end(void **state)
{
	struct server *s = *state;

	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	}
	if (s->listener >= 0)
		(void)close(s->listener);
	fake_remove(&s->dir);
	return 0;
}

static void start_server(struct server *s, enum manner manner, bool is_bus)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	AUTO_FREE char *folder = path_join(s->dir, "systemd");

	assert_int_equal(path_mkdirs(folder, 0700), 0);
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s/%s", s->dir,
		       is_bus ? "bus" : "systemd/private");
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(s->listener, 5), 0);

	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		(void)alarm(30);
		serve(accept(s->listener, NULL, NULL), manner, is_bus);
		_exit(0);
	}
}

/* Ask a server of that manner for a scope. */
static int ask(struct server *s, enum manner manner, int timeout_ms, struct err *err)
{
	const struct cgroup_scope scope = {
		.unit = UNIT, .description = "a test", .pid = getpid()};

	*err = (struct err){0};
	start_server(s, manner, false);
	return cgroup_scope_start(s->dir, &scope, timeout_ms, err);
}

static void scope_starts_by_the_private_socket(void **state)
{
	static const enum manner manners[] = {GOOD, SIGNAL_FIRST, OTHER_JOBS, UNIT_EXISTS_ONCE,
					      OLD_SYSTEMD};

	for (size_t i = 0; i < ARRAY_LEN(manners); i++) {
		struct err err;

		if (ask(*state, manners[i], 5000, &err) < 0)
			fail_msg("manner %zu: %s", i, err.message);
		(void)end(state);
		(void)begin(state);
	}
}

static void scope_starts_by_a_session_bus(void **state)
{
	const struct cgroup_scope scope = {
		.unit = UNIT, .description = "a test", .pid = getpid()};
	struct server *s = *state;
	struct err err = {0};

	start_server(s, GOOD, true);
	if (cgroup_scope_start(s->dir, &scope, 5000, &err) < 0)
		fail_msg("%s", err.message);
}

static void scope_says_why_systemd_refused(void **state)
{
	static const struct {
		enum manner manner;
		int code;
		const char *words;
	} rows[] = {
		{JOB_FAILS, EREMOTEIO,
		 "start scope '" UNIT "': systemd ended the job with 'failed'"},
		{UNIT_EXISTS, EEXIST, "already exists"},
		{DENIES, EACCES, "Permission denied"},
		{NAMELESS_ERROR, EREMOTEIO, "no reason given"},
		{REJECTS_AUTH, EACCES, "refused with 'REJECTED KERBEROS'"},
		{ENDLESS_AUTH, EBADMSG, "has no end"},
		{GARBAGE, EBADMSG, "receive a message"},
		{HUGE_MESSAGE, EBADMSG, "receive a message"},
		{CUT_MESSAGE, ECONNRESET, "receive a message"},
		{HANGS_UP, 0, "of systemd: "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;

		assert_int_equal(ask(*state, rows[i].manner, 5000, &err), -1);
		if (!strstr(err.message, rows[i].words))
			fail_msg("row %zu: %s", i, err.message);
		if (rows[i].code)
			assert_int_equal(err.code, rows[i].code);
		assert_true(str_is_printable(err.message));
		(void)end(state);
		(void)begin(state);
	}
}

static void scope_waits_no_longer_than_it_was_told(void **state)
{
	static const enum manner manners[] = {SILENT, SILENT_JOB, DRIPS, WRONG_TYPES};

	for (size_t i = 0; i < ARRAY_LEN(manners); i++) {
		int64_t begin_ms = cgroup_now_ms();
		struct err err;

		assert_int_equal(ask(*state, manners[i], 150, &err), -1);
		assert_int_equal(err.code, ETIMEDOUT);
		assert_in_range(cgroup_now_ms() - begin_ms, 140, 5000);
		(void)end(state);
		(void)begin(state);
	}
}

static void scope_needs_a_systemd_to_ask(void **state)
{
	const struct cgroup_scope scope = {.unit = UNIT, .description = "", .pid = getpid()};
	struct server *s = *state;
	struct err err = {0};

	assert_int_equal(cgroup_scope_start(s->dir, &scope, 100, &err), -1);
	assert_non_null(strstr(err.message, "systemd"));

	/* A socket that nobody listens on. */
	start_server(s, GOOD, false);
	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	s->pid = -1;
	(void)close(s->listener);
	s->listener = -1;
	assert_int_equal(cgroup_scope_start(s->dir, &scope, 1000, &err), -1);
	assert_int_equal(err.code, ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(scope_starts_by_the_private_socket, begin, end),
		cmocka_unit_test_setup_teardown(scope_starts_by_a_session_bus, begin, end),
		cmocka_unit_test_setup_teardown(scope_says_why_systemd_refused, begin, end),
		cmocka_unit_test_setup_teardown(scope_waits_no_longer_than_it_was_told, begin,
						end),
		cmocka_unit_test_setup_teardown(scope_needs_a_systemd_to_ask, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
