#include "host/examine.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_examine.h"

static void subids_of_usual_size_are_ok(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.user.uid = m.user.gid = 1001;
	m.x.subids = (struct host_subids){.uid = {{100000, 65536}},
					  .uid_count = 1,
					  .gid = {{100000, 65536}},
					  .gid_count = 1};
	machine_expect(&m, examine_subids, HOST_OK, "dev:100000:65536 (uid and gid)", "");
	m.x.subids.gid[0].start = 200000;
	machine_expect(&m, examine_subids, HOST_OK,
		       "uid dev:100000:65536; gid dev:200000:65536", "");
}

static void missing_subids_are_mended_by_a_free_range(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.user.uid = m.user.gid = 1001;
	machine_expect(
		&m, examine_subids, HOST_WARN, "none",
		"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 dev");
	folder_write(m.etc, "subuid", "other:100000:65536\n");
	machine_expect(
		&m, examine_subids, HOST_WARN, "none",
		"sudo usermod --add-subuids 165536-231071 --add-subgids 165536-231071 dev");
}

static void missing_subids_of_one_kind_are_added_alone(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.user.uid = m.user.gid = 1001;
	m.x.subids = (struct host_subids){.uid = {{100000, 65536}}, .uid_count = 1};
	folder_write(m.etc, "subuid", "dev:100000:65536\n");
	machine_expect(&m, examine_subids, HOST_WARN, "uid dev:100000:65536; gid none",
		       "sudo usermod --add-subgids 165536-231071 dev");
}

static void few_subids_are_a_warning(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.user.uid = m.user.gid = 1001;
	m.x.subids = (struct host_subids){
		.uid = {{100000, 10}}, .uid_count = 1, .gid = {{100000, 10}}, .gid_count = 1};
	machine_expect(&m, examine_subids, HOST_WARN, "dev:100000:10", "--add-subuids");
}

static void root_without_subids_fails(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.user.uid = m.user.gid = 0;
	machine_expect(&m, examine_subids, HOST_FAIL, "none", "--add-subuids");
}

static void ids_of_a_directory_are_not_mended_here(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.user.uid = m.user.gid = 1001;
	folder_write(m.etc, "nsswitch.conf", "subid: sss\n");
	machine_expect(&m, examine_subids, HOST_WARN, "none", "nsswitch.conf");
}

static void clash_with_an_account_or_another_user_is_found(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.user.uid = m.user.gid = 1001;
	m.x.subids = (struct host_subids){
		.uid = {{100000, 100}}, .uid_count = 1, .gid = {{300000, 100}}, .gid_count = 1};
	folder_write(m.etc, "passwd", "root:x:0:0::/:/bin/sh\ndev:x:1001:1001::/:/bin/sh\n");
	folder_write(m.etc, "subuid", "dev:100000:100\n1001:100000:100\nx:100100:100\n");
	machine_expect(&m, examine_clash, HOST_OK, "no local account", "");
	folder_write(m.etc, "subgid", "x:300099:1\n");
	machine_expect(
		&m, examine_clash, HOST_WARN, "/etc/subgid gives 'x' the same ids: 300099:1",
		"sudo usermod --del-subuids 100000-100099 --del-subgids 300000-300099 dev "
		"&& sudo usermod --add-subuids");
	folder_write(m.etc, "subuid", "x:99999:2\n");
	machine_expect(&m, examine_clash, HOST_WARN, "/etc/subuid gives 'x'", NULL);
	folder_write(m.etc, "passwd", "far:x:100050:5::/:/bin/sh\n");
	machine_expect(&m, examine_clash, HOST_WARN, "account 'far' has uid 100050", NULL);
	m.user.uid = 100001;
	machine_expect(&m, examine_clash, HOST_WARN, "your own uid 100001", NULL);
}

static char *find_false(const char *name)
{
	(void)name;
	return xstrdup("/bin/false");
}

static void idmap_helpers_are_tried(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	folder_write(m.etc, "os-release", "ID=fedora\n");
	machine_expect(&m, examine_idmap, HOST_WARN, "not installed",
		       "sudo dnf install shadow-utils");
	m.x.find_program = find_false;
	machine_expect(&m, examine_idmap, HOST_WARN, "not judged: no subordinate ids", "");
	m.x.subids = (struct host_subids){
		.uid = {{100000, 100}}, .uid_count = 1, .gid = {{300000, 100}}, .gid_count = 1};
	machine_expect(&m, examine_idmap, HOST_WARN, "is neither set-uid root nor has file",
		       "sudo chmod u+s /bin/false");
	m.x.has_userns = false;
	machine_expect(&m, examine_idmap, HOST_WARN, "not judged: no user namespace", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subids_of_usual_size_are_ok),
		cmocka_unit_test(missing_subids_are_mended_by_a_free_range),
		cmocka_unit_test(missing_subids_of_one_kind_are_added_alone),
		cmocka_unit_test(few_subids_are_a_warning),
		cmocka_unit_test(root_without_subids_fails),
		cmocka_unit_test(ids_of_a_directory_are_not_mended_here),
		cmocka_unit_test(clash_with_an_account_or_another_user_is_found),
		cmocka_unit_test(idmap_helpers_are_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
