#ifndef SEC_FILTER_H
#define SEC_FILTER_H

#include "util/err.h"
#include "util/str.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct filter_request - which seccomp profile, for whom
 * @path:	JSON file in Docker's format; NULL: the default profile built into devbox
 * @bounding:	the box's bounding capabilities (includes.caps / excludes.caps are judged by it)
 * @cache_dir:	$XDG_CACHE_HOME/devbox/seccomp; made when missing; an unusable cache only costs time
 * @explain:	turn refusals (errno and kill) of a user's profile into user notifications, so that devbox can name the call that was refused
 */
struct filter_request {
	const char *path;
	uint64_t bounding;
	const char *cache_dir;
	bool explain;
};

/**
 * struct filter - a compiled seccomp program
 * @program:	native-endian BPF, free() through filter_done()
 * @has_notify:	must be loaded with a listener (see notify.h)
 * @file:	path of the cached program, so that `exec` loads the same bytes without the profile; NULL when it could not be cached
 */
struct filter {
	struct sock_filter *program;
	size_t len;
	bool has_notify;
	char *file;
};

/**
 * filter_get() - the compiled program of a profile, from the cache or compiled now
 * Cache key: hash over the profile's bytes, @bounding, @explain, architecture, libseccomp version, kernel release, each with its length. A cache
 * file that is not ours, not 0600-like or damaged (its own checksum) is compiled again.
 * @warnings:	contradictions and the like found in the profile, one text each
 * @err:	names file, line and column for syntax and for wrong members
 */
int filter_get(const struct filter_request *request, struct filter *out_filter, struct strv *warnings, struct err *err);
/** filter_load_file() - read a cached program named by filter.file. */
int filter_load_file(const char *file, struct filter *out_filter, struct err *err);
void filter_done(struct filter *filter);

/**
 * filter_default_json() - the built-in profile's text. Return: pointer to static bytes, *out_len set.
 */
const char *filter_default_json(size_t *out_len);

#endif
