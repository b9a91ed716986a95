#include "sec/conflicts.h"
#include "sec/profile.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SYS_ADMIN_BIT (UINT64_C(1) << 21)
#define SYS_PTRACE_BIT (UINT64_C(1) << 19)

static const struct profile_facts facts = {.bounding = SYS_ADMIN_BIT,
					   .kernel = "5.10.3-7-amd64"};

static struct strv warnings;
static struct err err;

static int read_text(const char *text, struct profile *out)
{
	strv_done(&warnings);
	err = (struct err){0};
	return profile_parse("p.json", text, &facts, out, &warnings, &err);
}

static void read_ok(const char *text, struct profile *out)
{
	if (read_text(text, out) < 0)
		fail_msg("%s:%d:%d: %s", err.file, err.line, err.column, err.message);
}

static const struct rule *rule_of(const struct profile *p, const char *name)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		if (str_eq(p->rules[i].name, name))
			return &p->rules[i];
	}
	return NULL;
}

#define HEAD "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":["
#define ALLOW "\"action\":\"SCMP_ACT_ALLOW\""

static void errors_name_the_place(void **state)
{
	static const struct {
		const char *text;
		int line;
		int column;
		const char *message;
	} cases[] = {
		{"{\n  \"defaultAction\": \"SCMP_ACT_ALOW\"\n}", 2, 20,
		 "unknown seccomp action 'SCMP_ACT_ALOW'"},
		{"{\n\"syscalls\": [\n]}", 1, 1, "'defaultAction' is missing"},
		{"{\"defaultAction\": 7}", 1, 19, "'defaultAction' must be a string"},
		{"[]", 1, 1, "an object is expected here"},
		{"{\"defaultAction\":\"SCMP_ACT_KILL\",\n \"syscalls\": {}}", 2, 14,
		 "'syscalls' must be an array"},
		{HEAD "\n{\"name\":\"read\"," ALLOW "},\n\t7]}", 3, 2,
		 "an object is expected here"},
		{HEAD "\n{\"name\":\"read\"}]}", 2, 1, "'action' is missing"},
		{HEAD "\n{" ALLOW "}]}", 2, 1, "'names' is missing or empty"},
		{HEAD "\n{\"name\":\"a\",\"names\":[\"b\"]," ALLOW "}]}", 2, 1,
		 "'name' and 'names' exclude each other"},
		{HEAD "\n{\"names\":[\"read\",3]," ALLOW "}]}", 2, 10,
		 "'names' must be an array of strings"},
		{HEAD "{\"name\":\"read\"," ALLOW ",\"args\":[\n{\"index\":6,"
		      "\"op\":\"SCMP_CMP_EQ\"}]}]}",
		 2, 1, "'index' must be between 0 and 5"},
		{HEAD "{\"name\":\"read\"," ALLOW ",\"args\":[{},\n {}]}]}", 1, 117,
		 "'op' is missing"},
		{HEAD "{\"name\":\"read\"," ALLOW ",\"args\":[\n{\"index\":0,"
		      "\"op\":\"SCMP_CMP_EQQ\"}]}]}",
		 2, 1, "unknown comparison 'SCMP_CMP_EQQ'"},
		{HEAD "{\"name\":\"read\"," ALLOW
		      ",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_EQ\","
		      "\n\"value\":-1}]}]}",
		 2, 9, "'value' must be a whole number from 0 to 18446744073709551615"},
		{HEAD "{\"name\":\"read\"," ALLOW
		      ",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_EQ\","
		      "\n\"value\":18446744073709551616}]}]}",
		 2, 9, "'value' must be a whole number from 0 to 18446744073709551615"},
		{HEAD "\n{\"name\":\"read\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1.5}]}",
		 2, 53, "'errnoRet' must be a whole number from 0 to 18446744073709551615"},
		{HEAD "\n{\"name\":\"read\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096}]}",
		 2, 53, "'errnoRet' must be between 0 and 4095"},
		{HEAD
		 "\n{\"name\":\"read\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"ENOPE\"}]}",
		 2, 50, "'errno' is not the name of an error number"},
		{"{\"defaultAction\":\"SCMP_ACT_KILL\",\n\"listenerPath\":\"/x\"}", 2, 16,
		 "'listenerPath' is not supported: devbox talks to no seccomp agent"},
		{HEAD "{\"name\":\"read\",\n\"action\":\"SCMP_ACT_NOTIFY\"}]}", 2, 10,
		 "seccomp action 'SCMP_ACT_NOTIFY' is not supported: no agent would answer"},
		{"{\"defaultAction\":\"SCMP_ACT_KILL\",\n\"flags\":[\"X\"]}", 2, 10,
		 "unknown seccomp flag 'X'"},
		{"{\"defaultAction\":\"SCMP_ACT_KILL\",\n\"architectures\":[\"amd64\"]}", 2, 18,
		 "'amd64' is not an architecture"},
		{"{\"defaultAction\":\"SCMP_ACT_KILL\",\"archMap\":[],\n\"architectures\":"
		 "[\"SCMP_ARCH_X86\"]}",
		 2, 17, "'architectures' and 'archMap' exclude each other"},
		{HEAD "{\"name\":\"read\"," ALLOW ",\"includes\":{\n\"minKernel\":\"new\"}}]}",
		 2, 13, "'minKernel' must look like '4.8', not 'new'"},
		{"{\"defaultAction\":\"SCMP_ACT_KILL\",\n\"defaultAction\":\"SCMP_ACT_KILL\"}",
		 2, 15, "seccomp profile is not valid JSON: duplicate object key"},
		{"{\n\"defaultAction\" \"x\"}", 2, 19,
		 "seccomp profile is not valid JSON: ':' expected"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_PROFILE struct profile p = {0};

		if (read_text(cases[i].text, &p) == 0)
			fail_msg("taken: %s", cases[i].text);
		if (!str_eq(err.message, cases[i].message) || err.line != cases[i].line ||
		    err.column != cases[i].column || !str_eq(err.file, "p.json"))
			fail_msg("%s:%d:%d: %s, for %s", err.file, err.line, err.column,
				 err.message, cases[i].text);
		assert_null(p.rules);
	}
}

static void wrong_words_get_the_nearest_as_hint(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	assert_int_equal(read_text("{\"defaultAction\":\"SCMP_ACT_ALOW\"}", &p), -1);
	assert_string_equal(err.hint, "did you mean 'SCMP_ACT_ALLOW'?");
	assert_int_equal(read_text(HEAD "{\"name\":\"read\"," ALLOW ",\"args\":[{\"index\":0,"
					"\"op\":\"SCMP_CMP_NEE\"}]}]}",
				   &p),
			 -1);
	assert_string_equal(err.hint, "did you mean 'SCMP_CMP_NE'?");
}

static void unknown_members_are_warned_of_and_ignored(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	read_ok("{\"defaultAction\":\"SCMP_ACT_KILL\",\n \"sycalls\":[],\n \"syscalls\":[\n"
		"  {\"name\":\"read\"," ALLOW ",\n   \"wat\":{\"a\":[\"}\",{}]}}]}",
		&p);
	assert_int_equal(warnings.count, 2);
	assert_string_equal(
		warnings.items[0],
		"p.json:2:12: unknown member 'sycalls' is ignored; did you mean 'syscalls'?");
	assert_string_equal(warnings.items[1], "p.json:5:10: unknown member 'wat' is ignored");
	assert_int_equal(p.rule_count, 1);
}

static void actions_carry_their_errno(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	read_ok("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		"{\"name\":\"a\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":99},"
		"{\"name\":\"b\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"ENOTSUP\"},"
		"{\"name\":\"c\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EACCES\","
		"\"errnoRet\":4},"
		"{\"name\":\"d\",\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":12},"
		"{\"name\":\"e\",\"action\":\"SCMP_ACT_KILL\"},"
		"{\"name\":\"f\",\"action\":\"SCMP_ACT_KILL_PROCESS\",\"errnoRet\":4},"
		"{\"name\":\"g\",\"action\":\"SCMP_ACT_TRAP\"},"
		"{\"name\":\"h\",\"action\":\"SCMP_ACT_LOG\",\"errnoRet\":null,\"errno\":\"\"},"
		"{\"name\":\"i\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0}]}",
		&p);
	assert_int_equal(p.default_action, SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(rule_of(&p, "a")->action, SECCOMP_RET_ERRNO | 99);
	assert_int_equal(rule_of(&p, "b")->action, SECCOMP_RET_ERRNO | EOPNOTSUPP);
	assert_int_equal(rule_of(&p, "c")->action, SECCOMP_RET_ERRNO | EACCES);
	assert_int_equal(rule_of(&p, "d")->action, SECCOMP_RET_TRACE | 12);
	assert_int_equal(rule_of(&p, "e")->action, SECCOMP_RET_KILL_THREAD);
	assert_int_equal(rule_of(&p, "f")->action, SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(rule_of(&p, "g")->action, SECCOMP_RET_TRAP);
	assert_int_equal(rule_of(&p, "h")->action, SECCOMP_RET_LOG);
	assert_int_equal(rule_of(&p, "i")->action, SECCOMP_RET_ERRNO);
	assert_int_equal(warnings.count, 2); /* c: they differ; f: no meaning */
}

static void old_files_are_read(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	read_ok("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\","
		"\"SCMP_ARCH_X86\",\"SCMP_ARCH_FUTURE\"],\"syscalls\":["
		"{\"name\":\"read\"," ALLOW ",\"args\":null},"
		"{\"names\":null,\"name\":\"write\"," ALLOW ",\"args\":[],\"comment\":\"\"}]}",
		&p);
	assert_int_equal(p.rule_count, 2);
	assert_int_equal(p.archs[0], syscalls_native());
	if (syscalls_native() == SCMP_ARCH_X86_64) {
		assert_int_equal(p.arch_count, 2);
		assert_int_equal(p.archs[1], SCMP_ARCH_X86);
	}
	assert_int_equal(warnings.count, 0);
}

static void arch_map_counts_for_this_machine_only(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	if (syscalls_native() != SCMP_ARCH_X86_64)
		skip();
	read_ok("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":["
		"{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":[\"SCMP_ARCH_"
		"ARM\"]},"
		"{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_"
		"X86\","
		"\"SCMP_ARCH_X32\",\"SCMP_ARCH_X86\"]}],\"syscalls\":null}",
		&p);
	assert_int_equal(p.arch_count, 3);
	assert_int_equal(p.archs[1], SCMP_ARCH_X86);
	assert_int_equal(p.archs[2], SCMP_ARCH_X32);
	profile_done(&p);

	read_ok("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", &p);
	assert_int_equal(p.arch_count, 1);
}

static void includes_need_all_and_excludes_any(void **state)
{
	static const struct {
		const char *gate;
		bool applies;
	} cases[] = {
		{"\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", true},
		{"\"includes\":{\"caps\":[\"CAP_SYS_PTRACE\"]}", false},
		{"\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_SYS_PTRACE\"]}", false},
		{"\"includes\":{\"caps\":[\"CAP_NO_SUCH\"]}", false},
		{"\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", false},
		{"\"excludes\":{\"caps\":[\"CAP_SYS_PTRACE\"]}", true},
		{"\"excludes\":{\"caps\":[\"CAP_SYS_PTRACE\",\"CAP_SYS_ADMIN\"]}", false},
		{"\"excludes\":{\"caps\":[\"CAP_NO_SUCH\"]}", true},
		{"\"includes\":{\"minKernel\":\"4.8\"}", true},
		{"\"includes\":{\"minKernel\":\"5.10\"}", true},
		{"\"includes\":{\"minKernel\":\"5.9\"}", true},
		{"\"includes\":{\"minKernel\":\"5.11\"}", false},
		{"\"includes\":{\"minKernel\":\"6.1\"}", false},
		{"\"excludes\":{\"minKernel\":\"4.8\"}", false},
		{"\"excludes\":{\"minKernel\":\"5.11\"}", true},
		{"\"includes\":{\"arches\":[\"other\"]}", false},
		{"\"includes\":{\"arches\":[\"other\",\"NATIVE\"]}", true},
		{"\"excludes\":{\"arches\":[\"NATIVE\"]}", false},
		{"\"excludes\":{\"arches\":[\"other\"]}", true},
		{"\"includes\":{\"arches\":[\"NATIVE\"],\"caps\":[\"CAP_SYS_PTRACE\"]}", false},
		{"\"includes\":{\"arches\":[\"NATIVE\"]},\"excludes\":{\"caps\":["
		 "\"CAP_SYS_ADMIN\"]}",
		 false},
		{"\"includes\":null,\"excludes\":{}", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_PROFILE struct profile p = {0};
		const char *native = strstr(cases[i].gate, "NATIVE");
		int before =
			native ? (int)(native - cases[i].gate) : (int)strlen(cases[i].gate);
		AUTO_FREE char *text =
			xasprintf(HEAD "{\"name\":\"bpf\"," ALLOW ",%.*s%s%s}]}", before,
				  cases[i].gate, native ? syscalls_go_arch() : "",
				  native ? native + strlen("NATIVE") : "");

		read_ok(text, &p);
		if ((p.rule_count == 1) != cases[i].applies)
			fail_msg("%s", text);
	}
}

static void different_arguments_must_all_hold(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	read_ok(HEAD "{\"name\":\"socket\"," ALLOW ",\"args\":["
		     "{\"index\":0,\"value\":16,\"valueTwo\":0,\"op\":\"SCMP_CMP_EQ\"},"
		     "{\"index\":2,\"value\":18446744073709551615,\"op\":\"SCMP_CMP_NE\"}]}]}",
		&p);
	assert_int_equal(p.rule_count, 1);
	assert_int_equal(p.rules[0].test_count, 2);
	assert_int_equal(p.rules[0].tests[0].index, 0);
	assert_int_equal(p.rules[0].tests[0].value, 16);
	assert_int_equal(p.rules[0].tests[1].op, ARG_NE);
	assert_true(p.rules[0].tests[1].value == UINT64_MAX);
	assert_int_equal(warnings.count, 0);
}

static void one_argument_tested_twice_becomes_rules_of_their_own(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	read_ok(HEAD "{\"name\":\"personality\"," ALLOW ",\"args\":["
		     "{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
		     "{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		&p);
	assert_int_equal(p.rule_count, 2);
	assert_int_equal(p.rules[1].test_count, 1);
	assert_int_equal(p.rules[1].tests[0].value, 8);
	assert_int_equal(warnings.count, 0);
	profile_done(&p);

	/* A condition on another argument is loosened by it, which nobody expects. */
	read_ok(HEAD "{\"name\":\"personality\"," ALLOW ",\"args\":["
		     "{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
		     "{\"index\":1,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
		     "{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		&p);
	assert_int_equal(p.rule_count, 3);
	assert_int_equal(warnings.count, 1);
}

static void mask_that_cannot_match_is_warned_of(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	read_ok(HEAD "{\"name\":\"ioctl\"," ALLOW ",\"args\":[{\"index\":1,\"value\":15,"
		     "\"valueTwo\":16,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		&p);
	assert_int_equal(p.rules[0].tests[0].mask, 15);
	assert_int_equal(p.rules[0].tests[0].value, 16);
	assert_int_equal(warnings.count, 1);
}

static void entries_that_repeat_the_default_are_left_out(void **state)
{
	AUTO_PROFILE struct profile p = {0};

	(void)state;
	read_ok(HEAD
		"{\"names\":[\"bpf\",\"acct\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
		"{\"name\":\"bpf\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1}]}",
		&p);
	assert_int_equal(p.rule_count, 1);
	assert_int_equal(p.rules[0].action, SECCOMP_RET_ERRNO | 1);
}

static void conflicts_are_said_aloud(void **state)
{
#define ARG(op, value) \
	",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_" op "\",\"value\":" value "}]"
	static const struct {
		const char *first;
		const char *second;
		const char *warning; /* NULL: none */
	} cases[] = {
		{ALLOW, ALLOW, NULL},
		{ALLOW, "\"action\":\"SCMP_ACT_ERRNO\"",
		 "p.json:2: 'x' is SCMP_ACT_ERRNO (EPERM) here and SCMP_ACT_ALLOW in line 1: "
		 "the "
		 "first counts"},
		{"\"action\":\"SCMP_ACT_ERRNO\"",
		 "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":2",
		 "p.json:2: 'x' is SCMP_ACT_ERRNO (ENOENT) here and SCMP_ACT_ERRNO (EPERM) in "
		 "line "
		 "1: the first counts"},
		{ALLOW, "\"action\":\"SCMP_ACT_KILL\"" ARG("EQ", "1"),
		 "p.json:2: the condition on 'x' never counts: line 1 says SCMP_ACT_ALLOW "
		 "without "
		 "one"},
		{"\"action\":\"SCMP_ACT_LOG\"" ARG("EQ", "1"), ALLOW,
		 "p.json:1: the condition on 'x' (SCMP_ACT_LOG) counts, although line 2 says "
		 "SCMP_ACT_ALLOW without one; Docker and Podman would drop the condition"},
		{ALLOW ARG("EQ", "1"), ALLOW, NULL},
		{ALLOW ARG("EQ", "1"), "\"action\":\"SCMP_ACT_TRAP\"" ARG("EQ", "2"), NULL},
		{ALLOW ARG("NE", "1"), "\"action\":\"SCMP_ACT_TRAP\"" ARG("EQ", "1"), NULL},
		{ALLOW ARG("LT", "5"), "\"action\":\"SCMP_ACT_TRAP\"" ARG("GE", "5"), NULL},
		{ALLOW ARG("LE", "5"), "\"action\":\"SCMP_ACT_TRAP\"" ARG("GE", "5"),
		 "p.json:2: the conditions on 'x' here and in line 1 can both hold, with "
		 "SCMP_ACT_TRAP and SCMP_ACT_ALLOW: line 1 counts"},
		{ALLOW ARG("GT", "5"), "\"action\":\"SCMP_ACT_TRAP\"" ARG("LE", "5"), NULL},
		{ALLOW ARG("NE", "5"), "\"action\":\"SCMP_ACT_TRAP\"" ARG("NE", "6"),
		 "p.json:2: the conditions on 'x' here and in line 1 can both hold, with "
		 "SCMP_ACT_TRAP and SCMP_ACT_ALLOW: line 1 counts"},
		{ALLOW ARG("MASKED_EQ", "3,\"valueTwo\":1"),
		 "\"action\":\"SCMP_ACT_TRAP\"" ARG("MASKED_EQ", "3,\"valueTwo\":2"), NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_PROFILE struct profile p = {0};
		AUTO_FREE char *text =
			xasprintf(HEAD "{\"name\":\"x\",%s},\n{\"name\":\"x\",%s}]}",
				  cases[i].first, cases[i].second);

		read_ok(text, &p);
		conflicts_report(&p, &warnings);
		if (!cases[i].warning && warnings.count > 0)
			fail_msg("%s: %s", text, warnings.items[0]);
		if (cases[i].warning && warnings.count != 1)
			fail_msg("%s: %zu warnings", text, warnings.count);
		if (cases[i].warning)
			assert_string_equal(warnings.items[0], cases[i].warning);
	}
}

static void long_files_are_read_in_one_pass(void **state)
{
	AUTO_PROFILE struct profile p = {0};
	AUTO_BUF struct buf text = {0};

	(void)state;
	buf_puts(&text, HEAD);
	for (int i = 0; i < 2500; i++)
		buf_printf(&text,
			   "%s\n{\"name\":\"read\"," ALLOW
			   ",\"x\":[],\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_EQ\","
			   "\"value\":%llu}]}",
			   i ? "," : "", (1ULL << 60) + (unsigned long long)i);
	buf_puts(&text, "]}");
	read_ok(text.data, &p);
	assert_int_equal(p.rule_count, 2500);
	assert_int_equal(p.rules[2499].line, 2501);
	assert_true(p.rules[2499].tests[0].value == (1ULL << 60) + 2499);
	assert_int_equal(warnings.count, 64);
}

static int forget(void **state)
{
	(void)state;
	strv_done(&warnings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(wrong_words_get_the_nearest_as_hint),
		cmocka_unit_test(unknown_members_are_warned_of_and_ignored),
		cmocka_unit_test(actions_carry_their_errno),
		cmocka_unit_test(old_files_are_read),
		cmocka_unit_test(arch_map_counts_for_this_machine_only),
		cmocka_unit_test(includes_need_all_and_excludes_any),
		cmocka_unit_test(different_arguments_must_all_hold),
		cmocka_unit_test(one_argument_tested_twice_becomes_rules_of_their_own),
		cmocka_unit_test(mask_that_cannot_match_is_warned_of),
		cmocka_unit_test(entries_that_repeat_the_default_are_left_out),
		cmocka_unit_test(conflicts_are_said_aloud),
		cmocka_unit_test(long_files_are_read_in_one_pass),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
