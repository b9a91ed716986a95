/*
 * A profile from anywhere: reading it, its contradictions, and the program, which must answer
 * as the rules do and be one that the kernel's checker would take.
 */
#include "sec/compile.h"
#include "sec/conflicts.h"
#include "sec/profile.h"
#include "sec/ruleset.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"

#include "../unit/sec_bpf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Jumps go forward and stay inside, and the end is an answer. */
static void check_program(const struct filter *filter)
{
	for (size_t i = 0; i < filter->len; i++) {
		const struct sock_filter *insn = &filter->program[i];

		if (insn->code == (BPF_JMP | BPF_JA) && insn->k >= filter->len - i - 1)
			abort();
		if (BPF_CLASS(insn->code) == BPF_JMP && insn->code != (BPF_JMP | BPF_JA) &&
		    (insn->jt >= filter->len - i - 1 || insn->jf >= filter->len - i - 1))
			abort();
	}
	if (BPF_CLASS(filter->program[filter->len - 1].code) != BPF_RET)
		abort();
}

static void check_call(const struct ruleset *rs, const struct filter *filter,
		       const struct call *call, const struct ruleset_arch *arch)
{
	struct seccomp_data data = {
		.nr = (int)call->number,
		.arch = syscalls_audit_arch(arch->arch),
	};

	if (bpf_run(filter->program, filter->len, &data) != ruleset_judge(rs, &data))
		abort();
	for (size_t i = 0; i < call->verdict_count; i++) {
		size_t count;
		const struct arg_test *tests = verdict_tests(&call->verdicts[i], &count);

		for (size_t j = 0; j < count; j++)
			data.args[tests[j].index] = tests[j].value + (i + j) % 3 - 1;
		if (bpf_run(filter->program, filter->len, &data) != ruleset_judge(rs, &data))
			abort();
	}
}

static void check(const struct profile *p)
{
	AUTO_RULESET struct ruleset rs = {0};
	struct filter filter = {0};
	struct err err;

	ruleset_build(p, &rs);
	if (compile_ruleset(&rs, false, &filter, &err) < 0)
		return;

	check_program(&filter);
	for (size_t i = 0; i < rs.arch_count; i++) {
		for (size_t j = 0; j < rs.archs[i].call_count && j < 64; j++)
			check_call(&rs, &filter, &rs.archs[i].calls[j], &rs.archs[i]);
	}
	filter_done(&filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct profile_facts facts = {.bounding = 0xa80425fb, .kernel = "6.1.0-x"};
	AUTO_STRV struct strv warnings = {0};
	AUTO_PROFILE struct profile profile = {0};
	AUTO_FREE char *text = NULL;
	struct err err;

	if (size > PROFILE_MAX_BYTES)
		return -1;
	text = xstrndup((const char *)data, size);
	if (profile_parse("fuzz", text, &facts, &profile, &warnings, &err) < 0)
		return 0;

	conflicts_report(&profile, &warnings);
	check(&profile);
	return 0;
}
