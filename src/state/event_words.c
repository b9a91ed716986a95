#include "state/event_words.h"

#include "util/cleanup.h"

#include <inttypes.h>
#include <string.h>

/* "cc1plus 410M (likely) killed, 2 in all, at 512M" */
static void put_oom(const struct event *event, struct buf *out)
{
	char size[STR_SIZE_MAX];

	if (event->victim)
		buf_puts(out, event->victim);
	else
		buf_puts(out, "a process");
	if (event->victim_bytes != EVENT_NO_NUMBER)
		buf_printf(out, " %s%s", event->victim_is_guess ? "about " : "",
			   str_format_size(event->victim_bytes, size));
	if (event->victim_pid != EVENT_NO_NUMBER)
		buf_printf(out, ", pid %" PRIu64, event->victim_pid);
	if (event->kills != EVENT_NO_NUMBER && event->kills > 1)
		buf_printf(out, ", %" PRIu64 " killed", event->kills);
	if (event->limit_bytes != EVENT_NO_NUMBER)
		buf_printf(out, ", at mem_limit %s", str_format_size(event->limit_bytes, size));
}

static void put_throttled(const struct event *event, struct buf *out)
{
	char duration[STR_DURATION_MAX];

	buf_printf(out, "in %" PRIu64 "%% of the periods", event->throttled_permille / 10);
	if (event->window_ms != EVENT_NO_NUMBER)
		buf_printf(out, " of %s",
			   str_format_duration(event->window_ms * 1000, duration));
}

static void put_port(const struct event *event, struct buf *out)
{
	buf_printf(out, "%" PRIu64 "/tcp", event->box_port);
	if (event->address && event->host_port != EVENT_NO_NUMBER)
		buf_printf(out, " at %s:%" PRIu64, event->address, event->host_port);
}

char *event_words(const struct event *event)
{
	AUTO_BUF struct buf out = {0};

	if (strcmp(event->name, EVENT_OOM) == 0)
		put_oom(event, &out);
	else if (event->throttled_permille != EVENT_NO_NUMBER)
		put_throttled(event, &out);
	else if (event->box_port != EVENT_NO_NUMBER)
		put_port(event, &out);
	else if (event->pid != EVENT_NO_NUMBER)
		buf_printf(&out, "pid %" PRIu64, event->pid);
	else if (event->has_exit)
		buf_printf(&out, "status %d", event->exit_code);
	if (event->reason)
		buf_printf(&out, "%s%s", out.len ? ": " : "", event->reason);
	return buf_take(&out);
}
