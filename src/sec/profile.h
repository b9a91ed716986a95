#ifndef SEC_PROFILE_H
#define SEC_PROFILE_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROFILE_MAX_BYTES (256UL * 1024)
#define PROFILE_ARCHS_MAX 16
#define PROFILE_ARGS_MAX 6

enum arg_op { ARG_EQ, ARG_NE, ARG_LT, ARG_LE, ARG_GT, ARG_GE, ARG_MASKED_EQ };

/**
 * struct arg_test - a condition on one argument of a call, as 64 bits
 * @mask:	for ARG_MASKED_EQ: (argument & mask) == value
 */
struct arg_test {
	unsigned int index;
	enum arg_op op;
	uint64_t mask;
	uint64_t value;
};

/**
 * struct rule - what happens to a call of this name when all tests hold
 * @action:	SECCOMP_RET_* with its data
 * @line:	of the entry in the file
 */
struct rule {
	char *name;
	uint32_t action;
	struct arg_test tests[PROFILE_ARGS_MAX];
	size_t test_count;
	int line;
};

/**
 * struct profile - a seccomp profile as this machine and this box see it
 * Entries that includes or excludes rule out are gone; several tests of one argument have
 * become several rules; an unconditional rule that only repeats the default action is left out.
 * Rules are in the order of the file, and the first one that matches a call decides.
 * @archs:	libseccomp's tokens; the native one first
 */
struct profile {
	char *file;
	uint32_t default_action;
	uint32_t archs[PROFILE_ARCHS_MAX];
	size_t arch_count;
	struct rule *rules;
	size_t rule_count;
};

/**
 * struct profile_facts - what includes and excludes are judged by
 * @bounding:	capabilities of the box
 * @kernel:	release as uname(2) gives it
 */
struct profile_facts {
	uint64_t bounding;
	const char *kernel;
};

/**
 * profile_parse() - read a profile in Docker's format
 * @file:	name for messages
 * @text:	NUL-terminated
 * @warnings:	members without meaning, conditions that say something else than they seem to
 * Return: 0, or -1 with file, line and column.
 */
int profile_parse(const char *file, const char *text, const struct profile_facts *facts,
		  struct profile *out, struct strv *warnings, struct err *err);
void profile_done(struct profile *p);
#define AUTO_PROFILE __attribute__((cleanup(profile_done)))

/* Between profile.c and profile_entry.c. */
struct jsonread;
struct json_t;

/** profile_action() - members @keys (action, errnoRet, errno) of @object as SECCOMP_RET_*
 * value. */
struct profile_action_keys {
	const char *action;
	const char *errno_number;
	const char *errno_name;
};
int profile_action(struct jsonread *r, const struct json_t *object,
		   const struct profile_action_keys *keys, uint32_t *out, struct err *err);

/** profile_add_entry() - one item of "syscalls", appended to @p's rules. */
int profile_add_entry(struct jsonread *r, const struct json_t *entry,
		      const struct profile_facts *facts, struct profile *p, struct err *err);

#endif
