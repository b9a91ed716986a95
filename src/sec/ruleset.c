#include "sec/ruleset.h"

#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <seccomp.h>
#include <string.h>

/**
 * struct claim - one rule's say about one number, before sorting
 * @order:	place of the rule in the file
 */
struct claim {
	uint32_t number;
	size_t order;
	struct verdict verdict;
};

struct claims {
	struct claim *items;
	size_t count;
};

static struct claim *add_claim(struct claims *all, const struct rule *rule, size_t order,
			       int64_t number)
{
	struct claim *claim;

	if ((all->count & (all->count - 1)) == 0)
		all->items = xrealloc(all->items,
				      (all->count ? 2 * all->count : 1) * sizeof(*all->items));
	claim = &all->items[all->count++];
	*claim = (struct claim){.number = (uint32_t)number, .order = order};
	claim->verdict.rule = rule;
	claim->verdict.action = rule->action;
	return claim;
}

static void collect_rule(struct claims *all, uint32_t arch, const struct rule *rule,
			 size_t order)
{
	struct callnum call = syscalls_number(arch, rule->name);

	if (call.direct >= 0)
		(void)add_claim(all, rule, order, call.direct);

	/*
	 * A multiplexer has the arguments in memory, where a filter cannot look: rules with
	 * conditions say nothing about that way to make the call.
	 */
	if (call.mux >= 0 && rule->test_count == 0) {
		struct claim *claim = add_claim(all, rule, order, call.mux);

		claim->verdict.is_mux = true;
		claim->verdict.mux_test = (struct arg_test){
			.op = ARG_MASKED_EQ,
			.mask = call.mux_mask,
			.value = call.mux_sub,
		};
	}

	if (call.direct < 0 && call.mux < 0)
		log_debug("seccomp: no call '%s' on this architecture", rule->name);
}

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a;
	const struct claim *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Verdicts of one number up to the first that always holds; those that change nothing fall
 * away. */
static void make_call(const struct claim *claims, size_t count, uint32_t default_action,
		      struct call *out)
{
	size_t used = 0;

	out->number = claims[0].number;
	out->otherwise = default_action;
	out->verdicts = xmalloc(count * sizeof(*out->verdicts));

	for (size_t i = 0; i < count; i++) {
		const struct verdict *v = &claims[i].verdict;

		if (!v->is_mux && v->rule->test_count == 0) {
			out->otherwise = v->action;
			break;
		}
		out->verdicts[used++] = *v;
	}

	while (used > 0 && out->verdicts[used - 1].action == out->otherwise)
		used--;
	out->verdict_count = used;
}

static void build_arch(const struct profile *p, uint32_t arch, struct ruleset_arch *out)
{
	struct claims all = {0};
	AUTO_FREE struct claim *items = NULL;

	for (size_t i = 0; i < p->rule_count; i++)
		collect_rule(&all, arch, &p->rules[i], i);
	items = all.items;

	*out = (struct ruleset_arch){.arch = arch};
	if (all.count == 0)
		return;
	qsort(items, all.count, sizeof(*items), compare_claims);
	out->calls = xmalloc(all.count * sizeof(*out->calls));

	for (size_t i = 0, n; i < all.count; i += n) {
		for (n = 1; i + n < all.count && items[i + n].number == items[i].number; n++)
			;
		make_call(&items[i], n, p->default_action, &out->calls[out->call_count++]);
	}
}

void ruleset_build(const struct profile *p, struct ruleset *out)
{
	*out = (struct ruleset){.default_action = p->default_action};
	for (size_t i = 0; i < p->arch_count; i++)
		build_arch(p, p->archs[i], &out->archs[out->arch_count++]);
}

void ruleset_done(struct ruleset *rs)
{
	for (size_t i = 0; i < rs->arch_count; i++) {
		for (size_t j = 0; j < rs->archs[i].call_count; j++)
			free(rs->archs[i].calls[j].verdicts);
		free(rs->archs[i].calls);
	}
	*rs = (struct ruleset){0};
}

bool ruleset_has(const struct ruleset *rs, uint32_t arch)
{
	for (size_t i = 0; i < rs->arch_count; i++) {
		if (rs->archs[i].arch == arch)
			return true;
	}
	return false;
}

bool ruleset_test_holds(const struct arg_test *test, uint64_t arg)
{
	switch (test->op) {
	case ARG_EQ:
		return arg == test->value;
	case ARG_NE:
		return arg != test->value;
	case ARG_LT:
		return arg < test->value;
	case ARG_LE:
		return arg <= test->value;
	case ARG_GT:
		return arg > test->value;
	case ARG_GE:
		return arg >= test->value;
	case ARG_MASKED_EQ:
		return (arg & test->mask) == test->value;
	}
	return false;
}

const struct arg_test *verdict_tests(const struct verdict *v, size_t *out_count)
{
	*out_count = v->is_mux ? 1 : v->rule->test_count;
	return v->is_mux ? &v->mux_test : v->rule->tests;
}

static bool verdict_holds(const struct verdict *v, const struct seccomp_data *data)
{
	size_t count;
	const struct arg_test *tests = verdict_tests(v, &count);

	for (size_t i = 0; i < count; i++) {
		if (!ruleset_test_holds(&tests[i], data->args[tests[i].index]))
			return false;
	}
	return true;
}

static uint32_t judge_call(const struct call *call, const struct seccomp_data *data)
{
	for (size_t i = 0; i < call->verdict_count; i++) {
		if (verdict_holds(&call->verdicts[i], data))
			return call->verdicts[i].action;
	}
	return call->otherwise;
}

/* Return: the rules for a call of this kind, NULL when the profile does not name its
 * architecture. */
static const struct ruleset_arch *find_arch(const struct ruleset *rs, uint32_t audit_arch,
					    bool is_x32)
{
	for (size_t i = 0; i < rs->arch_count; i++) {
		if (syscalls_audit_arch(rs->archs[i].arch) == audit_arch &&
		    (rs->archs[i].arch == SCMP_ARCH_X32) == is_x32)
			return &rs->archs[i];
	}
	return NULL;
}

uint32_t ruleset_judge(const struct ruleset *rs, const struct seccomp_data *data)
{
	uint32_t number = (uint32_t)data->nr;
	bool is_x32 = data->arch == SCMP_ARCH_X86_64 && (number & SYSCALLS_X32_BIT) != 0 &&
		      data->nr != -1;
	const struct ruleset_arch *arch = find_arch(rs, data->arch, is_x32);

	if (!arch)
		return is_x32 ? RULESET_BAD_X32 : RULESET_BAD_ARCH;

	for (size_t i = 0; i < arch->call_count; i++) {
		if (arch->calls[i].number == number)
			return judge_call(&arch->calls[i], data);
	}
	return rs->default_action;
}
