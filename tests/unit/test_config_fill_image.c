#include "config_fixture.h"

#include "config/fill.h"

static void wrong_values_are_refused(void **state)
{
#define IMAGE_WORDS                                                                \
	"'host', the name of an image such as 'debian:12', or 'rootfs:', 'oci:', " \
	"'oci-archive:', 'docker-archive:' or 'tar:' with a path"
#define PLATFORM_WORDS "a platform such as 'linux/arm64' or 'linux/arm/v7'"
	static const struct refusal table[] = {
		{"image: 'a b'\n", "1:8: image must be " IMAGE_WORDS ", not 'a b'"},
		{"image: /srv/debian\n",
		 "1:8: image must be " IMAGE_WORDS ", not '/srv/debian'"},
		{"image: 'debian:'\n", "1:8: image must be " IMAGE_WORDS ", not 'debian:'"},
		{"image: 'a//b'\n", "1:8: image must be " IMAGE_WORDS ", not 'a//b'"},
		{"image: docker://\n", "1:8: image must be " IMAGE_WORDS ", not 'docker://'"},
		{"image: [a]\n", "1:8: image must be " IMAGE_WORDS ", not a list"},
		{"image: 'tar:'\n",
		 "1:8: image: the file after 'tar:' is empty; it must be a path"},
		{"image: 'rootfs:'\n",
		 "1:8: image: the folder after 'rootfs:' is empty; it must be a path"},
		{"image: 'oci:dir:'\n",
		 "1:8: image: after the second ':' comes the name inside"},
		{"image: oci::x\n",
		 "1:8: image: the folder after 'oci:' is empty; it must be a path"},
		{"image: rootfs:/\n",
		 "1:8: image cannot be 'rootfs:/' | 'host' is a box with the tools of this "
		 "machine"},
		{"image: rootfs:~other/x\n",
		 "1:8: image: the folder after 'rootfs:' '~other/x' names the home of another "
		 "user | only '~' "
		 "and '~/...' are understood; write './~other/x' for a file of that name"},

		{"platform: a/b/c/d\n",
		 "1:11: platform must be " PLATFORM_WORDS ", not 'a/b/c/d'"},
		{"platform: linux/\n",
		 "1:11: platform must be " PLATFORM_WORDS ", not 'linux/'"},
		{"platform: 'linux/a b'\n",
		 "1:11: platform must be " PLATFORM_WORDS ", not 'linux/a b'"},
		{"platform: linux/arm64\n", "1:11: platform has no effect on image 'host' | "
					    "remove it, or use an image of a "
					    "registry or an OCI layout"},
		{"image: tar:/x.tar\nplatform: arm64\n",
		 "2:11: platform has no effect on image 'tar:/x.tar' | remove it, or use an "
		 "image "
		 "of a registry or an OCI layout"},
		{"pull_policy: alway\n", "1:14: pull_policy must be 'missing', 'always' or "
					 "'never', not 'alway' | did you "
					 "mean 'always'?"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void names_are_kept_and_paths_made_absolute(void **state)
{
	static const struct {
		const char *written;
		const char *after; /* "%s" stands for the home */
	} cases[] = {
		{"host", "host"},
		{"hostile:1", "hostile:1"},
		{"debian", "debian"},
		{"ghcr.io/a/b_c@sha256:00ff", "ghcr.io/a/b_c@sha256:00ff"},
		{"'[::1]:5000/x:y'", "[::1]:5000/x:y"},
		{"docker://localhost:5000/x", "docker://localhost:5000/x"},
		{"rootfs:../debian/", "rootfs:%s/debian"},
		{"rootfs:~/a:b", "rootfs:%s/a:b"},
		{"oci:~/layout", "oci:%s/layout"},
		{"oci:~/layout:app:1", "oci:%s/layout:app:1"},
		{"oci-archive:../x.tar:app", "oci-archive:%s/x.tar:app"},
		{"docker-archive:~/x.tar:localhost:5000/a:b",
		 "docker-archive:%s/x.tar:localhost:5000/a:b"},
		{"tar:~/x:y.tar.gz", "tar:%s/x:y.tar.gz"},
	};
	const struct desk *desk = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *text = xasprintf("image: %s\n", cases[i].written);
		const char *hole = strstr(cases[i].after, "%s");
		AUTO_FREE char *want =
			hole ? xasprintf("%.*s%s%s", (int)(hole - cases[i].after),
					 cases[i].after, desk->home, hole + 2)
			     : xstrdup(cases[i].after);
		struct spec spec = desk_good(desk, text);

		assert_string_equal(spec.image.value, want);
		assert_int_equal(spec.image.at.line, 1);
		spec_done(&spec);
	}
}

static void platform_and_policy_are_kept(void **state)
{
	struct spec spec = desk_good(*state, "image: debian\nplatform: linux/arm/v7\n"
					     "pull_policy: never\n");

	assert_string_equal(spec.platform.value, "linux/arm/v7");
	assert_int_equal(spec.platform.at.line, 2);
	assert_int_equal(spec.pull_policy, PULL_NEVER);
	spec_done(&spec);
	spec = desk_good(*state, "{}\n");
	assert_null(spec.platform.value);
	assert_int_equal(spec.pull_policy, PULL_MISSING);
	spec_done(&spec);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(names_are_kept_and_paths_made_absolute,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(platform_and_policy_are_kept, desk_make,
						desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
