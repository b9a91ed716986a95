#include "state/record.h"

#include "util/cleanup.h"

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	KIND_STRING,
	KIND_LIST,
	KIND_BOOL,
	KIND_ID,
	KIND_INT,
	KIND_U64,
	KIND_I64,
	KIND_PHASE
};

struct field {
	const char *key;
	enum kind kind;
	size_t offset;
};

#define FIELD(name, kind)                                  \
	{                                                  \
#name, kind, offsetof(struct record, name) \
	}

/* The file and struct record, side by side. */
static const struct field fields[] = {
	FIELD(project, KIND_STRING),
	FIELD(box, KIND_STRING),
	FIELD(image, KIND_STRING),
	FIELD(root_kind, KIND_STRING),
	FIELD(profile_file, KIND_STRING),
	FIELD(folder, KIND_STRING),
	FIELD(phase, KIND_PHASE),
	FIELD(init_pid, KIND_INT),
	FIELD(init_start, KIND_U64),
	FIELD(supervisor_pid, KIND_INT),
	FIELD(supervisor_start, KIND_U64),
	FIELD(created_ms, KIND_I64),
	FIELD(started_ms, KIND_I64),
	FIELD(finished_ms, KIND_I64),
	FIELD(has_exit, KIND_BOOL),
	FIELD(exit_code, KIND_INT),
	FIELD(reason, KIND_STRING),
	FIELD(cgroup, KIND_STRING),
	FIELD(network, KIND_STRING),
	FIELD(net_subnet, KIND_STRING),
	FIELD(net_gateway, KIND_STRING),
	FIELD(net_dns, KIND_STRING),
	FIELD(net_address, KIND_STRING),
	FIELD(net_backend, KIND_STRING),
	FIELD(net_mtu, KIND_INT),
	FIELD(net_ipv6, KIND_BOOL),
	FIELD(net_host, KIND_BOOL),
	FIELD(net_pid, KIND_INT),
	FIELD(net_start, KIND_U64),
	FIELD(net_lost, KIND_STRING),
	FIELD(health, KIND_STRING),
	FIELD(health_why, KIND_STRING),
	FIELD(health_failures, KIND_U64),
	FIELD(command, KIND_LIST),
	FIELD(notes, KIND_LIST),
	FIELD(oom_kills, KIND_U64),
	FIELD(oom_words, KIND_STRING),
	FIELD(limits_at, KIND_LIST),
	FIELD(hostname, KIND_STRING),
	FIELD(workspace_source, KIND_STRING),
	FIELD(workspace_target, KIND_STRING),
	FIELD(exec_user, KIND_STRING),
	FIELD(exec_uid, KIND_ID),
	FIELD(exec_gid, KIND_ID),
	FIELD(exec_groups, KIND_LIST),
	FIELD(exec_home, KIND_STRING),
	FIELD(exec_shell, KIND_STRING),
	FIELD(exec_cwd, KIND_STRING),
	FIELD(exec_env, KIND_LIST),
	FIELD(exec_bounding, KIND_U64),
	FIELD(exec_ambient, KIND_U64),
	FIELD(exec_no_new_privs, KIND_BOOL),
	FIELD(exec_can_setgroups, KIND_BOOL),
	FIELD(exec_filter, KIND_STRING),
	FIELD(exec_filter_notify, KIND_BOOL),
	FIELD(exec_profile, KIND_STRING),
	FIELD(exec_rlimits, KIND_LIST),
	FIELD(exec_affinity, KIND_STRING),
	FIELD(has_userns, KIND_BOOL),
	FIELD(plan, KIND_STRING),
	FIELD(stop_signal, KIND_STRING),
	FIELD(stop_grace_us, KIND_U64),
};

_Static_assert(sizeof(pid_t) == sizeof(int), "KIND_INT holds a pid");
_Static_assert(sizeof(uid_t) == sizeof(uint32_t) && sizeof(gid_t) == sizeof(uint32_t),
	       "KIND_ID");

static const char *const phase_names[] = {
	[PHASE_STARTING] = "starting",
	[PHASE_RUNNING] = "up",
	[PHASE_PAUSED] = "paused",
	[PHASE_EXITED] = "exited",
};

const char *phase_name(enum phase phase)
{
	return phase_names[phase];
}

static int parse_phase(const char *value, enum phase *out)
{
	for (size_t i = 0; i < ARRAY_LEN(phase_names); i++) {
		if (str_eq(value, phase_names[i])) {
			*out = (enum phase)i;
			return 0;
		}
	}
	return -1;
}

static void put_escaped(struct buf *b, const char *value)
{
	for (;;) {
		size_t plain = strcspn(value, "\n\\");

		buf_add(b, value, plain);
		value += plain;
		if (!*value)
			return;
		buf_puts(b, *value == '\n' ? "\\n" : "\\\\");
		value++;
	}
}

static void put_text(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s=", key);
	put_escaped(b, value);
	buf_putc(b, '\n');
}

static void put_field(struct buf *b, const struct field *field, const void *at)
{
	const struct strv *list = at;
	const char *text;

	switch (field->kind) {
	case KIND_STRING:
		text = *(char *const *)at;
		if (text)
			put_text(b, field->key, text);
		break;
	case KIND_LIST:
		for (size_t i = 0; i < list->count; i++)
			put_text(b, field->key, list->items[i]);
		break;
	case KIND_BOOL:
		buf_printf(b, "%s=%d\n", field->key, *(const bool *)at);
		break;
	case KIND_ID:
		buf_printf(b, "%s=%" PRIu32 "\n", field->key, *(const uint32_t *)at);
		break;
	case KIND_INT:
		buf_printf(b, "%s=%d\n", field->key, *(const int *)at);
		break;
	case KIND_U64:
		buf_printf(b, "%s=%" PRIu64 "\n", field->key, *(const uint64_t *)at);
		break;
	case KIND_I64:
		buf_printf(b, "%s=%" PRId64 "\n", field->key, *(const int64_t *)at);
		break;
	case KIND_PHASE:
		put_text(b, field->key, phase_name(*(const enum phase *)at));
		break;
	}
}

char *record_format(const struct record *record)
{
	struct buf b = {0};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		put_field(&b, &fields[i], (const char *)record + fields[i].offset);
	return buf_take(&b);
}

/* In place. Return: 0, or -1: a backslash before something else. */
static int unescape(char *value)
{
	char *to = value;

	for (; *value; value++) {
		if (*value != '\\') {
			*to++ = *value;
			continue;
		}
		value++;
		if (*value != 'n' && *value != '\\')
			return -1;
		*to++ = *value == 'n' ? '\n' : '\\';
	}
	*to = '\0';
	return 0;
}

static int read_number(const struct field *field, const char *value, void *at)
{
	int64_t number;
	uint64_t natural;

	if (field->kind == KIND_U64)
		return str_to_u64(value, at);
	if (field->kind == KIND_I64)
		return str_to_i64(value, at);

	if (field->kind == KIND_INT) {
		if (str_to_i64(value, &number) < 0 || number < INT_MIN || number > INT_MAX)
			return -1;
		*(int *)at = (int)number;
		return 0;
	}
	if (str_to_u64(value, &natural) < 0)
		return -1;
	if (field->kind == KIND_BOOL) {
		if (natural > 1)
			return -1;
		*(bool *)at = natural == 1;
	} else {
		if (natural > UINT32_MAX)
			return -1;
		*(uint32_t *)at = (uint32_t)natural;
	}
	return 0;
}

static int read_field(const struct field *field, char *value, void *at)
{
	if (field->kind == KIND_PHASE)
		return parse_phase(value, at);
	if (field->kind != KIND_STRING && field->kind != KIND_LIST)
		return read_number(field, value, at);

	if (unescape(value) < 0)
		return -1;
	if (field->kind == KIND_LIST) {
		strv_add(at, value);
	} else {
		free(*(char **)at);
		*(char **)at = xstrdup(value);
	}
	return 0;
}

/* One line; @line is changed. A key of a newer version is skipped. */
static int parse_line(char *line, int number, struct record *record, struct err *err)
{
	char *value = strchr(line, '=');

	if (!value)
		return err_set(err, "run record line %d has no '='", number);
	*value++ = '\0';

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!str_eq(line, fields[i].key))
			continue;
		if (read_field(&fields[i], value, (char *)record + fields[i].offset) < 0)
			return err_set(err, "run record line %d has a bad value of '%s'",
				       number, line);
		break;
	}
	return 0;
}

int record_parse(const char *text, struct record *out_record, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	__attribute__((cleanup(record_done))) struct record record = {0};
	int number = 1;

	for (char *line = copy; *line; number++) {
		char *end = strchrnul(line, '\n');
		char *next = *end ? end + 1 : end;

		*end = '\0';
		if (parse_line(line, number, &record, err) < 0)
			return -1;
		line = next;
	}
	if (!record.project || !record.box)
		return err_set(err, "run record does not say whose it is");

	*out_record = record;
	record = (struct record){0};
	return 0;
}

void record_done(struct record *record)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		void *at = (char *)record + fields[i].offset;

		if (fields[i].kind == KIND_STRING)
			free(*(char **)at);
		else if (fields[i].kind == KIND_LIST)
			strv_done(at);
	}
	*record = (struct record){0};
}
