#include "puller/report.h"

#include "puller/text.h"
#include "util/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_out(struct report *report, struct puller_message *message)
{
	text_clean(message->text, sizeof(message->text));
	while (!report->is_gone) {
		if (send(report->fd, message, sizeof(*message), MSG_NOSIGNAL) >= 0)
			return;
		if (errno != EINTR)
			report->is_gone = true;
	}
}

static void set_text(struct puller_message *message, const char *text)
{
	(void)snprintf(message->text, sizeof(message->text), "%s", text);
}

void report_begin(struct report *report, const char *name, size_t count, uint64_t total)
{
	struct puller_message message = {
		.kind = PULLER_BEGIN, .count = (uint32_t)count, .total = total};

	set_text(&message, name);
	send_out(report, &message);
}

void report_layer(struct report *report, size_t index, enum puller_layer state,
		  const char *digest, uint64_t done, uint64_t total)
{
	struct puller_message message = {.kind = PULLER_LAYER,
					 .state = state,
					 .index = (uint32_t)index,
					 .done = done,
					 .total = total};
	char digits[TEXT_SHORT_MAX];

	set_text(&message, text_short(digest, digits));
	send_out(report, &message);
}

void report_note(struct report *report, const char *text)
{
	struct puller_message message = {.kind = PULLER_NOTE};

	set_text(&message, text);
	send_out(report, &message);
}

void report_warn(struct report *report, const char *format, ...)
{
	struct puller_message message = {.kind = PULLER_WARN};
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message.text, sizeof(message.text), format, args);
	va_end(args);
	send_out(report, &message);
}

void report_done(struct report *report, const char *image, size_t layers, size_t were_here,
		 uint64_t fetched)
{
	struct puller_message message = {.kind = PULLER_DONE,
					 .count = (uint32_t)layers,
					 .index = (uint32_t)were_here,
					 .total = fetched};

	set_text(&message, image);
	send_out(report, &message);
}

/* Where nobody knew anything better; "": nothing. */
static const char *what_to_do(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT:
		return "'devbox prune' throws away what is not used";
	case EIO:
	case EROFS:
		return "look at the disk: 'journalctl -k' tells what the kernel says of it";
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return "the machine is short of something: try again, or see 'ulimit -a'";
	default:
		return "";
	}
}

void report_failed(struct report *report, const struct err *err)
{
	struct puller_message message = {.kind = PULLER_FAILED, .err = *err};

	text_clean(message.err.message, sizeof(message.err.message));
	if (!*message.err.hint)
		(void)err_hint(&message.err, "%s", what_to_do(err->code));
	text_clean(message.err.hint, sizeof(message.err.hint));
	send_out(report, &message);
}
