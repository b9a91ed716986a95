#ifndef FETCH_TOML_H
#define FETCH_TOML_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

/*
 * The part of TOML 1.0 that registries.conf(5) is written in: [tables] and [[arrays of
 * tables]], keys with strings on one line, true, false, and arrays of strings. All the rest of
 * TOML (numbers, dates, inline tables, dotted keys, strings of several lines) is an error with
 * its place, never skipped.
 */

enum toml_kind { TOML_STRING, TOML_BOOL, TOML_STRINGS };

/** struct toml_value - @line, @column: where it begins, 1-based */
struct toml_value {
	enum toml_kind kind;
	char *text;
	bool is_true;
	struct strv list;
	int line;
	int column;
};

/**
 * struct toml_reader - who is told what there is, in the order of the text
 * @table:	a header; @path: its names. Until the first one, values are of no table.
 * @value:	a key of the table before; a key is there once in a table
 *
 * Both may fail; the place is added to the error unless it has one.
 */
struct toml_reader {
	int (*table)(void *arg, const struct strv *path, bool is_array, int line,
		     struct err *err);
	int (*value)(void *arg, const char *key, const struct toml_value *value,
		     struct err *err);
	void *arg;
};

/** toml_read() - @file: for messages; @text: NUL-terminated */
int toml_read(const char *file, const char *text, const struct toml_reader *reader,
	      struct err *err);

#endif
