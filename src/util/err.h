#ifndef UTIL_ERR_H
#define UTIL_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define ERR_MESSAGE_MAX 768
#define ERR_HINT_MAX 512
#define ERR_FILE_MAX 256

/**
 * struct err - why something failed, as a plain value that fits a pipe
 * @code:	errno of the failure, 0 when there is none
 * @message:	what failed and on what; lower case, values in single quotes, no full stop
 * @hint:	what to do about it, may be empty; lines separated by '\n'
 * @file:	the user's file the failure stems from, may be empty
 * @line:	1-based line in @file, 0 when unknown
 * @column:	1-based column in @file, 0 when unknown
 *
 * The contract: a fallible function takes `struct err *err` last, returns 0 or -1, and fills
 * *err exactly when it returns -1. Success leaves *err alone. Making an error returns -1, so
 * that failing is one line: `return err_sys(err, "open '%s'", path);`. Only cli prints.
 */
struct err {
	int code;
	int line;
	int column;
	char message[ERR_MESSAGE_MAX];
	char hint[ERR_HINT_MAX];
	char file[ERR_FILE_MAX];
};

#define ERR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/** err_set() - fill @err with a message and no errno. Return: -1. */
int err_set(struct err *err, const char *format, ...) ERR_PRINTF(2, 3);

/** err_sys() - as err_set(), with ": " and the words of the current errno appended. Return: -1.
 */
int err_sys(struct err *err, const char *format, ...) ERR_PRINTF(2, 3);

/** err_code() - as err_sys(), for an errno value the caller holds. Return: -1. */
int err_code(struct err *err, int code, const char *format, ...) ERR_PRINTF(3, 4);

/** err_wrap() - put "words: " in front of the message of a filled @err. Return: -1. */
int err_wrap(struct err *err, const char *format, ...) ERR_PRINTF(2, 3);

/** err_hint() - set the hint (replacing one that was there). Return: -1, so it can end a chain.
 */
int err_hint(struct err *err, const char *format, ...) ERR_PRINTF(2, 3);

/** err_at() - name the place in the user's file. @file may be NULL (no change). Return: -1. */
int err_at(struct err *err, const char *file, int line, int column);

#endif
