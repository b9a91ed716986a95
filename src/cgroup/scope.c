#include "cgroup/scope.h"

#include "cgroup/bus.h"
#include "cgroup/files.h"
#include "cgroup/self.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

static const struct bus_method manager = {
	.destination = "org.freedesktop.systemd1",
	.path = "/org/freedesktop/systemd1",
	.interface = MANAGER_INTERFACE,
};

/* The last job that ended for our unit. Its signal can overtake the reply that names the job.
 */
struct job_watch {
	const char *unit;
	char *job;
	char *result;
};

static void job_watch_done(struct job_watch *watch)
{
	free(watch->job);
	free(watch->result);
}

/* JobRemoved(u id, o job, s unit, s result). */
static void watch_signal(void *arg, const struct bus_message *m)
{
	struct job_watch *watch = arg;
	struct bus_cursor body = bus_body(m);
	const char *job, *unit, *result;
	uint32_t id;

	if (!str_eq(m->member, "JobRemoved") || !str_eq(m->interface, MANAGER_INTERFACE) ||
	    !str_eq(m->signature, "uoss"))
		return;
	if (!bus_get_u32(&body, &id) || !bus_get_string(&body, &job) ||
	    !bus_get_string(&body, &unit) || !bus_get_string(&body, &result))
		return;
	if (!str_eq(unit, watch->unit))
		return;

	job_watch_done(watch);
	watch->job = xstrdup(job);
	watch->result = xstrdup(result);
}

/* Begin one struct (sv) of the properties. */
static void put_property(struct buf *b, const char *name, const char *type)
{
	bus_put_align(b, 8);
	bus_put_string(b, name);
	bus_put_signature(b, type);
}

/* An array: its length is known when it has ended. */
static size_t array_begin(struct buf *b, size_t alignment)
{
	size_t at;

	bus_put_u32(b, 0);
	at = b->len;
	bus_put_align(b, alignment);
	return at;
}

static void array_end(struct buf *b, size_t at, size_t alignment)
{
	size_t begin = (at + alignment - 1) / alignment * alignment;
	uint32_t len = (uint32_t)(b->len - begin);

	memcpy(b->data + at - sizeof(len), &len, sizeof(len));
}

/* The arguments "ssa(sv)a(sa(sv))": name, mode, properties, no auxiliary units. */
static void put_arguments(struct buf *b, const struct cgroup_scope *scope, bool is_system,
			  bool is_plain)
{
	size_t properties, pids;

	bus_put_string(b, scope->unit);
	bus_put_string(b, "fail");

	properties = array_begin(b, 8);
	put_property(b, "PIDs", "au");
	pids = array_begin(b, 4);
	bus_put_u32(b, (uint32_t)scope->pid);
	array_end(b, pids, 4);
	put_property(b, "Delegate", "b");
	bus_put_u32(b, 1);
	put_property(b, "Slice", "s");
	bus_put_string(b, is_system ? "system.slice" : "app.slice");
	put_property(b, "Description", "s");
	bus_put_string(b, scope->description);
	if (!is_plain) {
		/* A scope that failed must not keep its name. */
		put_property(b, "CollectMode", "s");
		bus_put_string(b, "inactive-or-failed");
	}
	array_end(b, properties, 8);

	(void)array_begin(b, 8);
}

/* Signals are sent to subscribers only; on a bus a match rule must let them through as well. */
static int subscribe(struct bus *bus, struct err *err)
{
	static const struct bus_method add_match = {
		.destination = "org.freedesktop.DBus",
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "AddMatch",
		.signature = "s",
	};
	struct bus_method method = manager;
	AUTO_FREE char *error = NULL;

	method.member = "Subscribe";
	if (!bus->is_peer) {
		AUTO_BUF struct buf rule = {0};

		bus_put_string(&rule, "type='signal',sender='org.freedesktop.systemd1',"
				      "interface='" MANAGER_INTERFACE "',member='JobRemoved'");
		if (bus_call(bus, &add_match, &rule, NULL, NULL, err) < 0)
			return -1;
	}
	if (bus_call(bus, &method, NULL, NULL, &error, err) < 0)
		return error && strstr(error, ".AlreadySubscribed") ? 0 : -1;
	return 0;
}

static void reset_failed(struct bus *bus, const char *unit)
{
	struct bus_method method = manager;
	AUTO_BUF struct buf body = {0};
	struct err ignored = {0};

	method.member = "ResetFailedUnit";
	method.signature = "s";
	bus_put_string(&body, unit);
	(void)bus_call(bus, &method, &body, NULL, NULL, &ignored);
}

static int request(struct bus *bus, const struct cgroup_scope *scope, bool is_plain,
		   char **out_job, struct err *err)
{
	struct bus_method method = manager;
	AUTO_BUF struct buf body = {0};
	AUTO_FREE char *error = NULL;

	method.member = "StartTransientUnit";
	method.signature = "ssa(sv)a(sa(sv))";
	put_arguments(&body, scope, bus->is_system, is_plain);
	if (bus_call(bus, &method, &body, out_job, &error, err) == 0)
		return 0;

	/* A systemd before 236 knows no CollectMode and says that it may not be set. */
	if (error && !is_plain && strstr(error, ".PropertyReadOnly"))
		return request(bus, scope, true, out_job, err);
	return -1;
}

static int await_job(struct bus *bus, const struct job_watch *watch, const char *job,
		     struct err *err)
{
	while (!str_eq(watch->job, job))
		if (bus_pump(bus, err) < 0)
			return err_wrap(err, "wait for scope '%s'", watch->unit);

	if (str_eq(watch->result, "done"))
		return 0;
	(void)err_set(err, "start scope '%s': systemd ended the job with '%s'", watch->unit,
		      str_is_printable(watch->result) ? watch->result : "?");
	err->code = EREMOTEIO;
	return err_hint(err, "its reason: journalctl --user -u %s", watch->unit);
}

int cgroup_scope_start(const char *runtime_dir, const struct cgroup_scope *scope,
		       int timeout_ms, struct err *err)
{
	__attribute__((cleanup(job_watch_done))) struct job_watch watch = {.unit = scope->unit};
	AUTO_BUS struct bus bus = {.fd = -1};
	AUTO_FREE char *job = NULL;

	if (bus_open(runtime_dir, timeout_ms, &bus, err) < 0)
		return -1;
	bus.on_signal = watch_signal;
	bus.arg = &watch;
	if (subscribe(&bus, err) < 0)
		return -1;

	if (request(&bus, scope, false, &job, err) < 0) {
		if (err->code != EEXIST)
			return err_wrap(err, "start scope '%s'", scope->unit);
		/* A unit that failed keeps its name until somebody says that he knows. */
		reset_failed(&bus, scope->unit);
		if (request(&bus, scope, false, &job, err) < 0)
			return err_wrap(err, "start scope '%s'", scope->unit);
	}
	return await_job(&bus, &watch, job, err);
}

/* Are we in the scope @unit, itself or a group below? A request that was not awaited may take a
 * while. */
static bool is_inside(const char *unit, int timeout_ms, char **out_dir)
{
	int64_t deadline_ms = cgroup_now_ms() + timeout_ms;
	AUTO_FREE char *tail = xasprintf("/%s", unit);

	for (;;) {
		AUTO_FREE char *dir = NULL;
		struct err ignored = {0};

		if (cgroup_pid_dir(0, &dir, &ignored) == 0 && str_ends(dir, tail)) {
			*out_dir = STEAL(dir);
			return true;
		}
		if (cgroup_now_ms() >= deadline_ms)
			return false;
		cgroup_sleep_ms(5);
	}
}

int cgroup_scope_enter(const char *runtime_dir, const char *unit, const char *description,
		       char **out_dir, struct err *err)
{
	const struct cgroup_scope scope = {
		.unit = unit, .description = description, .pid = getpid()};
	struct err first = {0};
	struct err second = {0};

	if (cgroup_scope_start(runtime_dir, &scope, CGROUP_SCOPE_TIMEOUT_MS, &first) == 0 &&
	    is_inside(unit, 1000, out_dir))
		return 0;
	if (first.message[0] == '\0')
		(void)err_set(&first, "systemd started scope '%s' without this process", unit);

	log_debug("%s; trying systemd's own programs", first.message);
	if (cgroup_scope_by_busctl(&scope, &second) == 0 && is_inside(unit, 2000, out_dir))
		return 0;
	log_debug("%s", second.message);
	if (cgroup_scope_by_run(&scope, &second) == 0 && is_inside(unit, 0, out_dir))
		return 0;
	log_debug("%s", second.message);
	*err = first;
	return -1;
}
