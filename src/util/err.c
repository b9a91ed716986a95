#include "util/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static ERR_PRINTF(3, 0) void fill(struct err *err, int code, const char *format, va_list args)
{
	size_t used;
	int n;

	memset(err, 0, sizeof(*err));
	err->code = code;
	n = vsnprintf(err->message, sizeof(err->message), format, args);
	if (code == 0 || n < 0)
		return;

	used = strlen(err->message);
	(void)snprintf(err->message + used, sizeof(err->message) - used, ": %s",
		       strerror(code));
}

int err_set(struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, 0, format, args);
	va_end(args);
	return -1;
}

int err_sys(struct err *err, const char *format, ...)
{
	int code = errno;
	va_list args;

	va_start(args, format);
	fill(err, code, format, args);
	va_end(args);
	return -1;
}

int err_code(struct err *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, code, format, args);
	va_end(args);
	return -1;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char front[ERR_MESSAGE_MAX];
	char whole[2 * ERR_MESSAGE_MAX + 2];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(front, sizeof(front), format, args);
	va_end(args);

	(void)snprintf(whole, sizeof(whole), "%s: %s", front, err->message);
	memcpy(err->message, whole, sizeof(err->message) - 1);
	err->message[sizeof(err->message) - 1] = '\0';
	return -1;
}

int err_hint(struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(err->hint, sizeof(err->hint), format, args);
	va_end(args);
	return -1;
}

int err_at(struct err *err, const char *file, int line, int column)
{
	if (file)
		(void)snprintf(err->file, sizeof(err->file), "%s", file);
	err->line = line;
	err->column = column;
	return -1;
}
