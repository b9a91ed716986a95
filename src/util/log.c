#include "util/log.h"

#include <stdio.h>

#define LOG_LINE_MAX 2048

static log_sink *log_sink_now;
static void *log_sink_arg;

void log_to(log_sink *sink, void *arg)
{
	log_sink_now = sink;
	log_sink_arg = arg;
}

static ERR_PRINTF(2, 0) void log_put(enum log_level level, const char *format, va_list args)
{
	char text[LOG_LINE_MAX];

	if (!log_sink_now)
		return;
	(void)vsnprintf(text, sizeof(text), format, args);
	log_sink_now(log_sink_arg, level, text);
}

void log_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_put(LOG_LEVEL_NOTE, format, args);
	va_end(args);
}

void log_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_put(LOG_LEVEL_WARN, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_put(LOG_LEVEL_DEBUG, format, args);
	va_end(args);
}
