#include "state/event.h"

#include "util/cleanup.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <time.h>

struct event event_make(const char *box, const char *name)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (struct event){
		.time_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000,
		.box = xstrdup(box),
		.name = xstrdup(name),
		.pid = EVENT_NO_NUMBER,
		.victim_pid = EVENT_NO_NUMBER,
		.victim_bytes = EVENT_NO_NUMBER,
		.limit_bytes = EVENT_NO_NUMBER,
		.kills = EVENT_NO_NUMBER,
		.throttled_permille = EVENT_NO_NUMBER,
		.window_ms = EVENT_NO_NUMBER,
		.box_port = EVENT_NO_NUMBER,
		.host_port = EVENT_NO_NUMBER,
	};
}

void event_done(struct event *event)
{
	free(event->box);
	free(event->name);
	free(event->reason);
	free(event->victim);
	free(event->address);
	*event = (struct event){0};
}

static void put_number(struct json *j, const char *key, uint64_t value)
{
	if (value != EVENT_NO_NUMBER)
		json_u64(j, key, value);
}

static void put_text(struct json *j, const char *key, const char *value)
{
	if (value)
		json_text(j, key, value);
}

void event_put(const struct event *event, struct json *j)
{
	json_object_begin(j, NULL);
	json_i64(j, "time_ms", event->time_ms);
	json_text(j, "box", event->box);
	json_text(j, "event", event->name);
	put_text(j, "reason", event->reason);
	put_number(j, "pid", event->pid);
	if (event->has_exit)
		json_i64(j, "exit_code", event->exit_code);
	put_text(j, "victim", event->victim);
	put_number(j, "victim_pid", event->victim_pid);
	put_number(j, "victim_bytes", event->victim_bytes);
	if (event->victim || event->victim_bytes != EVENT_NO_NUMBER)
		json_bool(j, "victim_is_guess", event->victim_is_guess);
	put_number(j, "limit_bytes", event->limit_bytes);
	put_number(j, "kills", event->kills);
	put_number(j, "throttled_permille", event->throttled_permille);
	put_number(j, "window_ms", event->window_ms);
	put_number(j, "box_port", event->box_port);
	put_text(j, "address", event->address);
	put_number(j, "host_port", event->host_port);
	json_object_end(j);
}

static void take_number(const json_t *object, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value) && json_integer_value(value) >= 0)
		*out = (uint64_t)json_integer_value(value);
}

static char *take_text(const json_t *object, const char *key)
{
	return xstrdup(json_string_value(json_object_get(object, key)));
}

static void fill(const json_t *object, struct event *event)
{
	const json_t *exit_code = json_object_get(object, "exit_code");

	event->time_ms = json_integer_value(json_object_get(object, "time_ms"));
	event->reason = take_text(object, "reason");
	event->victim = take_text(object, "victim");
	event->victim_is_guess = json_is_true(json_object_get(object, "victim_is_guess"));
	take_number(object, "pid", &event->pid);
	take_number(object, "victim_pid", &event->victim_pid);
	take_number(object, "victim_bytes", &event->victim_bytes);
	take_number(object, "limit_bytes", &event->limit_bytes);
	take_number(object, "kills", &event->kills);
	take_number(object, "throttled_permille", &event->throttled_permille);
	take_number(object, "window_ms", &event->window_ms);
	take_number(object, "box_port", &event->box_port);
	event->address = take_text(object, "address");
	take_number(object, "host_port", &event->host_port);
	if (json_is_integer(exit_code) && json_integer_value(exit_code) >= 0 &&
	    json_integer_value(exit_code) <= INT_MAX) {
		event->has_exit = true;
		event->exit_code = (int)json_integer_value(exit_code);
	}
}

int event_parse(const char *line, size_t len, struct event *out_event)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *box = json_string_value(json_object_get(object, "box"));
	const char *name = json_string_value(json_object_get(object, "event"));
	const bool is_event =
		box && name && json_is_integer(json_object_get(object, "time_ms"));

	if (is_event) {
		*out_event = event_make(box, name);
		fill(object, out_event);
	}
	json_decref(object);
	return is_event ? 0 : -1;
}
