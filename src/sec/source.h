#ifndef SEC_SOURCE_H
#define SEC_SOURCE_H

#include "sec/profile.h"

/* Where a profile's text comes from: a file of the user, or (path NULL) the one built in. */

/** source_name() - how messages name it. */
const char *source_name(const char *path);

/** source_load() - its text, NUL-terminated; free() it. */
int source_load(const char *path, char **out_text, struct err *err);

/** source_parse() - profile_parse() and conflicts_report(); the built-in one has nothing to
 * warn about. */
int source_parse(const char *path, const char *text, const struct profile_facts *facts,
		 struct profile *out, struct strv *warnings, struct err *err);

#endif
