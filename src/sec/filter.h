#ifndef SEC_FILTER_H
#define SEC_FILTER_H

#include "util/err.h"
#include "util/str.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Seccomp profiles in Docker's format, made into programs. How a profile decides:
 *
 * - An entry whose includes or excludes rule it out for this box or machine is not there. Names
 * that are unknown here are skipped without a word. An entry without conditions that repeats
 * the default action is skipped (so a later one of the same name counts, as with Docker and
 * Podman).
 * - Several conditions in one entry must all hold; but when one argument appears twice, any one
 * condition of the entry is enough (again as with the others).
 * - Among the entries that name a call, the first in the file whose conditions hold decides,
 * and the default action when there is none. Where this order is all that decides between two
 * different actions, a warning says so. It is our rule and not libseccomp's, which keeps the
 * first of two unconditional rules, lets an unconditional one win over conditions wherever it
 * stands, and is silent about both.
 * - The program knows this machine's architecture and those that the profile adds to it. A call
 * of another architecture ends the process (SIGSYS); an x32 call on x86_64 gets ENOSYS, as from
 * a kernel without x32.
 * - socketcall(2) and ipc(2) (32-bit x86, s390): an entry without conditions for "socket"
 * decides about that sub-call too; one with conditions does not, since a filter cannot see the
 * arguments there.
 * - Refused by name: SCMP_ACT_NOTIFY, listenerPath, listenerMetadata. Ignored with a warning:
 * flags but SPEC_ALLOW (always on) and TSYNC (nothing to do), unknown members.
 */

/**
 * struct filter_request - which seccomp profile, for whom
 * @path:	JSON file in Docker's format, at most 256 KiB; NULL: the default profile built
 *			into devbox
 * @bounding:	the box's bounding capabilities (includes.caps / excludes.caps are judged by it)
 * @cache_dir:	$XDG_CACHE_HOME/devbox/seccomp; made when missing; an unusable cache only
 *			costs time; NULL: no cache
 * @explain:	turn refusals (errno and kill) of a user's profile into user notifications, so
 *			that devbox can name the call that was refused; no effect on the
 *			default profile
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
 * @file:	path of the cached program, so that `exec` loads the same bytes without the
 *			profile; NULL when it could not be cached
 */
struct filter {
	struct sock_filter *program;
	size_t len;
	bool has_notify;
	char *file;
};

/**
 * filter_get() - the compiled program of a profile, from the cache or compiled now
 * @warnings:	contradictions and the like found in the profile, one text each; the same from
 * the cache
 * @err:	names file, line and column for syntax and for wrong members
 *
 * A cache file is found by a hash, and used when it holds the same key in full: the profile's
 * bytes and name, @bounding, @explain, architecture, libseccomp version, kernel release, each
 * with its length. One that is not ours, that others may write, or that is damaged (it has its
 * own checksums) is made again.
 */
int filter_get(const struct filter_request *request, struct filter *out_filter,
	       struct strv *warnings, struct err *err);

/** filter_load_file() - read a cached program named by filter.file; its checksum is verified.
 */
int filter_load_file(const char *file, struct filter *out_filter, struct err *err);
void filter_done(struct filter *filter);

/** filter_default_json() - the built-in profile's text, *out_len set. Return: static bytes,
 * NUL-terminated. */
const char *filter_default_json(size_t *out_len);

#endif
