#include "config_fixture.h"

#include <sys/resource.h>

static void wrong_values_are_refused(void **state)
{
#define SECURITY_WORDS                                                                        \
	"security_opt must be a list of 'no-new-privileges[:true|false]', 'seccomp=FILE' or " \
	"'seccomp=unconfined', not "
	static const struct refusal table[] = {
		{"ulimits: [nofile]\n", "1:10: ulimits must be a map of NAME: NUMBER or NAME: "
					"{soft, hard}, not a list"},
		{"ulimits: {nofiles: 1}\n",
		 "1:11: ulimits: there is no limit 'nofiles' | did you mean 'nofile'?"},
		{"ulimits: {zzzzzzzz: 1}\n", "1:11: ulimits: there is no limit 'zzzzzzzz'"},
		{"ulimits: {nofile: many}\n",
		 "1:19: ulimits.nofile must be a number, or -1 for no limit, not 'many'"},
		{"ulimits: {nofile: -2}\n",
		 "1:19: ulimits.nofile must be a number, or -1 for no limit, not '-2'"},
		{"ulimits: {nofile: {soft: 1}}\n",
		 "1:19: ulimits.nofile: both 'soft' and 'hard' are needed"},
		{"ulimits: {nofile: {soft: 2, hard: 1}}\n",
		 "1:19: ulimits.nofile: the soft limit is above the hard one"},
		{"ulimits: {nofile: {soft: -1, hard: 1}}\n",
		 "1:19: ulimits.nofile: the soft limit is above the hard one"},
		{"sysctls: {vm.swappiness: 1}\n",
		 "1:26: sysctls: 'vm.swappiness' belongs to the whole machine | a box has its "
		 "own net.*, "
		 "fs.mqueue.*, kernel.msg*, kernel.sem and kernel.shm*"},
		{"sysctls: {kernel.core_pattern: '|/x'}\n",
		 "1:32: sysctls: 'kernel.core_pattern' belongs to the whole machine | a box "
		 "has its own net.*, "
		 "fs.mqueue.*, kernel.msg*, kernel.sem and kernel.shm*"},
		{"sysctls: {net../../x: 1}\n",
		 "1:23: sysctls: 'net../../x' is not the name of a sysctl"},
		{"sysctls: {net.a: }\n",
		 "1:11: net.a has no value | it takes a value; without one, remove the "
		 "key"},
		{"sysctls: [net.a]\n",
		 "1:11: sysctls must be a map, or a list of NAME=VALUE, not 'net.a'"},
		{"sysctls: {net.a: \"1\\n2\"}\n",
		 "1:18: sysctls: the value of 'net.a' has a control character"},
		{"sysctls: {net.a: 1}\nnetwork_mode: host\n",
		 "1:18: sysctls: 'net.a' cannot be set with network_mode 'host' | it would be "
		 "the machine's; "
		 "network_mode 'project' has its own"},
		{"cap_add: NET_ADMIN\n", "1:10: cap_add must be a list, not 'NET_ADMIN'"},
		{"cap_add: [NET-ADMIN]\n",
		 "1:11: cap_add must be a list of capabilities such as 'NET_ADMIN', or "
		 "'ALL', not 'NET-ADMIN'"},
		{"cap_add: [net_raw]\ncap_drop: [ALL, CAP_NET_RAW]\n",
		 "2:17: capability 'NET_RAW' is in cap_add and in cap_drop"},
		{"security_opt: [apparmor=x]\n", "1:16: " SECURITY_WORDS "'apparmor=x'"},
		{"security_opt: [no-new-privileges:maybe]\n",
		 "1:16: " SECURITY_WORDS "'no-new-privileges:maybe'"},
		{"security_opt: ['seccomp=']\n",
		 "1:16: security_opt: the file of seccomp is empty; it must be a path"},
		{"security_opt: [seccomp=a.json, seccomp=unconfined]\n",
		 "1:32: security_opt: seccomp is given twice"},
		{"security_opt: [no-new-privileges, no-new-privileges:false]\n",
		 "1:35: security_opt: no-new-privileges is given twice"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void values_are_kept(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *filter = path_join(desk->project, "filter.json");
	struct spec spec = desk_good(
		desk, "ulimits:\n  nofile: {soft: 1024, hard: 4096}\n  core: 0\n"
		      "  memlock: -1\n  stack: {soft: 1, hard: unlimited}\n"
		      "sysctls: {net.ipv4.ip_forward: 1, kernel.shmmax: '2'}\n"
		      "cap_add: [net_admin, CAP_SYS_PTRACE]\ncap_drop: [all]\n"
		      "security_opt: [no-new-privileges:false, seccomp=filter.json]\n");

	assert_int_equal(spec.ulimit_count, 4);
	assert_int_equal(spec.ulimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(spec.ulimits[0].soft, 1024);
	assert_int_equal(spec.ulimits[0].hard, 4096);
	assert_int_equal(spec.ulimits[1].hard, 0);
	assert_true(spec.ulimits[2].soft == UINT64_MAX && spec.ulimits[2].hard == UINT64_MAX);
	assert_true(spec.ulimits[3].hard == UINT64_MAX);
	assert_int_equal(spec.ulimits[3].at.line, 5);
	assert_int_equal(spec.sysctl_count, 2);
	assert_string_equal(spec.sysctls[0].name, "net.ipv4.ip_forward");
	assert_string_equal(spec.sysctls[0].value, "1");
	assert_string_equal(spec.sysctls[1].value, "2");
	assert_string_equal(spec.cap_add.items.items[0], "NET_ADMIN");
	assert_string_equal(spec.cap_add.items.items[1], "SYS_PTRACE");
	assert_string_equal(spec.cap_drop.items.items[0], "ALL");
	assert_int_equal(spec.cap_add.at[1].column, 22);
	assert_false(spec.no_new_privileges);
	assert_string_equal(spec.seccomp.value, filter);
	assert_int_equal(spec.seccomp.at.line, 9);
	spec_done(&spec);
}

static void the_last_file_decides_about_security(void **state)
{
	const struct desk *desk = *state;
	struct spec spec;

	desk_write(desk, "devbox.local.yaml",
		   "security_opt: [seccomp=unconfined, no-new-privileges]\n");
	spec = desk_good(desk, "security_opt: [seccomp=a.json, no-new-privileges:false]\n");
	assert_string_equal(spec.seccomp.value, "unconfined");
	assert_true(spec.no_new_privileges);
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(values_are_kept, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(the_last_file_decides_about_security, desk_make,
						desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
