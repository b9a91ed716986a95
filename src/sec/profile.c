#include "sec/profile.h"

#include "sec/jsonread.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <linux/seccomp.h>
#include <string.h>

#define ERRNO_DEFAULT 1 /* EPERM */
#define ERRNO_MAX 4095

#define AUTO_JSON_VALUE __attribute__((cleanup(json_decrefp)))

static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
	{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
	{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
	{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
	{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
	{"SCMP_ACT_LOG", SECCOMP_RET_LOG},
	{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
	{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
};

static int unknown_action(struct jsonread *r, const char *key, const char *name,
			  struct err *err)
{
	const char *candidates[ARRAY_LEN(actions) + 1] = {0};
	const char *nearest;

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		candidates[i] = actions[i].name;
	nearest = str_nearest(name, candidates);

	jsonread_enter(r, key);
	if (str_eq(name, "SCMP_ACT_NOTIFY"))
		(void)jsonread_fail(r, err,
				    "seccomp action 'SCMP_ACT_NOTIFY' is not supported: "
				    "no agent would answer");
	else
		(void)jsonread_fail(r, err, "unknown seccomp action '%s'", name);
	jsonread_leave(r);
	return nearest ? err_hint(err, "did you mean '%s'?", nearest) : -1;
}

static int fail_member(struct jsonread *r, const char *key, struct err *err, const char *words)
{
	jsonread_enter(r, key);
	(void)jsonread_fail(r, err, "'%s' %s", key, words);
	jsonread_leave(r);
	return -1;
}

/* The name counts where both are given, as with the other engines. */
static int read_errno(struct jsonread *r, const json_t *object,
		      const struct profile_action_keys *keys, uint64_t *out_number,
		      struct err *err)
{
	bool found = false;
	uint64_t number = ERRNO_DEFAULT;
	const char *name = NULL;

	if (jsonread_u64(r, object, keys->errno_number, &found, &number, err) < 0)
		return -1;
	if (jsonread_string(r, object, keys->errno_name, &name, err) < 0)
		return -1;

	if (name && *name) {
		int value = syscalls_errno(name);

		if (value < 0)
			return fail_member(r, keys->errno_name, err,
					   "is not the name of an error number");
		if (found && number != (uint64_t)value)
			jsonread_warn(r, "'%s' and '%s' differ: '%s' counts",
				      keys->errno_number, keys->errno_name, keys->errno_name);
		number = (uint64_t)value;
	}
	if (number > ERRNO_MAX)
		return fail_member(r, keys->errno_number, err, "must be between 0 and 4095");

	*out_number = number;
	return 0;
}

int profile_action(struct jsonread *r, const json_t *object,
		   const struct profile_action_keys *keys, uint32_t *out, struct err *err)
{
	const char *name = NULL;
	uint64_t number;
	size_t i = 0;

	if (jsonread_string(r, object, keys->action, &name, err) < 0)
		return -1;
	if (!name)
		return jsonread_fail(r, err, "'%s' is missing", keys->action);

	while (i < ARRAY_LEN(actions) && !str_eq(name, actions[i].name))
		i++;
	if (i == ARRAY_LEN(actions))
		return unknown_action(r, keys->action, name, err);
	if (read_errno(r, object, keys, &number, err) < 0)
		return -1;

	*out = actions[i].action;
	if (*out == SECCOMP_RET_ERRNO || *out == SECCOMP_RET_TRACE)
		*out |= (uint32_t)number;
	else if (json_object_get(object, keys->errno_number) &&
		 !json_is_null(json_object_get(object, keys->errno_number)))
		jsonread_warn(r, "'%s' has no meaning with '%s'", keys->errno_number, name);
	return 0;
}

static void add_arch(struct profile *p, const char *name)
{
	uint32_t arch = syscalls_arch(name);

	if (arch == 0) {
		log_debug("seccomp: unknown architecture '%s'", name);
		return;
	}
	for (size_t i = 0; i < p->arch_count; i++) {
		if (p->archs[i] == arch)
			return;
	}
	if (p->arch_count < PROFILE_ARCHS_MAX)
		p->archs[p->arch_count++] = arch;
}

static int check_arch_name(struct jsonread *r, const char *name, struct err *err)
{
	if (str_starts(name, "SCMP_ARCH_"))
		return 0;
	(void)jsonread_fail(r, err, "'%s' is not an architecture", name);
	return err_hint(err, "architectures are written like 'SCMP_ARCH_X86_64'");
}

/* One entry of archMap counts only when it is about this machine. */
static int read_arch_entry(struct jsonread *r, const json_t *entry, struct profile *p,
			   struct err *err)
{
	static const char *const known[] = {"architecture", "subArchitectures", "comment",
					    NULL};
	AUTO_STRV struct strv subs = {0};
	const char *name = NULL;

	if (jsonread_object(r, entry, known, err) < 0)
		return -1;
	if (jsonread_string(r, entry, "architecture", &name, err) < 0)
		return -1;
	if (!name)
		return jsonread_fail(r, err, "'architecture' is missing");
	if (check_arch_name(r, name, err) < 0)
		return -1;
	if (jsonread_strings(r, entry, "subArchitectures", &subs, err) < 0)
		return -1;

	for (size_t i = 0; i < subs.count; i++) {
		if (check_arch_name(r, subs.items[i], err) < 0)
			return -1;
		if (syscalls_arch(name) == syscalls_native())
			add_arch(p, subs.items[i]);
	}
	return 0;
}

static int read_arch_map(struct jsonread *r, const json_t *map, struct profile *p,
			 struct err *err)
{
	json_t *entry;
	size_t i;

	json_array_foreach(map, i, entry)
	{
		jsonread_enter(r, "archMap");
		jsonread_enter_item(r, i);
		if (read_arch_entry(r, entry, p, err) < 0)
			return -1;
		jsonread_leave(r);
		jsonread_leave(r);
	}
	return 0;
}

static int read_archs(struct jsonread *r, const json_t *root, struct profile *p,
		      struct err *err)
{
	AUTO_STRV struct strv plain = {0};
	json_t *map = NULL;

	p->archs[p->arch_count++] = syscalls_native();
	if (jsonread_array(r, root, "archMap", &map, err) < 0)
		return -1;
	if (jsonread_strings(r, root, "architectures", &plain, err) < 0)
		return -1;
	if (map && plain.count > 0)
		return fail_member(r, "architectures", err, "and 'archMap' exclude each other");

	for (size_t i = 0; i < plain.count; i++) {
		jsonread_enter(r, "architectures");
		jsonread_enter_item(r, i);
		if (check_arch_name(r, plain.items[i], err) < 0)
			return -1;
		jsonread_leave(r);
		jsonread_leave(r);
		add_arch(p, plain.items[i]);
	}
	return read_arch_map(r, map, p, err);
}

/* The filter is loaded by a process with one thread, and always with SPEC_ALLOW. */
static int check_flags(struct jsonread *r, const json_t *root, struct err *err)
{
	AUTO_STRV struct strv flags = {0};

	if (jsonread_strings(r, root, "flags", &flags, err) < 0)
		return -1;

	for (size_t i = 0; i < flags.count; i++) {
		if (str_eq(flags.items[i], "SECCOMP_FILTER_FLAG_SPEC_ALLOW") ||
		    str_eq(flags.items[i], "SECCOMP_FILTER_FLAG_TSYNC"))
			continue;

		jsonread_enter(r, "flags");
		jsonread_enter_item(r, i);
		if (!str_starts(flags.items[i], "SECCOMP_FILTER_FLAG_"))
			return jsonread_fail(r, err, "unknown seccomp flag '%s'",
					     flags.items[i]);
		jsonread_warn(r, "seccomp flag '%s' is ignored", flags.items[i]);
		jsonread_leave(r);
		jsonread_leave(r);
	}
	return 0;
}

static int check_root(struct jsonread *r, const json_t *root, struct err *err)
{
	static const char *const known[] = {
		"defaultAction",    "defaultErrnoRet", "defaultErrno", "archMap",
		"architectures",    "syscalls",        "flags",        "listenerPath",
		"listenerMetadata", "comment",         "$schema",      NULL};
	static const char *const refused[] = {"listenerPath", "listenerMetadata"};

	if (jsonread_object(r, root, known, err) < 0)
		return -1;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		const char *value = NULL;

		if (jsonread_string(r, root, refused[i], &value, err) < 0)
			return -1;
		if (value && *value)
			return fail_member(
				r, refused[i], err,
				"is not supported: devbox talks to no seccomp agent");
	}
	return check_flags(r, root, err);
}

static int read_root(struct jsonread *r, const json_t *root, const struct profile_facts *facts,
		     struct profile *p, struct err *err)
{
	static const struct profile_action_keys keys = {"defaultAction", "defaultErrnoRet",
							"defaultErrno"};
	static const char entries_key[] = "syscalls";
	json_t *entries = NULL;
	json_t *entry;
	size_t i;

	if (check_root(r, root, err) < 0)
		return -1;
	if (profile_action(r, root, &keys, &p->default_action, err) < 0)
		return -1;
	if (read_archs(r, root, p, err) < 0)
		return -1;
	if (jsonread_array(r, root, entries_key, &entries, err) < 0)
		return -1;

	json_array_foreach(entries, i, entry)
	{
		jsonread_enter(r, entries_key);
		jsonread_enter_item(r, i);
		if (profile_add_entry(r, entry, facts, p, err) < 0)
			return -1;
		jsonread_leave(r);
		jsonread_leave(r);
	}
	return 0;
}

int profile_parse(const char *file, const char *text, const struct profile_facts *facts,
		  struct profile *out, struct strv *warnings, struct err *err)
{
	struct jsonread r = {
		.file = file,
		.text = text,
		.len = strlen(text),
		.warnings = warnings,
	};
	AUTO_PROFILE struct profile p = {0};
	AUTO_JSON_VALUE json_t *root = NULL;

	if (jsonread_parse(&r, &root, err) < 0)
		return -1;
	p.file = xstrdup(file);
	if (read_root(&r, root, facts, &p, err) < 0)
		return -1;

	*out = p;
	p = (struct profile){0};
	return 0;
}

void profile_done(struct profile *p)
{
	for (size_t i = 0; i < p->rule_count; i++)
		free(p->rules[i].name);
	free(p->rules);
	free(p->file);
	*p = (struct profile){0};
}
