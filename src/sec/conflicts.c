#include "sec/conflicts.h"

#include "sec/ruleset.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define WARNINGS_MAX 64
#define ACTION_TEXT_MAX 40

static const char *action_text(uint32_t action, char out[ACTION_TEXT_MAX])
{
	uint32_t data = action & SECCOMP_RET_DATA;
	const char *name = "SCMP_ACT_ALLOW";

	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
		name = "SCMP_ACT_KILL_PROCESS";
		break;
	case SECCOMP_RET_KILL_THREAD:
		name = "SCMP_ACT_KILL_THREAD";
		break;
	case SECCOMP_RET_TRAP:
		name = "SCMP_ACT_TRAP";
		break;
	case SECCOMP_RET_ERRNO:
		name = "SCMP_ACT_ERRNO";
		break;
	case SECCOMP_RET_TRACE:
		name = "SCMP_ACT_TRACE";
		break;
	case SECCOMP_RET_LOG:
		name = "SCMP_ACT_LOG";
		break;
	default:
		break;
	}

	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
	    syscalls_errno_name((int)data))
		(void)snprintf(out, ACTION_TEXT_MAX, "%s (%s)", name,
			       syscalls_errno_name((int)data));
	else
		(void)snprintf(out, ACTION_TEXT_MAX, "%s", name);
	return out;
}

struct range {
	uint64_t low;
	uint64_t high;
};

/* The values for which @t holds, as one range. Return: false where that is not one. */
static bool as_range(const struct arg_test *t, struct range *out)
{
	*out = (struct range){0, UINT64_MAX};
	switch (t->op) {
	case ARG_EQ:
		*out = (struct range){t->value, t->value};
		return true;
	case ARG_LT:
		out->high = t->value - 1;
		return t->value > 0;
	case ARG_LE:
		out->high = t->value;
		return true;
	case ARG_GT:
		out->low = t->value + 1;
		return t->value < UINT64_MAX;
	case ARG_GE:
		out->low = t->value;
		return true;
	case ARG_NE:
	case ARG_MASKED_EQ:
		return false;
	}
	return false;
}

/* No value satisfies both. */
static bool exclude_each_other(const struct arg_test *a, const struct arg_test *b)
{
	struct range x;
	struct range y;

	if (a->op == ARG_EQ)
		return !ruleset_test_holds(b, a->value);
	if (b->op == ARG_EQ)
		return !ruleset_test_holds(a, b->value);
	if (a->op == ARG_MASKED_EQ && b->op == ARG_MASKED_EQ)
		return ((a->value ^ b->value) & a->mask & b->mask) != 0;
	if (as_range(a, &x) && as_range(b, &y))
		return x.high < y.low || y.high < x.low;
	return false;
}

static bool can_both_hold(const struct rule *a, const struct rule *b)
{
	for (size_t i = 0; i < a->test_count; i++) {
		for (size_t j = 0; j < b->test_count; j++) {
			if (a->tests[i].index == b->tests[j].index &&
			    exclude_each_other(&a->tests[i], &b->tests[j]))
				return false;
		}
	}
	return true;
}

static void report(const struct profile *p, const struct rule *first, const struct rule *second,
		   struct strv *warnings)
{
	char one[ACTION_TEXT_MAX];
	char two[ACTION_TEXT_MAX];

	if (warnings->count >= WARNINGS_MAX)
		return;

	if (first->test_count == 0 && second->test_count == 0)
		strv_addf(warnings,
			  "%s:%d: '%s' is %s here and %s in line %d: the first counts", p->file,
			  second->line, first->name, action_text(second->action, two),
			  action_text(first->action, one), first->line);
	else if (first->test_count == 0)
		strv_addf(warnings,
			  "%s:%d: the condition on '%s' never counts: line %d says %s without "
			  "one",
			  p->file, second->line, first->name, first->line,
			  action_text(first->action, one));
	else if (second->test_count == 0)
		strv_addf(warnings,
			  "%s:%d: the condition on '%s' (%s) counts, although line %d says %s "
			  "without one; Docker and Podman would drop the condition",
			  p->file, first->line, first->name, action_text(first->action, one),
			  second->line, action_text(second->action, two));
	else
		strv_addf(
			warnings,
			"%s:%d: the conditions on '%s' here and in line %d can both hold, with "
			"%s and %s: line %d counts",
			p->file, second->line, first->name, first->line,
			action_text(second->action, two), action_text(first->action, one),
			first->line);
}

/* All rules of one name, in the order of the file. One warning a name is enough to go and look.
 */
static void check_name(const struct profile *p, const struct rule *const *rules, size_t count,
		       struct strv *warnings)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			if (rules[i]->action == rules[j]->action ||
			    !can_both_hold(rules[i], rules[j]))
				continue;
			report(p, rules[i], rules[j], warnings);
			return;
		}
	}
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a;
	const struct rule *y = *(const struct rule *const *)b;
	int order = strcmp(x->name, y->name);

	/* Both point into one array, which is in the order of the file. */
	return order != 0 ? order : x < y ? -1 : x > y;
}

void conflicts_report(const struct profile *p, struct strv *warnings)
{
	AUTO_FREE const struct rule **sorted = NULL;

	if (p->rule_count == 0)
		return;
	sorted = xmalloc(p->rule_count * sizeof(struct rule *));
	for (size_t i = 0; i < p->rule_count; i++)
		sorted[i] = &p->rules[i];
	qsort(sorted, p->rule_count, sizeof(struct rule *), compare_rules);

	for (size_t i = 0, n; i < p->rule_count; i += n) {
		for (n = 1;
		     i + n < p->rule_count && str_eq(sorted[i + n]->name, sorted[i]->name); n++)
			;
		check_name(p, &sorted[i], n, warnings);
	}
}
