#include "host/host.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_folder.h"

#include <errno.h>

static void check_says(const char *proc_sys, int code, const char *message, const char *hint)
{
	struct err err = {0};

	assert_int_equal(host_explain_userns(proc_sys, code, &err), -1);
	assert_int_equal(err.code, code);
	if (!strstr(err.message, message))
		fail_msg("message: %s", err.message);
	if (!strstr(err.hint, hint))
		fail_msg("hint: %s", err.hint);
}

static void refusal_names_the_sysctl_of_debian(void **state)
{
	AUTO_FOLDER char *sys = folder_make();

	(void)state;
	folder_write(sys, "kernel/unprivileged_userns_clone", "0\n");
	check_says(sys, EPERM, "kernel.unprivileged_userns_clone is 0",
		   "echo 'kernel.unprivileged_userns_clone=1' | sudo tee");
}

static void refusal_names_the_profile_that_apparmor_wants(void **state)
{
	AUTO_FOLDER char *sys = folder_make();

	(void)state;
	folder_write(sys, "kernel/unprivileged_userns_clone", "1\n");
	folder_write(sys, "kernel/apparmor_restrict_unprivileged_userns", "1\n");
	check_says(sys, EACCES, "AppArmor", "sudo apparmor_parser -r /etc/apparmor.d/devbox");
	check_says(sys, EPERM, "AppArmor", "userns,");
}

static void refusal_without_a_sysctl_points_outside(void **state)
{
	AUTO_FOLDER char *sys = folder_make();

	(void)state;
	folder_write(sys, "kernel/apparmor_restrict_unprivileged_userns", "0\n");
	check_says(sys, EPERM, "create user namespace: Operation not permitted", "chroot");
}

static void limits_name_the_one_that_is_zero(void **state)
{
	AUTO_FOLDER char *sys = folder_make();

	(void)state;
	folder_write(sys, "user/max_user_namespaces", "1000\n");
	folder_write(sys, "user/max_net_namespaces", "0\n");
	check_says(sys, ENOSPC, "user.max_net_namespaces is 0",
		   "user.max_net_namespaces=28633");
	folder_write(sys, "user/max_user_namespaces", "0\n");
	check_says(sys, EPERM, "user.max_user_namespaces is 0",
		   "user.max_user_namespaces=28633");
}

static void limits_that_are_used_up_name_the_lowest(void **state)
{
	AUTO_FOLDER char *sys = folder_make();

	(void)state;
	folder_write(sys, "user/max_user_namespaces", "1000\n");
	folder_write(sys, "user/max_pid_namespaces", "50\n");
	folder_write(sys, "user/max_net_namespaces", "nonsense\n");
	check_says(sys, ENOSPC, "as many as allowed are in use",
		   "user.max_pid_namespaces, now 50");
	check_says("/nonexistent", ENOSPC, "create namespaces", "max_*_namespaces");
}

static void every_other_code_has_words(void **state)
{
	(void)state;
	check_says("/nonexistent", ENOSYS, "clone3", "Linux 5.3");
	check_says("/nonexistent", EINVAL, "create namespaces: Invalid argument",
		   "built without");
	check_says("/nonexistent", EAGAIN, "Resource temporarily unavailable", "ulimit -u");
	check_says("/nonexistent", ENOMEM, "Cannot allocate memory", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusal_names_the_sysctl_of_debian),
		cmocka_unit_test(refusal_names_the_profile_that_apparmor_wants),
		cmocka_unit_test(refusal_without_a_sysctl_points_outside),
		cmocka_unit_test(limits_name_the_one_that_is_zero),
		cmocka_unit_test(limits_that_are_used_up_name_the_lowest),
		cmocka_unit_test(every_other_code_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
