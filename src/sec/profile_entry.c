#include "sec/profile.h"

#include "sec/caps.h"
#include "sec/jsonread.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64

/* More than a call has arguments: each may be tested several times. */
#define ARG_ITEMS_MAX 64

static const struct {
	const char *name;
	enum arg_op op;
} ops[] = {
	{"SCMP_CMP_EQ", ARG_EQ},
	{"SCMP_CMP_NE", ARG_NE},
	{"SCMP_CMP_LT", ARG_LT},
	{"SCMP_CMP_LE", ARG_LE},
	{"SCMP_CMP_GT", ARG_GT},
	{"SCMP_CMP_GE", ARG_GE},
	{"SCMP_CMP_MASKED_EQ", ARG_MASKED_EQ},
};

/* --- includes and excludes --- */

/* What an "includes" or "excludes" says. */
struct gate {
	struct strv caps;
	struct strv archs;
	const char *min_kernel;
};

static void gate_done(struct gate *g)
{
	strv_done(&g->caps);
	strv_done(&g->archs);
}

static int read_gate(struct jsonread *r, const json_t *entry, const char *key, struct gate *out,
		     struct err *err)
{
	static const char *const known[] = {"caps", "arches", "minKernel", NULL};
	const json_t *object = json_object_get(entry, key);
	int result = -1;

	if (!object || json_is_null(object))
		return 0;

	jsonread_enter(r, key);
	if (jsonread_object(r, object, known, err) == 0 &&
	    jsonread_strings(r, object, "caps", &out->caps, err) == 0 &&
	    jsonread_strings(r, object, "arches", &out->archs, err) == 0 &&
	    jsonread_string(r, object, "minKernel", &out->min_kernel, err) == 0)
		result = 0;
	jsonread_leave(r);
	return result;
}

static bool holds_cap(struct jsonread *r, const char *name, uint64_t bounding)
{
	struct err ignored;
	uint64_t mask;

	if (caps_from_name(name, &mask, &ignored) == 0)
		return (bounding & mask) == mask;
	jsonread_warn(r, "unknown capability '%s' counts as not held", name);
	return false;
}

/* "4.8", "5.10.3-anything": the first two numbers. */
static int parse_kernel(const char *text, unsigned long out[2])
{
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	out[0] = strtoul(text, &end, 10);
	if (*end != '.' || end[1] < '0' || end[1] > '9')
		return -1;
	out[1] = strtoul(end + 1, NULL, 10);
	return 0;
}

static int has_kernel(struct jsonread *r, const char *key, const char *wanted,
		      const char *running, bool *out, struct err *err)
{
	unsigned long want[2];
	unsigned long have[2];

	if (parse_kernel(wanted, want) < 0) {
		jsonread_enter(r, key);
		jsonread_enter(r, "minKernel");
		return jsonread_fail(r, err, "'minKernel' must look like '4.8', not '%s'",
				     wanted);
	}
	if (parse_kernel(running, have) < 0)
		return err_set(err, "cannot read kernel release '%s'", running);

	*out = have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]);
	return 0;
}

/* Everything an include names must be true. */
static int judge_includes(struct jsonread *r, const struct gate *g,
			  const struct profile_facts *facts, bool *out, struct err *err)
{
	bool passes = g->archs.count == 0 || strv_has(&g->archs, syscalls_go_arch());
	bool is_new = true;

	for (size_t i = 0; i < g->caps.count; i++)
		passes = holds_cap(r, g->caps.items[i], facts->bounding) && passes;
	if (g->min_kernel &&
	    has_kernel(r, "includes", g->min_kernel, facts->kernel, &is_new, err) < 0)
		return -1;

	*out = passes && is_new;
	return 0;
}

/* Anything an exclude names is enough. */
static int judge_excludes(struct jsonread *r, const struct gate *g,
			  const struct profile_facts *facts, bool *out, struct err *err)
{
	bool hit = strv_has(&g->archs, syscalls_go_arch());
	bool is_new = false;

	for (size_t i = 0; i < g->caps.count; i++)
		hit = holds_cap(r, g->caps.items[i], facts->bounding) || hit;
	if (g->min_kernel &&
	    has_kernel(r, "excludes", g->min_kernel, facts->kernel, &is_new, err) < 0)
		return -1;

	*out = !hit && !is_new;
	return 0;
}

static int judge_gates(struct jsonread *r, const json_t *entry,
		       const struct profile_facts *facts, bool *out, struct err *err)
{
	__attribute__((cleanup(gate_done))) struct gate includes = {0};
	__attribute__((cleanup(gate_done))) struct gate excludes = {0};
	bool is_in = false;
	bool is_not_out = false;

	if (read_gate(r, entry, "includes", &includes, err) < 0)
		return -1;
	if (read_gate(r, entry, "excludes", &excludes, err) < 0)
		return -1;
	if (judge_includes(r, &includes, facts, &is_in, err) < 0)
		return -1;
	if (judge_excludes(r, &excludes, facts, &is_not_out, err) < 0)
		return -1;

	*out = is_in && is_not_out;
	return 0;
}

/* --- arguments --- */

static int read_op(struct jsonread *r, const json_t *arg, enum arg_op *out, struct err *err)
{
	const char *candidates[ARRAY_LEN(ops) + 1] = {0};
	const char *name = NULL;
	const char *nearest;

	if (jsonread_string(r, arg, "op", &name, err) < 0)
		return -1;
	if (!name)
		return jsonread_fail(r, err, "'op' is missing");

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (str_eq(name, ops[i].name)) {
			*out = ops[i].op;
			return 0;
		}
		candidates[i] = ops[i].name;
	}

	nearest = str_nearest(name, candidates);
	(void)jsonread_fail(r, err, "unknown comparison '%s'", name);
	return nearest ? err_hint(err, "did you mean '%s'?", nearest) : -1;
}

static int read_arg(struct jsonread *r, const json_t *arg, struct arg_test *out,
		    struct err *err)
{
	static const char *const known[] = {"index", "value",   "valueTwo",
					    "op",    "comment", NULL};
	struct arg_test test = {.mask = UINT64_MAX};
	bool has_index = false;
	bool has_value = false;
	bool has_two = false;
	uint64_t index = 0;
	uint64_t value = 0;
	uint64_t two = 0;

	if (jsonread_object(r, arg, known, err) < 0 || read_op(r, arg, &test.op, err) < 0 ||
	    jsonread_u64(r, arg, "index", &has_index, &index, err) < 0 ||
	    jsonread_u64(r, arg, "value", &has_value, &value, err) < 0 ||
	    jsonread_u64(r, arg, "valueTwo", &has_two, &two, err) < 0)
		return -1;
	if (!has_index || index >= PROFILE_ARGS_MAX)
		return jsonread_fail(r, err, "'index' must be between 0 and 5");

	test.index = (unsigned int)index;
	test.value = value;
	if (test.op == ARG_MASKED_EQ) {
		test.mask = value;
		test.value = two;
		if ((two & ~value) != 0)
			jsonread_warn(r, "'valueTwo' has bits outside the mask 'value': this "
					 "condition never holds");
	} else if (has_two && two != 0) {
		jsonread_warn(r, "'valueTwo' has no meaning without 'SCMP_CMP_MASKED_EQ'");
	}
	*out = test;
	return 0;
}

static int read_args(struct jsonread *r, const json_t *args, struct arg_test *tests,
		     size_t *count, struct err *err)
{
	json_t *arg;
	size_t i;

	json_array_foreach(args, i, arg)
	{
		int result;

		jsonread_enter(r, "args");
		jsonread_enter_item(r, i);
		result = read_arg(r, arg, &tests[i], err);
		jsonread_leave(r);
		jsonread_leave(r);
		if (result < 0)
			return -1;
	}
	*count = json_array_size(args);
	return 0;
}

/* Return: how many of @tests are about an argument that another one is about too. */
static size_t count_repeated(const struct arg_test *tests, size_t count)
{
	unsigned int seen[PROFILE_ARGS_MAX] = {0};
	size_t repeated = 0;

	for (size_t i = 0; i < count; i++)
		seen[tests[i].index]++;
	for (size_t i = 0; i < count; i++)
		repeated += seen[tests[i].index] > 1;
	return repeated;
}

/* --- entries --- */

static void add_rule(struct profile *p, const struct rule *model, const char *name,
		     const struct arg_test *tests, size_t count)
{
	struct rule *rule;

	if (count == 0 && model->action == p->default_action)
		return;

	if ((p->rule_count & (p->rule_count - 1)) == 0)
		p->rules = xrealloc(p->rules, (p->rule_count ? 2 * p->rule_count : 1) *
						      sizeof(*p->rules));
	rule = &p->rules[p->rule_count++];
	*rule = *model;
	rule->name = xstrdup(name);
	rule->test_count = count;
	if (count > 0)
		memcpy(rule->tests, tests, count * sizeof(*tests));
}

/* Several tests of one argument: any of all the tests is enough, as with the other engines. */
static void add_rules(struct jsonread *r, struct profile *p, const struct rule *model,
		      const struct strv *names, const struct arg_test *tests, size_t count)
{
	size_t repeated = count_repeated(tests, count);

	if (repeated > 0 && repeated < count)
		jsonread_warn(r,
			      "an argument is tested twice: any one of the %zu conditions is "
			      "enough, those of other arguments too",
			      count);

	for (size_t i = 0; i < names->count; i++) {
		if (repeated == 0)
			add_rule(p, model, names->items[i], tests, count);
		for (size_t j = 0; repeated > 0 && j < count; j++)
			add_rule(p, model, names->items[i], &tests[j], 1);
	}
}

static int read_names(struct jsonread *r, const json_t *entry, struct strv *out,
		      struct err *err)
{
	const char *name = NULL;

	if (jsonread_string(r, entry, "name", &name, err) < 0)
		return -1;
	if (jsonread_strings(r, entry, "names", out, err) < 0)
		return -1;
	if (name && *name) {
		if (out->count > 0)
			return jsonread_fail(r, err, "'name' and 'names' exclude each other");
		strv_add(out, name);
	}
	if (out->count == 0)
		return jsonread_fail(r, err, "'names' is missing or empty");

	for (size_t i = 0; i < out->count; i++) {
		if (!str_is_printable(out->items[i]) || strlen(out->items[i]) > NAME_MAX_BYTES)
			return jsonread_fail(r, err,
					     "a name in 'names' is not a system call's");
	}
	return 0;
}

int profile_add_entry(struct jsonread *r, const json_t *entry,
		      const struct profile_facts *facts, struct profile *p, struct err *err)
{
	static const char *const known[] = {"name",    "names",    "action",   "args",
					    "comment", "includes", "excludes", "errnoRet",
					    "errno",   NULL};
	static const struct profile_action_keys keys = {"action", "errnoRet", "errno"};
	AUTO_STRV struct strv names = {0};
	struct arg_test tests[ARG_ITEMS_MAX] = {0};
	struct rule model = {0};
	const char *comment = NULL;
	json_t *args = NULL;
	bool applies = false;
	size_t count = 0;

	if (jsonread_object(r, entry, known, err) < 0 ||
	    read_names(r, entry, &names, err) < 0 ||
	    jsonread_string(r, entry, "comment", &comment, err) < 0 ||
	    profile_action(r, entry, &keys, &model.action, err) < 0 ||
	    jsonread_array(r, entry, "args", &args, err) < 0)
		return -1;
	if (json_array_size(args) > ARG_ITEMS_MAX)
		return jsonread_fail(r, err, "'args' has more than %d items", ARG_ITEMS_MAX);
	if (read_args(r, args, tests, &count, err) < 0 ||
	    judge_gates(r, entry, facts, &applies, err) < 0)
		return -1;

	if (!applies)
		return 0;
	model.line = jsonread_line(r);
	add_rules(r, p, &model, &names, tests, count);
	return 0;
}
