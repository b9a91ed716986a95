#include "config_fixture.h"

static void wrong_mounts_are_refused(void **state)
{
#define LONG_HINT " | it is 'bind', 'volume', 'tmpfs' or 'cache'"
#define NAME_HINT                                                                             \
	" | a folder of the host begins with './', '/' or '~/'; a name has letters, digits, " \
	"'_', '.' and '-'"
	static const struct refusal table[] = {
		{"volumes: a:/a\n", "1:10: volumes must be a list, not 'a:/a'"},
		{"volumes: [[a]]\n", "1:11: volumes must be a list of SOURCE:TARGET[:ro], or "
				     "of {type, source, target}, not a list"},
		{"volumes: [/data]\n",
		 "1:11: volumes: '/data' is not SOURCE:TARGET[:ro] | 'data:/data' is a "
		 "volume named data, './data:/data' the folder"},
		{"volumes: [':/data']\n",
		 "1:11: volumes: ':/data' is not SOURCE:TARGET[:ro] | 'data:/data' is "
		 "a volume named data, './data:/data' the folder"},
		{"volumes: ['a/b:/c']\n",
		 "1:11: volumes: 'a/b' is not the name of a volume" NAME_HINT},
		{"volumes: ['a:b']\n", "1:11: volumes: target 'b' is not an absolute path | a "
				       "path in the box begins with '/'"},
		{"volumes: ['a:']\n", "1:11: volumes: target is empty; it must be a path"},
		{"volumes: ['a:/']\n",
		 "1:11: volumes: target cannot be '/' | the root file system is chosen "
		 "with 'image'"},
		{"volumes: ['a:/x/..']\n",
		 "1:11: volumes: target cannot be '/' | the root file system is "
		 "chosen with 'image'"},
		{"volumes: ['a:/proc/x']\n",
		 "1:11: volumes: target '/proc/x' cannot be in /proc | devbox makes "
		 "/proc of every box itself"},
		{"volumes: ['a:/sys']\n", "1:11: volumes: target '/sys' cannot be in /sys | "
					  "devbox makes /sys of every box itself"},
		{"volumes: ['a:/x/../dev//shm']\n",
		 "1:11: volumes: target '/dev/shm' cannot be in /dev | devbox makes /dev of "
		 "every box itself; "
		 "see 'devices', and 'shm_size' for /dev/shm"},
		{"volumes: ['a:/b:z']\n",
		 "1:11: volumes: option 'z' is not one of 'ro' and 'rw'"},
		{"volumes: ['a:/b:ro,']\n",
		 "1:11: volumes: option '' is not one of 'ro' and 'rw'"},
		{"volumes: ['~other:/b']\n",
		 "1:11: volumes: source '~other' names the home of another user | only '~' and "
		 "'~/...' are "
		 "understood; write './~other' for a file of that name"},
		{"volumes: [\"./a\\nb:/b\"]\n",
		 "1:11: volumes: source './a?b' has a control character"},
		{"volumes: [{target: /a}]\n", "1:11: volumes: 'type' is missing" LONG_HINT},
		{"volumes: [{type: bnd, target: /a}]\n",
		 "1:18: volumes.type must be 'bind', 'volume', 'tmpfs', 'cache' or 'overlay', "
		 "not 'bnd' | did "
		 "you mean 'bind'?"},
		{"volumes: [{type: overlay, source: ., target: /a}]\n",
		 "1:18: volumes: type 'overlay' is not built yet"},
		{"volumes: [{type: bind, target: /a}]\n", "1:11: volumes: 'source' is missing"},
		{"volumes: [{type: bind, source: .}]\n", "1:11: volumes: 'target' is missing"},
		{"volumes: [{type: tmpfs, source: a, target: /a}]\n",
		 "1:33: volumes: a tmpfs has no 'source'"},
		{"volumes: [{type: cache, source: ./a, target: /a}]\n",
		 "1:33: volumes: './a' is not the name of a volume" NAME_HINT},
		{"volumes: [{type: cache, source: a, target: /a, size: 1m}]\n",
		 "1:54: volumes: only a tmpfs has a 'size'"},
		{"volumes: [{type: tmpfs, target: /a, size: big}]\n",
		 "1:43: volumes.size must be a size such as '512m' or '2g', not 'big'"},
		{"volumes: [{type: tmpfs, target: /a, read_only: 1}]\n",
		 "1:48: volumes.read_only must be true or false, not '1'"},
		{"tmpfs: a\n",
		 "1:8: tmpfs 'a' is not an absolute path | a path in the box begins with '/'"},
		{"tmpfs: ['/a:mode=1777']\n",
		 "1:9: tmpfs: option 'mode=1777' is not one of 'size=SIZE', 'ro' and 'rw'"},
		{"tmpfs: ['/a:size=x']\n",
		 "1:9: tmpfs: size must be a size such as '512m' or '2g', not 'x'"},
		{"tmpfs: /dev/x\n",
		 "1:8: tmpfs '/dev/x' cannot be in /dev | devbox makes /dev of every box "
		 "itself; see 'devices', and 'shm_size' for /dev/shm"},
		{"tmpfs: /t\nvolumes:\n  - a:/t/\n",
		 "1:8: target '/t' is used twice | it is also the target at devbox.yaml:3"},
		{"volumes: ['a:/a', 'b:/a']\n",
		 "1:19: target '/a' is used twice | it is also the target at devbox.yaml:1"},
		{"tmpfs: /dev/shm\nshm_size: 1m\n", "1:8: target '/dev/shm' is used twice | it "
						    "is also the target at devbox.yaml:2"},
		{"workspace: {target: /w}\nvolumes: ['a:/w']\n",
		 "2:11: target '/w' is that of the workspace"},
		{"shm_size: 0\n",
		 "1:11: shm_size must be a size such as '512m' or '2g', not '0'"},
		{"devices: [sda]\n", "1:11: devices: 'sda' is not a path in /dev | write "
				     "/dev/NAME[:/dev/NAME_IN_THE_BOX][:rw]"},
		{"devices: [/dev/../etc/passwd]\n",
		 "1:11: devices: '/dev/../etc/passwd' is not a path in /dev | write "
		 "/dev/NAME[:/dev/NAME_IN_THE_BOX][:rw]"},
		{"devices: ['/dev/a:/b']\n",
		 "1:11: devices: '/b' is not a path in /dev | write "
		 "/dev/NAME[:/dev/NAME_IN_THE_BOX][:rw]"},
		{"devices: ['/dev/a:/dev/b:w']\n",
		 "1:11: devices: 'w' must be 'r', 'rw' or 'rwm'"},
		{"devices: ['/dev/a:x']\n", "1:11: devices: 'x' must be 'r', 'rw' or 'rwm'"},
		{"devices: [/dev/a, '/dev/b:/dev/a']\n",
		 "1:19: target '/dev/a' is used twice | it is also the target at "
		 "devbox.yaml:1"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void mounts_are_kept_as_meant(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *data = path_join(desk->project, "data");
	struct spec spec =
		desk_good(desk, "volumes:\n"
				"  - ./data:/a\n"
				"  - /srv//x:/b:ro\n"
				"  - pgdata:/c/:rw\n"
				"  - {type: bind, source: data, target: /d, read_only: true}\n"
				"  - {type: volume, source: v, target: /e}\n"
				"  - {type: cache, source: npm, target: /f}\n"
				"  - {type: tmpfs, target: /g, size: 64m}\n"
				"  - {type: tmpfs, target: /dev/shm}\n"
				"tmpfs: ['/h:size=1k,ro', /i]\n");
	static const enum volume_type types[] = {
		VOLUME_BIND,  VOLUME_BIND,  VOLUME_NAMED, VOLUME_BIND,  VOLUME_NAMED,
		VOLUME_CACHE, VOLUME_TMPFS, VOLUME_TMPFS, VOLUME_TMPFS, VOLUME_TMPFS};
	const char *const sources[] = {data,  "/srv/x", "pgdata", data, "v",
				       "npm", NULL,     NULL,     NULL, NULL};
	static const char *const targets[] = {"/a", "/b", "/c",       "/d", "/e",
					      "/f", "/g", "/dev/shm", "/h", "/i"};

	assert_int_equal(spec.volume_count, ARRAY_LEN(types));
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		assert_int_equal(spec.volumes[i].type, types[i]);
		assert_true(str_eq(spec.volumes[i].source, sources[i]));
		assert_string_equal(spec.volumes[i].target, targets[i]);
		assert_int_equal(spec.volumes[i].is_read_only, i == 1 || i == 3 || i == 8);
	}
	assert_int_equal(spec.volumes[6].size_bytes, 64 << 20);
	assert_int_equal(spec.volumes[8].size_bytes, 1024);
	assert_int_equal(spec.volumes[2].at.line, 4);
	spec_done(&spec);

	spec = desk_good(
		desk, "devices: [/dev/fuse, '/dev/a:r', '/dev/b:/dev/c:rwm']\nshm_size: 1g\n");
	assert_int_equal(spec.device_count, 3);
	assert_string_equal(spec.devices[0].target, "/dev/fuse");
	assert_false(spec.devices[0].is_read_only);
	assert_true(spec.devices[1].is_read_only);
	assert_string_equal(spec.devices[1].target, "/dev/a");
	assert_string_equal(spec.devices[2].source, "/dev/b");
	assert_string_equal(spec.devices[2].target, "/dev/c");
	assert_int_equal(spec.shm_size_bytes.value, 1 << 30);
	spec_done(&spec);
}

static void the_workspace_may_be_elsewhere(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *source = path_join(desk->project, "src");
	struct spec spec = desk_good(desk, "workspace: src\n");

	assert_string_equal(spec.workspace.source, source);
	assert_string_equal(spec.workspace.target, source);
	assert_string_equal(spec.working_dir.value, source);
	assert_int_equal(spec.workspace.at.column, 12);
	spec_done(&spec);

	spec = desk_good(desk, "workspace: {target: /work/, read_only: true}\n");
	assert_string_equal(spec.workspace.source, desk->project);
	assert_string_equal(spec.workspace.target, "/work");
	assert_string_equal(spec.working_dir.value, "/work");
	assert_true(spec.workspace.is_read_only);
	spec_done(&spec);
}

static void a_workspace_that_shows_the_home_is_refused(void **state)
{
#define LOST                                                                               \
	" | the box would see everything in it: work in a folder of its own, or name one " \
	"with 'workspace'"
	static const struct refusal table[] = {
		{"workspace: /\n", "1:12: the workspace cannot be '/'" LOST},
		{"workspace: ~/\n", "1:12: the workspace 'TOP/home' is the home folder" LOST},
		{"workspace: ..\n", "1:12: the workspace 'TOP/home' is the home folder" LOST},
		{"workspace: {source: ../.., target: /w}\n",
		 "1:12: the workspace 'TOP' holds the home folder" LOST},
		{"workspace: ./link\n",
		 "1:12: the workspace 'TOP/home/shop/link' is the home folder" LOST},
		{"workspace: ./up\n",
		 "1:12: the workspace 'TOP/home/shop/up' holds the home folder" LOST},
		{"workspace: ../other\n", "fine"},
		{"workspace: /srv\n", "fine"},
		{"workspace: .:/work\n",
		 "1:12: workspace '.:/work' has a ':' | write {source: ., target: /work}"},
		{"workspace: [a]\n", "1:12: workspace must be a folder, or {source, target, "
				     "read_only}, not a list"},
		{"workspace: {target: work}\n",
		 "1:21: workspace.target 'work' is not an absolute path | a path "
		 "in the box begins with '/'"},
		{"workspace: {target: /dev/x}\n",
		 "1:21: workspace.target '/dev/x' cannot be in /dev | devbox makes /dev of "
		 "every box itself; "
		 "see 'devices', and 'shm_size' for /dev/shm"},
	};
	struct desk *desk = *state;
	AUTO_FREE char *link = path_join(desk->project, "link");
	AUTO_FREE char *up = path_join(desk->project, "up");
	AUTO_FREE char *words = NULL;
	struct config *config = NULL;
	struct spec spec = {0};
	struct err err = {0};

	assert_int_equal(symlink("..", link), 0);
	assert_int_equal(symlink("../..", up), 0);
	desk_expect(desk, table, ARRAY_LEN(table));

	/* without a profile, from the home itself */
	desk->require = false;
	assert_int_equal(desk_load_in(desk, desk->home, &config, &err), 0);
	assert_int_equal(config_to_spec(config, &spec, &err), -1);
	config_free(config);
	words = desk_words(desk, &err);
	assert_string_equal(words, "the workspace 'TOP/home' is the home folder" LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_mounts_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(mounts_are_kept_as_meant, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(the_workspace_may_be_elsewhere, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(a_workspace_that_shows_the_home_is_refused,
						desk_make, desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
