#ifndef SEC_RULESET_H
#define SEC_RULESET_H

#include "sec/profile.h"
#include "util/str.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct verdict - one rule of one call, with names resolved
 * @rule:	where it comes from
 * @is_mux:	the number is a multiplexer's, and @mux_test picks the call; otherwise the
 * rule's tests count
 */
struct verdict {
	const struct rule *rule;
	bool is_mux;
	struct arg_test mux_test;
	uint32_t action;
};

/** verdict_tests() - all of these must hold; *out_count 0: always. */
const struct arg_test *verdict_tests(const struct verdict *v, size_t *out_count);

/**
 * struct call - all that a profile says about one number
 * Verdicts are tried in order; the first whose tests hold decides, @otherwise when none does.
 */
struct call {
	uint32_t number;
	uint32_t otherwise;
	struct verdict *verdicts;
	size_t verdict_count;
};

/**
 * struct ruleset - a profile for one architecture after the other, calls sorted by number
 * Borrows the rules of the profile it was made from.
 */
struct ruleset {
	uint32_t default_action;
	struct ruleset_arch {
		uint32_t arch;
		struct call *calls;
		size_t call_count;
	} archs[PROFILE_ARCHS_MAX];
	size_t arch_count;
};

/* What an architecture gets that the profile does not name; x32 gets what a kernel without x32
 * answers. */
#define RULESET_BAD_ARCH SECCOMP_RET_KILL_PROCESS
#define RULESET_BAD_X32 (SECCOMP_RET_ERRNO | 38U)

void ruleset_build(const struct profile *p, struct ruleset *out);
void ruleset_done(struct ruleset *rs);
#define AUTO_RULESET __attribute__((cleanup(ruleset_done)))

/** ruleset_judge() - the SECCOMP_RET_* value for a call: what the compiled program answers,
 * computed. */
uint32_t ruleset_judge(const struct ruleset *rs, const struct seccomp_data *data);

/** ruleset_has() - @rs holds rules for this architecture. */
bool ruleset_has(const struct ruleset *rs, uint32_t arch);

/** ruleset_test_holds() - @test is true of the argument value @arg. */
bool ruleset_test_holds(const struct arg_test *test, uint64_t arg);

#endif
