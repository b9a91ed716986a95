#include "sec/compile.h"

#include "sec/syscalls.h"
#include "util/cleanup.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

/*
 * The program is written from its last instruction to its first: jumps only go forward, so
 * everything that an instruction jumps to is there already. A label is the distance from the
 * end.
 */

#define JUMP_MAX 255U

/* Room for the detours of both targets of one jump. */
#define REACH (JUMP_MAX - 4)

#define ANSWERS_MAX 32

struct emitter {
	struct sock_filter insns[BPF_MAXINSNS];
	size_t count;
	bool explain;
	bool has_notify;
	struct answer {
		uint32_t value;
		size_t label;
	} answers[ANSWERS_MAX];
	size_t answer_count;
};

/* Past the limit nothing is stored, only counted. */
static size_t emit(struct emitter *e, struct sock_filter insn)
{
	if (e->count < BPF_MAXINSNS)
		e->insns[BPF_MAXINSNS - 1 - e->count] = insn;
	return e->count++;
}

static uint32_t distance(const struct emitter *e, size_t label)
{
	return (uint32_t)(e->count - label - 1);
}

/* A label for @target that a conditional jump can still reach. */
static size_t within_reach(struct emitter *e, size_t target)
{
	if (distance(e, target) <= REACH)
		return target;
	return emit(e, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, distance(e, target)));
}

static size_t emit_jump(struct emitter *e, uint16_t test, uint32_t k, size_t yes, size_t no)
{
	yes = within_reach(e, yes);
	no = within_reach(e, no);
	return emit(e, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | test), k,
						    (uint8_t)distance(e, yes),
						    (uint8_t)distance(e, no)));
}

static size_t emit_load(struct emitter *e, size_t offset)
{
	return emit(e,
		    (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static uint32_t final_answer(struct emitter *e, uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
		if (e->explain) {
			e->has_notify = true;
			return SECCOMP_RET_USER_NOTIF;
		}
		return action;
	default:
		return action;
	}
}

/* Where @action is answered: a return nearby, or a new one. */
static size_t emit_answer(struct emitter *e, uint32_t action)
{
	uint32_t value = final_answer(e, action);
	size_t i = 0;

	while (i < e->answer_count && e->answers[i].value != value)
		i++;
	if (i < e->answer_count && distance(e, e->answers[i].label) <= REACH)
		return e->answers[i].label;

	if (i == ANSWERS_MAX)
		i = 0;
	else if (i == e->answer_count)
		e->answer_count++;
	e->answers[i] = (struct answer){
		.value = value,
		.label = emit(e, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value)),
	};
	return e->answers[i].label;
}

/* --- conditions --- */

static size_t low_half(unsigned int arg)
{
	size_t offset = offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t);

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? offset : offset + sizeof(uint32_t);
}

static size_t high_half(unsigned int arg)
{
	size_t offset = offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t);

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? offset + sizeof(uint32_t) : offset;
}

static size_t emit_masked_half(struct emitter *e, size_t offset, uint32_t mask, uint32_t value,
			       size_t yes, size_t no)
{
	if (mask == 0)
		return value == 0 ? yes : no;

	(void)emit_jump(e, BPF_JEQ, value, yes, no);
	if (mask != UINT32_MAX)
		(void)emit(e, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
	return emit_load(e, offset);
}

static size_t emit_masked(struct emitter *e, const struct arg_test *t, uint64_t mask,
			  size_t yes, size_t no)
{
	size_t low = emit_masked_half(e, low_half(t->index), (uint32_t)mask, (uint32_t)t->value,
				      yes, no);

	return emit_masked_half(e, high_half(t->index), (uint32_t)(mask >> 32),
				(uint32_t)(t->value >> 32), low, no);
}

/* @test is BPF_JGT or BPF_JGE, for the low half; the high half decides first unless it is
 * equal. */
static size_t emit_greater(struct emitter *e, const struct arg_test *t, uint16_t test,
			   size_t yes, size_t no)
{
	uint32_t high = (uint32_t)(t->value >> 32);
	size_t low;
	size_t equal;

	(void)emit_jump(e, test, (uint32_t)t->value, yes, no);
	low = emit_load(e, low_half(t->index));
	equal = emit_jump(e, BPF_JEQ, high, low, no);
	(void)emit_jump(e, BPF_JGT, high, yes, equal);
	return emit_load(e, high_half(t->index));
}

static size_t emit_test(struct emitter *e, const struct arg_test *t, size_t yes, size_t no)
{
	switch (t->op) {
	case ARG_EQ:
		return emit_masked(e, t, UINT64_MAX, yes, no);
	case ARG_NE:
		return emit_masked(e, t, UINT64_MAX, no, yes);
	case ARG_MASKED_EQ:
		return emit_masked(e, t, t->mask, yes, no);
	case ARG_GT:
		return emit_greater(e, t, BPF_JGT, yes, no);
	case ARG_GE:
		return emit_greater(e, t, BPF_JGE, yes, no);
	case ARG_LE:
		return emit_greater(e, t, BPF_JGT, no, yes);
	case ARG_LT:
		return emit_greater(e, t, BPF_JGE, no, yes);
	}
	return no;
}

static size_t emit_call(struct emitter *e, const struct call *call)
{
	size_t next = emit_answer(e, call->otherwise);

	for (size_t i = call->verdict_count; i-- > 0;) {
		size_t yes = emit_answer(e, call->verdicts[i].action);
		size_t count;
		const struct arg_test *tests = verdict_tests(&call->verdicts[i], &count);

		while (count-- > 0)
			yes = emit_test(e, &tests[count], yes, next);
		next = yes;
	}
	return next;
}

/* --- numbers --- */

/**
 * struct segment - calls from @start up to the next segment's
 * @call:	has conditions; NULL: all get @action
 */
struct segment {
	uint32_t start;
	uint32_t action;
	const struct call *call;
};

struct segments {
	struct segment *items;
	size_t count;
};

static void add_segment(struct segments *all, struct segment segment)
{
	if (all->count > 0 && all->items[all->count - 1].start == segment.start)
		all->count--;
	if (all->count > 0 && !segment.call && !all->items[all->count - 1].call &&
	    all->items[all->count - 1].action == segment.action)
		return;
	all->items[all->count++] = segment;
}

static void add_calls(struct segments *all, const struct ruleset_arch *arch,
		      uint32_t default_action)
{
	for (size_t i = 0; i < arch->call_count; i++) {
		const struct call *call = &arch->calls[i];

		add_segment(all, (struct segment){
					 .start = call->number,
					 .action = call->otherwise,
					 .call = call->verdict_count > 0 ? call : NULL,
				 });
		add_segment(all, (struct segment){
					 .start = call->number + 1,
					 .action = default_action,
				 });
	}
}

/* All numbers under one value of seccomp_data.arch: x32 is a part of x86_64. */
static void make_segments(const struct ruleset *rs, uint32_t audit_arch, struct segments *out)
{
	size_t room = 4;
	struct segment rest = {.action = rs->default_action};

	for (size_t i = 0; i < rs->arch_count; i++)
		room += 2 * rs->archs[i].call_count;
	out->items = xmalloc(room * sizeof(*out->items));
	add_segment(out, rest);

	for (size_t i = 0; i < rs->arch_count; i++) {
		if (rs->archs[i].arch == audit_arch)
			add_calls(out, &rs->archs[i], rs->default_action);
	}
	if (audit_arch != SCMP_ARCH_X86_64)
		return;

	rest.start = SYSCALLS_X32_BIT;
	rest.action = ruleset_has(rs, SCMP_ARCH_X32) ? rs->default_action : RULESET_BAD_X32;
	add_segment(out, rest);
	for (size_t i = 0; i < rs->arch_count; i++) {
		if (rs->archs[i].arch == SCMP_ARCH_X32)
			add_calls(out, &rs->archs[i], rs->default_action);
	}

	/* A tracer has cancelled the call. */
	rest = (struct segment){.start = UINT32_MAX, .action = rs->default_action};
	add_segment(out, rest);
}

static size_t emit_tree(struct emitter *e, const struct segment *segments, size_t count)
{
	size_t half = count / 2;
	size_t above;
	size_t below;

	if (count == 1) {
		if (segments->call)
			return emit_call(e, segments->call);
		return emit_answer(e, segments->action);
	}

	above = emit_tree(e, segments + half, count - half);
	below = emit_tree(e, segments, half);
	return emit_jump(e, BPF_JGE, segments[half].start, above, below);
}

static size_t emit_arch(struct emitter *e, const struct ruleset *rs, uint32_t audit_arch,
			size_t next)
{
	AUTO_FREE struct segment *items = NULL;
	struct segments all = {0};
	size_t body;

	make_segments(rs, audit_arch, &all);
	items = all.items;

	/* A tree that is only an answer must still be entered through the load. */
	body = emit_tree(e, items, all.count);
	if (distance(e, body) > 0)
		(void)emit(e,
			   (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, distance(e, body)));
	body = emit_load(e, offsetof(struct seccomp_data, nr));
	return emit_jump(e, BPF_JEQ, audit_arch, body, next);
}

static bool is_repeated(const struct ruleset *rs, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (syscalls_audit_arch(rs->archs[i].arch) ==
		    syscalls_audit_arch(rs->archs[index].arch))
			return true;
	}
	return false;
}

int compile_ruleset(const struct ruleset *rs, bool explain, struct filter *out_filter,
		    struct err *err)
{
	AUTO_FREE struct emitter *e = xmalloc(sizeof(*e));
	size_t next;

	e->explain = explain;
	next = emit_answer(e, RULESET_BAD_ARCH);
	for (size_t i = rs->arch_count; i-- > 0;) {
		if (!is_repeated(rs, i))
			next = emit_arch(e, rs, syscalls_audit_arch(rs->archs[i].arch), next);
	}
	(void)emit_load(e, offsetof(struct seccomp_data, arch));
	if (e->count > BPF_MAXINSNS)
		return err_set(err,
			       "seccomp profile is too large: %zu instructions, the kernel "
			       "takes %d",
			       e->count, BPF_MAXINSNS);

	out_filter->program = xmalloc(e->count * sizeof(struct sock_filter));
	memcpy(out_filter->program, e->insns + (BPF_MAXINSNS - e->count),
	       e->count * sizeof(struct sock_filter));
	out_filter->len = e->count;
	out_filter->has_notify = e->has_notify;
	return 0;
}
