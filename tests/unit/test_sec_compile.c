#include "sec/compile.h"
#include "sec/profile.h"
#include "sec/ruleset.h"
#include "sec/source.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include "sec_bpf.h"

#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#define NUMBERS_END 600

static const struct profile_facts facts = {.bounding = 0xa80425fb, .kernel = "6.1.0"};

static void parse(const char *text, struct profile *out)
{
	AUTO_STRV struct strv warnings = {0};
	struct err err;

	if (profile_parse("test", text, &facts, out, &warnings, &err) < 0)
		fail_msg("%s:%d:%d: %s", err.file, err.line, err.column, err.message);
}

static void compile(const struct ruleset *rs, struct filter *out)
{
	struct err err;

	if (compile_ruleset(rs, false, out, &err) < 0)
		fail_msg("%s", err.message);
}

/* Deterministic; the same stream in every run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Values around those that the rules compare with, with and without bits above 32. */
static void random_args(const struct profile *p, uint64_t *state, struct seccomp_data *data)
{
	for (size_t i = 0; i < 6; i++) {
		uint64_t value = next_random(state);

		if (p->rule_count > 0 && (value & 3) != 0) {
			const struct rule *rule = &p->rules[(value >> 8) % p->rule_count];
			size_t which = rule->test_count ? (value >> 40) % rule->test_count : 0;

			value = rule->test_count
					? rule->tests[which].value + (value >> 60) % 3 - 1
					: 0;
			if ((next_random(state) & 7) == 0)
				value |= UINT64_C(1) << 35;
		} else if ((value & 4) != 0) {
			value &= 0xff;
		}
		data->args[i] = value;
	}
}

static const uint32_t audit_archs[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64,
				       0x12345678};

/* Every number of every architecture, with arguments: the program and ruleset_judge() agree. */
static void check_agrees_with_judge(const struct profile *p)
{
	AUTO_RULESET struct ruleset rs = {0};
	struct filter filter = {0};
	uint64_t state = 88172645463325252;

	ruleset_build(p, &rs);
	compile(&rs, &filter);
	for (size_t a = 0; a < ARRAY_LEN(audit_archs); a++) {
		for (int64_t i = -1; i < 4 * NUMBERS_END; i++) {
			struct seccomp_data data = {.arch = audit_archs[a]};
			uint32_t want;
			uint32_t have;

			data.nr = i < 2 * NUMBERS_END
					  ? (int)i / 2
					  : (int)((i - 2 * NUMBERS_END) / 2 | 0x40000000);
			if (i == -1)
				data.nr = -1;
			for (int round = 0; round < 12; round++) {
				random_args(p, &state, &data);
				want = ruleset_judge(&rs, &data);
				have = bpf_run(filter.program, filter.len, &data);
				if (want != have)
					fail_msg("arch %x call %d: %x, not %x", data.arch,
						 data.nr, have, want);
			}
		}
	}
	filter_done(&filter);
}

static const char conditions[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
	"\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":"
	"[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]}],\"syscalls\":["
	"{\"names\":[\"read\",\"write\",\"socketcall\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	"{\"names\":[\"mmap\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":7,\"args\":["
	"{\"index\":0,\"op\":\"SCMP_CMP_GT\",\"value\":4294967296},"
	"{\"index\":2,\"op\":\"SCMP_CMP_NE\",\"value\":5}]},"
	"{\"names\":[\"mmap\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	"{\"index\":0,\"op\":\"SCMP_CMP_LE\",\"value\":18446744073709551615},"
	"{\"index\":3,\"op\":\"SCMP_CMP_GE\",\"value\":4294967295}]},"
	"{\"names\":[\"mmap\"],\"action\":\"SCMP_ACT_LOG\",\"args\":["
	"{\"index\":1,\"op\":\"SCMP_CMP_LT\",\"value\":8589934592}]},"
	"{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"args\":["
	"{\"index\":1,\"op\":\"SCMP_CMP_MASKED_EQ\",\"value\":4294967295,\"valueTwo\":21522}]},"
	"{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	"{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_KILL_PROCESS\",\"args\":["
	"{\"index\":0,\"op\":\"SCMP_CMP_EQ\",\"value\":0},"
	"{\"index\":0,\"op\":\"SCMP_CMP_EQ\",\"value\":8},"
	"{\"index\":0,\"op\":\"SCMP_CMP_EQ\",\"value\":4294967295}]},"
	"{\"names\":[\"socket\",\"semop\"],\"action\":\"SCMP_ACT_TRAP\"},"
	"{\"names\":[\"bind\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":["
	"{\"index\":5,\"op\":\"SCMP_CMP_MASKED_EQ\",\"value\":18374686479671623680,"
	"\"valueTwo\":0}]}"
	"]}";

static void program_answers_as_the_rules_do(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	parse(conditions, &p);
	check_agrees_with_judge(&p);
}

static void program_of_the_default_profile_answers_as_its_rules_do(void **state)
{
	AUTO_PROFILE struct profile p = {0};
	size_t len;

	(void)state;
	parse(filter_default_json(&len), &p);
	check_agrees_with_judge(&p);
}

/* Many conditional calls: jumps longer than a comparison can reach. */
static void program_with_long_jumps_answers_as_its_rules_do(void **state)
{
	AUTO_PROFILE struct profile p = {0};
	AUTO_BUF struct buf text = {0};

	(void)state;
	buf_puts(&text, "{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[");
	for (int i = 0; i < 300; i++) {
		AUTO_FREE char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);

		if (!name)
			continue;
		buf_printf(
			&text,
			"%s{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":%d,"
			"\"args\":[{\"index\":%d,\"op\":\"SCMP_CMP_EQ\",\"value\":%d}]}",
			i ? "," : "", name, i, i % 6, i % 9);
	}
	buf_puts(&text, "]}");
	parse(text.data, &p);
	check_agrees_with_judge(&p);
}

static void program_past_the_kernels_limit_is_refused(void **state)
{
	AUTO_PROFILE struct profile p = {0};
	AUTO_RULESET struct ruleset rs = {0};
	AUTO_BUF struct buf text = {0};
	struct filter filter = {0};
	struct err err;

	(void)state;
	buf_puts(&text, "{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[");
	for (int i = 0; i < 1100; i++)
		buf_printf(&text,
			   "%s{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\","
			   "\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_EQ\",\"value\":%d}]}",
			   i ? "," : "", i);
	buf_puts(&text, "]}");
	parse(text.data, &p);
	ruleset_build(&p, &rs);
	assert_int_equal(compile_ruleset(&rs, false, &filter, &err), -1);
	assert_non_null(strstr(err.message, "too large"));
	assert_null(filter.program);
}

static uint32_t answer(const struct filter *f, uint32_t arch, int number, uint64_t first)
{
	struct seccomp_data data = {.arch = arch, .nr = number, .args = {first}};

	return bpf_run(f->program, f->len, &data);
}

static void build(const char *text, struct filter *out)
{
	AUTO_PROFILE struct profile p = {0};
	AUTO_RULESET struct ruleset rs = {0};

	parse(text, &p);
	ruleset_build(&p, &rs);
	compile(&rs, out);
}

static void first_entry_that_matches_decides(void **state)
{
	struct filter f = {0};
	int number = SCMP_SYS(dup);

	(void)state;
	build("{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":["
	      "{\"name\":\"dup\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5,\"args\":["
	      "{\"index\":0,\"op\":\"SCMP_CMP_EQ\",\"value\":1}]},"
	      "{\"name\":\"dup\",\"action\":\"SCMP_ACT_ALLOW\"},"
	      "{\"name\":\"dup\",\"action\":\"SCMP_ACT_TRAP\",\"args\":["
	      "{\"index\":0,\"op\":\"SCMP_CMP_EQ\",\"value\":2}]},"
	      "{\"name\":\"dup\",\"action\":\"SCMP_ACT_LOG\"}]}",
	      &f);
	assert_int_equal(answer(&f, syscalls_native(), number, 1), SECCOMP_RET_ERRNO | 5);
	assert_int_equal(answer(&f, syscalls_native(), number, 2), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&f, syscalls_native(), number, 3), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&f, syscalls_native(), SCMP_SYS(read), 1),
			 SECCOMP_RET_KILL_THREAD);
	filter_done(&f);
}

static void other_architecture_ends_the_process(void **state)
{
	struct filter f = {0};

	(void)state;
	if (syscalls_native() != SCMP_ARCH_X86_64)
		skip();
	build("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", &f);
	assert_int_equal(answer(&f, SCMP_ARCH_X86_64, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&f, SCMP_ARCH_X86_64, -1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&f, SCMP_ARCH_X86_64, 0x40000000, 0), SECCOMP_RET_ERRNO | 38);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer(&f, SCMP_ARCH_AARCH64, 0, 0), SECCOMP_RET_KILL_PROCESS);
	filter_done(&f);
}

/* i386: socketcall is 102 and ipc 117; socket is sub-call 1, semop 1, and direct 359. */
static void refused_call_is_refused_through_its_multiplexer_too(void **state)
{
	struct filter f = {0};

	(void)state;
	build("{\"defaultAction\":\"SCMP_ACT_KILL\",\"architectures\":[\"SCMP_ARCH_X86\"],"
	      "\"syscalls\":["
	      "{\"names\":[\"socket\",\"semop\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":9},"
	      "{\"name\":\"bind\",\"action\":\"SCMP_ACT_ERRNO\",\"args\":["
	      "{\"index\":0,\"op\":\"SCMP_CMP_EQ\",\"value\":2}]},"
	      "{\"names\":[\"socketcall\",\"ipc\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
	      &f);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 359, 0), SECCOMP_RET_ERRNO | 9);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 102, 1), SECCOMP_RET_ERRNO | 9);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 102, 2), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 102, 3), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 117, 1), SECCOMP_RET_ERRNO | 9);
	/* ipc's version in the upper half changes nothing about the call. */
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 117, 0x10001), SECCOMP_RET_ERRNO | 9);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 117, 2), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 361, 2), SECCOMP_RET_ERRNO | 1);
	assert_int_equal(answer(&f, SCMP_ARCH_X86, 361, 3), SECCOMP_RET_KILL_THREAD);
	filter_done(&f);
}

/* --- libseccomp as the judge of what a profile without contradictions means --- */

static const int compare_ops[] = {[ARG_EQ] = SCMP_CMP_EQ,
				  [ARG_NE] = SCMP_CMP_NE,
				  [ARG_LT] = SCMP_CMP_LT,
				  [ARG_LE] = SCMP_CMP_LE,
				  [ARG_GT] = SCMP_CMP_GT,
				  [ARG_GE] = SCMP_CMP_GE,
				  [ARG_MASKED_EQ] = SCMP_CMP_MASKED_EQ};

static uint32_t library_action(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return SCMP_ACT_ALLOW;
	case SECCOMP_RET_ERRNO:
		return SCMP_ACT_ERRNO(action & 0xffff);
	default:
		fail_msg("action %x", action);
		return 0;
	}
}

static size_t library_compile(const struct profile *p, struct sock_filter *out, size_t max)
{
	scmp_filter_ctx ctx = seccomp_init(library_action(p->default_action));
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t n;

	for (size_t i = 1; i < p->arch_count; i++)
		assert_int_equal(seccomp_arch_add(ctx, p->archs[i]), 0);
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];
		struct scmp_arg_cmp tests[6];
		int number = seccomp_syscall_resolve_name(rule->name);

		for (size_t j = 0; j < rule->test_count; j++) {
			bool is_masked = rule->tests[j].op == ARG_MASKED_EQ;

			tests[j] = (struct scmp_arg_cmp){
				.arg = rule->tests[j].index,
				.op = (enum scmp_compare)compare_ops[rule->tests[j].op],
				.datum_a =
					is_masked ? rule->tests[j].mask : rule->tests[j].value,
				.datum_b = rule->tests[j].value,
			};
		}
		if (number == __NR_SCMP_ERROR || rule->action == p->default_action)
			continue;
		(void)seccomp_rule_add_array(ctx, library_action(rule->action), number,
					     (unsigned int)rule->test_count, tests);
	}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	n = pread(fd, out, max * sizeof(*out), 0);
	(void)close(fd);
	assert_true(n > 0);
	return (size_t)n / sizeof(*out);
}

/*
 * On x86_64, and on x86 for what is no multiplexer. Where a call has several rules with
 * different actions, and for calls newer than the library, the meanings differ on purpose.
 */
static bool is_comparable(const struct profile *p, uint32_t arch, int number)
{
	AUTO_FREE char *name = seccomp_syscall_resolve_num_arch(arch, number);
	uint32_t action = 0;

	if (!name)
		return false;
	if (arch == SCMP_ARCH_X86 && seccomp_syscall_resolve_name_arch(arch, name) < 0)
		return false;
	for (size_t i = 0; i < p->rule_count; i++) {
		if (!str_eq(p->rules[i].name, name))
			continue;
		if (action != 0 && action != p->rules[i].action)
			return false;
		action = p->rules[i].action;
	}
	return true;
}

static void check_agrees_with_library(const struct profile *p, size_t at_least)
{
	static struct sock_filter theirs[BPF_MAXINSNS];
	AUTO_RULESET struct ruleset rs = {0};
	struct filter ours = {0};
	size_t len = library_compile(p, theirs, BPF_MAXINSNS);
	uint64_t state = 1181783497276652981;
	size_t compared = 0;

	ruleset_build(p, &rs);
	compile(&rs, &ours);
	for (size_t a = 0; a < 2; a++) {
		for (int number = 0; number < NUMBERS_END; number++) {
			struct seccomp_data data = {.arch = audit_archs[a], .nr = number};

			if (!is_comparable(p, audit_archs[a], number))
				continue;
			compared++;
			for (int round = 0; round < 200; round++) {
				uint32_t want;
				uint32_t have;

				random_args(p, &state, &data);
				/* The registers of x86 have 32 bits. */
				for (size_t i = 0; i < 6 && audit_archs[a] == SCMP_ARCH_X86;
				     i++)
					data.args[i] = (uint32_t)data.args[i];
				want = bpf_run(theirs, len, &data);
				have = bpf_run(ours.program, ours.len, &data);
				if (want != have)
					fail_msg("arch %x call %d: %x, libseccomp says %x",
						 data.arch, number, have, want);
			}
		}
	}
	assert_true(compared >= at_least);
	filter_done(&ours);
}

static void default_profile_means_to_libseccomp_what_it_means_to_us(void **state)
{
	AUTO_PROFILE struct profile p = {0};
	size_t len;

	(void)state;
	if (syscalls_native() != SCMP_ARCH_X86_64)
		skip();
	parse(filter_default_json(&len), &p);
	check_agrees_with_library(&p, 700);
}

static void profile_of_other_engines_means_the_same_to_us(void **state)
{
	AUTO_PROFILE struct profile p = {0};
	AUTO_FREE char *text = NULL;
	struct err err;

	(void)state;
	if (syscalls_native() != SCMP_ARCH_X86_64 ||
	    fd_read_file(AT_FDCWD, "/usr/share/containers/seccomp.json", PROFILE_MAX_BYTES,
			 &text, &err) < 0)
		skip();
	parse(text, &p);
	check_agrees_with_library(&p, 700);
}

static void explaining_turns_refusals_into_notifications(void **state)
{
	AUTO_PROFILE struct profile p = {0};
	AUTO_RULESET struct ruleset rs = {0};
	struct filter filter = {0};
	struct err err;
	struct seccomp_data data = {.arch = syscalls_native()};

	(void)state;
	parse("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
	      "{\"names\":[\"getpid\"],\"action\":\"SCMP_ACT_KILL\"},"
	      "{\"names\":[\"gettid\"],\"action\":\"SCMP_ACT_ERRNO\"},"
	      "{\"names\":[\"getuid\"],\"action\":\"SCMP_ACT_TRAP\"}]}",
	      &p);
	ruleset_build(&p, &rs);
	assert_int_equal(compile_ruleset(&rs, true, &filter, &err), 0);
	assert_true(filter.has_notify);

	data.nr = SCMP_SYS(getpid);
	assert_int_equal(bpf_run(filter.program, filter.len, &data), SECCOMP_RET_USER_NOTIF);
	data.nr = SCMP_SYS(gettid);
	assert_int_equal(bpf_run(filter.program, filter.len, &data), SECCOMP_RET_USER_NOTIF);
	data.nr = SCMP_SYS(getuid);
	assert_int_equal(bpf_run(filter.program, filter.len, &data), SECCOMP_RET_TRAP);
	data.nr = SCMP_SYS(read);
	assert_int_equal(bpf_run(filter.program, filter.len, &data), SECCOMP_RET_ALLOW);
	filter_done(&filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_answers_as_the_rules_do),
		cmocka_unit_test(program_of_the_default_profile_answers_as_its_rules_do),
		cmocka_unit_test(program_with_long_jumps_answers_as_its_rules_do),
		cmocka_unit_test(program_past_the_kernels_limit_is_refused),
		cmocka_unit_test(first_entry_that_matches_decides),
		cmocka_unit_test(other_architecture_ends_the_process),
		cmocka_unit_test(refused_call_is_refused_through_its_multiplexer_too),
		cmocka_unit_test(default_profile_means_to_libseccomp_what_it_means_to_us),
		cmocka_unit_test(profile_of_other_engines_means_the_same_to_us),
		cmocka_unit_test(explaining_turns_refusals_into_notifications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
