#include "box/identity.h"

#include "hostile_tree.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
			     "web:x:33:34:,,,:/var/www:/bin/zsh\n"
			     "short:x:40:41\n"
			     "homeless:x:42:43::relative:\n"
			     "three:x:44\n"
			     ":x:45:45::/:\n"
			     "two:x:50:50::/first:/bin/sh\n"
			     "two:x:51:51::/second:/bin/sh\n"
			     "nouid:x::46::/:/bin/sh\n"
			     "wordy:x:zero:46::/:/bin/sh\n"
			     "nogid:x:47:-1::/:/bin/sh\n"
			     "far:x:70000:1::/:/bin/sh\n"
			     "fargroup:x:48:70000::/:/bin/sh\n"
			     "1z:x:49:49::/:/bin/sh\n"
			     "last:x:60:60::/last:/bin/sh";
static const char group[] = "root:x:0:\n"
			    "audio:x:29:web,webby\n"
			    "www:x:34:web\n"
			    "beyond:x:70000:web\n"
			    "broken:x:many:web\n"
			    "short:x:36\n"
			    "video:x:44:other,web\n"
			    "last:x:60:web,";

static const struct host_user caller = {.uid = 1000,
					.gid = 100,
					.name = (char *)(uintptr_t) "ann",
					.group = (char *)(uintptr_t) "users",
					.home = (char *)(uintptr_t) "/home/ann",
					.shell = (char *)(uintptr_t) "/bin/sh"};

/* Where the accounts are from; "" is the host. */
static const char *root_folder = "/nowhere";

struct answer {
	const char *user;
	const char *wanted; /* "UID:GID NAME HOME [GROUPS]", or the message */
};

static char *resolve(const char *user, const struct host_user *who, const struct id_maps *maps,
		     const char *passwd_text)
{
	struct strv lower = {.items = (char *[]){(char *)(uintptr_t)root_folder, NULL},
			     .count = *root_folder ? 1 : 0};
	struct accounts accounts = {.passwd = (char *)(uintptr_t)passwd_text,
				    .group = (char *)(uintptr_t)group,
				    .lower = &lower};
	struct box_identity identity = {.uid = 77};
	struct buf text = {0};
	struct err err = {0};
	size_t i;

	if (box_identity_resolve(user, who, maps, &accounts, &identity, &err) < 0) {
		assert_int_equal(identity.uid, 77);
		assert_true(err.hint[0] || strstr(err.message, "give 'dev'"));
		return xstrdup(err.message);
	}
	buf_printf(&text, "%u:%u %s %s", identity.uid, identity.gid, identity.name,
		   identity.home);
	for (i = 0; i < identity.groups.count; i++)
		buf_printf(&text, "%s%s", i ? "," : " ", identity.groups.items[i]);
	assert_non_null(identity.shell);
	box_identity_done(&identity);
	return buf_take(&text);
}

static void expect_all(const struct answer *table, size_t count, const struct host_user *who,
		       const struct id_maps *maps, const char *passwd_text)
{
	size_t wrong = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		AUTO_FREE char *got = resolve(table[i].user, who, maps, passwd_text);

		if (strcmp(got, table[i].wanted) == 0)
			continue;
		print_error("'%s' is: %s\n  not: %s\n",
			    table[i].user ? table[i].user : "(none)", got, table[i].wanted);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void users_of_an_image_are_found(void **state)
{
#define NOT_A_USER(text) \
	"'" text "' is not a user: give 'dev', 'root', NAME or UID, with ':GROUP' if need be"
#define NO_IDS(name) "the image gives user '" name "' no valid ids in '/etc/passwd'"
	static const struct answer table[] = {
		{NULL, "1000:100 ann /home/ann"},
		{"dev", "1000:100 ann /home/ann"},
		{"dev:audio", "1000:29 ann /home/ann"},
		{"root", "0:0 root /root"},
		{"0", "0:0 root /root"},
		{"000", "0:0 root /root"},
		{"web", "33:34 web /var/www 29,44,60"},
		{"33", "33:34 web /var/www 29,44,60"},
		{"033", "33:34 web /var/www 29,44,60"},
		{"web:video", "33:44 web /var/www 29,44,60"},
		{"web:0", "33:0 web /var/www 29,44,60"},
		{"33:33", "33:33 web /var/www 29,44,60"},
		{"short", "40:41 short /"},
		{"homeless", "42:43 homeless /"},
		{"two", "50:50 two /first"},
		{"last", "60:60 last /last"},
		{"1z", "49:49 1z /"},
		{"1234", "1234:0 1234 /"},
		{"1234:5678", "1234:5678 1234 /"},
		{"65535:65535", "65535:65535 65535 /"},

		{"", NOT_A_USER("")},
		{":", NOT_A_USER(":")},
		{":0", NOT_A_USER(":0")},
		{"web:", NOT_A_USER("web:")},
		{"nobody", "the image has no user 'nobody'"},
		{"WEB", "the image has no user 'WEB'"},
		{"three", "the image has no user 'three'"},
		{"1x", "the image has no user '1x'"},
		{"+1", "the image has no user '+1'"},
		{"-1", "the image has no user '-1'"},
		{" 1", "the image has no user ' 1'"},
		{"1 ", "the image has no user '1 '"},
		{"4294967295", "the image has no user '4294967295'"},
		{"4294967296", "the image has no user '4294967296'"},
		{"99999999999999999999", "the image has no user '99999999999999999999'"},
		{"web:nogroup", "the image has no group 'nogroup'"},
		{"web:a:b", "the image has no group 'a:b'"},
		{"web:-1", "the image has no group '-1'"},
		{"web:broken", "the image has no group 'broken'"},
		{"web:short", "the image has no group 'short'"},
		/* Never root by mistake. */
		{"nouid", NO_IDS("nouid")},
		{"wordy", NO_IDS("wordy")},
		{"nogid", NO_IDS("nogid")},
		{"far", "user id 70000 does not exist in the box"},
		{"70000", "user id 70000 does not exist in the box"},
		{"fargroup", "group id 70000 does not exist in the box"},
		{"web:beyond", "group id 70000 does not exist in the box"},
		{"web:70000", "group id 70000 does not exist in the box"},
	};
	static const struct host_range range = {100000, 65536};
	struct host_map uid_map, gid_map;
	const struct id_maps maps = {&uid_map, &gid_map};

	(void)state;
	host_map_build(&range, 1, caller.uid, &uid_map);
	host_map_build(&range, 1, caller.gid, &gid_map);
	expect_all(table, ARRAY_LEN(table), &caller, &maps, passwd);
}

/* Who else has an account on the host is not the box's business. */
static void the_host_image_shows_accounts_of_the_system(void **state)
{
	static const char host[] = "root:x:0:0::/root:/bin/bash\n"
				   "web:x:33:34::/var/www:/bin/sh\n"
				   "ann:x:1000:100::/home/ann:/bin/sh\n"
				   "bob:x:1001:100::/home/bob:/bin/sh\n"
				   "nobody:x:65534:65534::/:/bin/false\n";
	static const struct answer table[] = {
		{"web", "33:34 web /var/www 29,44,60"}, {"ann", "1000:100 ann /home/ann"},
		{"1000", "1000:100 ann /home/ann"},     {"nobody", "65534:65534 nobody /"},
		{"bob", "the image has no user 'bob'"}, {"1001", "1001:0 1001 /"},
	};
	static const struct host_range range = {100000, 65536};
	struct host_map map;
	const struct id_maps maps = {&map, &map};

	(void)state;
	host_map_build(&range, 1, caller.uid, &map);
	root_folder = "";
	expect_all(table, ARRAY_LEN(table), &caller, &maps, host);
	root_folder = "/nowhere";
}

static void with_a_single_id_everybody_is_root(void **state)
{
	static const struct answer table[] = {
		{"dev", "0:0 root /home/ann"},
		{"root", "0:0 root /root"},
		{"dev:audio", "group id 29 does not exist in the box"},
		{"root:root", "0:0 root /root"},
		{"web", "user id 33 does not exist in the box"},
		{"1000", "user id 1000 does not exist in the box"},
	};
	struct host_map uid_map, gid_map;
	const struct id_maps maps = {&uid_map, &gid_map};

	(void)state;
	host_map_build(NULL, 0, caller.uid, &uid_map);
	host_map_build(NULL, 0, caller.gid, &gid_map);
	expect_all(table, ARRAY_LEN(table), &caller, &maps, passwd);
}

/* The host's root is nobody in a box, and `dev` its root. */
static void root_is_root_of_the_box(void **state)
{
	static const struct answer table[] = {
		{"dev", "0:0 root /root"},
		{"web", "33:34 web /var/www 29,44,60"},
	};
	static const struct host_range range = {100000, 65536};
	struct host_user root = caller;
	struct host_map map;
	const struct id_maps maps = {&map, &map};

	(void)state;
	root.uid = root.gid = 0;
	host_map_build(&range, 1, 0, &map);
	expect_all(table, ARRAY_LEN(table), &root, &maps, passwd);
}

static void accounts_may_be_odd(void **state)
{
	static const struct answer table[] = {
		{"root", "0:0 root /root"},
		{"0", "0:0 root /root"},
		{"dev", "1000:100 ann /home/ann"},
		{"end", "5:6 end /e"},
	};
	static const struct answer moved[] = {
		{"root", "5:6 root /r"},
		{"0", "0:0 root /root"},
	};
	static const struct host_range range = {100000, 65536};
	struct host_map map;
	const struct id_maps maps = {&map, &map};
	AUTO_BUF struct buf huge = {0};
	size_t i;

	(void)state;
	host_map_build(&range, 1, caller.uid, &map);
	expect_all(table, 3, &caller, &maps, "");
	expect_all(table, 3, &caller, &maps, "\n\n:::::::::::\n::\nroot\nroot:\nroot:x:0\n");
	expect_all(moved, ARRAY_LEN(moved), &caller, &maps, "root:x:5:6::/r:/bin/sh\n");
	for (i = 0; i < 500 * 1000; i++)
		buf_putc(&huge, i % 3 ? 'a' : ':');
	buf_puts(&huge, "\nend:x:5:6::/e:");
	for (i = 0; i < 500 * 1000; i++)
		buf_putc(&huge, '/');
	expect_all(table, ARRAY_LEN(table), &caller, &maps, huge.data);
}

/* --- the account files of a root that means ill --- */

static int read_accounts(const struct tree *tree, struct accounts *out, struct err *err)
{
	AUTO_STRV struct strv lower = {0};
	int rc;

	strv_take(&lower, path_join(tree->top, "root"));
	rc = accounts_read(&lower, out, err);
	if (rc == 0)
		out->lower = NULL;
	return rc;
}

static void replace_passwd(const struct tree *tree)
{
	assert_int_equal(unlinkat(tree->root_fd, "etc/passwd", 0), 0);
}

static void expect_refused(const struct tree *tree, const char *words)
{
	struct accounts accounts = {.passwd = (char *)(uintptr_t) "as it was"};
	struct err err = {0};

	assert_int_equal(read_accounts(tree, &accounts, &err), -1);
	assert_string_equal(err.message, words);
	assert_string_equal(accounts.passwd, "as it was");
}

static void expect_passwd(const struct tree *tree, const char *text)
{
	struct accounts accounts = {0};
	struct err err = {0};

	if (read_accounts(tree, &accounts, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(accounts.passwd, text);
	assert_string_equal(accounts.group, "");
	accounts_done(&accounts);
}

static void a_link_ends_inside(void **state)
{
	const struct tree *tree = *state;
	static const char *const lost[] = {"absolute", "relative", "chain", "../dangling"};
	size_t i;

	expect_passwd(tree, "inside");
	for (i = 0; i < ARRAY_LEN(lost); i++) {
		replace_passwd(tree);
		tree_link(tree, lost[i], "etc/passwd");
		expect_passwd(tree, "");
	}
	replace_passwd(tree);
	tree_link(tree, "../../../a/b/c/file", "etc/passwd");
	expect_passwd(tree, "deep");
	replace_passwd(tree);
	tree_link(tree, "/a/b/c/file", "etc/passwd");
	expect_passwd(tree, "deep");
	replace_passwd(tree);
	tree_link(tree, "/proc/self/environ", "etc/passwd");
	expect_passwd(tree, "");
	replace_passwd(tree);
	tree_link(tree, "../loop1", "etc/passwd");
	expect_refused(tree,
		       "open '/etc/passwd' of the image: Too many levels of symbolic links");
}

static void only_a_small_regular_file_is_read(void **state)
{
	const struct tree *tree = *state;
	AUTO_CLOSE int fd = -1;

	replace_passwd(tree);
	assert_int_equal(mkfifoat(tree->root_fd, "etc/passwd", 0644), 0);
	expect_refused(tree, "'/etc/passwd' of the image is not a regular file");
	replace_passwd(tree);
	tree_link(tree, "../a", "etc/passwd");
	expect_refused(tree, "'/etc/passwd' of the image is not a regular file");
	replace_passwd(tree);
	fd = openat(tree->root_fd, "etc/passwd", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, INT64_C(10) << 30), 0);
	expect_refused(tree, "'/etc/passwd' of the image is larger than 1 MiB");
	/* A byte less than too much is fine. */
	assert_int_equal(ftruncate(fd, 1024 * 1024), 0);
	expect_passwd(tree, "");
}

static void the_group_file_is_read_the_same_way(void **state)
{
	const struct tree *tree = *state;

	assert_int_equal(mkfifoat(tree->root_fd, "etc/group", 0644), 0);
	expect_refused(tree, "'/etc/group' of the image is not a regular file");
	assert_int_equal(unlinkat(tree->root_fd, "etc/group", 0), 0);
	tree_link_out(tree, "outside/canary", "etc/group");
	expect_passwd(tree, "inside");
}

static void a_root_without_etc_has_no_accounts(void **state)
{
	const struct tree *tree = *state;

	assert_int_equal(renameat(tree->root_fd, "etc", tree->root_fd, "cte"), 0);
	expect_passwd(tree, "");
	tree_file(tree->root_fd, "etc", "a file");
	expect_refused(tree, "open '/etc/passwd' of the image: Not a directory");
}

static void the_topmost_layer_has_the_word(void **state)
{
	const struct tree *tree = *state;
	AUTO_STRV struct strv lower = {0};
	struct accounts accounts = {0};
	struct err err = {0};

	tree_dir(tree->root_fd, "a/etc");
	tree_dir(tree->root_fd, "a/b/etc");
	tree_file(tree->root_fd, "a/b/etc/passwd", "b");
	tree_file(tree->root_fd, "a/b/etc/group", "b group");
	tree_file(tree->root_fd, "a/etc/group", "a group");
	strv_take(&lower, path_join(tree->top, "root/a"));
	strv_take(&lower, path_join(tree->top, "root/a/b"));
	strv_take(&lower, path_join(tree->top, "root"));
	assert_int_equal(accounts_read(&lower, &accounts, &err), 0);
	assert_string_equal(accounts.passwd, "b");
	assert_string_equal(accounts.group, "a group");
	accounts_done(&accounts);

	strv_take(&lower, path_join(tree->top, "root/none"));
	assert_int_equal(unlinkat(tree->root_fd, "a/etc/group", 0), 0);
	assert_int_equal(unlinkat(tree->root_fd, "a/b/etc/group", 0), 0);
	assert_int_equal(accounts_read(&lower, &accounts, &err), -1);
	assert_true(str_starts(err.message, "open '"));
}

static void what_a_layer_took_away_is_not_there(void **state)
{
	const struct tree *tree = *state;
	AUTO_STRV struct strv lower = {0};
	struct accounts accounts = {0};
	struct err err = {0};

	tree_dir(tree->root_fd, "a/etc");
	strv_take(&lower, path_join(tree->top, "root/a"));
	strv_take(&lower, path_join(tree->top, "root"));
	assert_int_equal(mknodat(tree->root_fd, "a/etc/passwd", S_IFCHR | 0600, 0), 0);
	assert_int_equal(accounts_read(&lower, &accounts, &err), 0);
	assert_string_equal(accounts.passwd, "");
	accounts_done(&accounts);
}

static void a_shell_is_found_in_any_layer(void **state)
{
	struct host_user ann = {.uid = 1000,
				.gid = 1000,
				.name = (char *)(uintptr_t) "ann",
				.home = (char *)(uintptr_t) "/home/ann",
				.shell = (char *)(uintptr_t) "/bin/fish"};
	const struct tree *tree = *state;
	AUTO_STRV struct strv lower = {0};
	struct accounts accounts = {0};
	struct host_map map;
	const struct id_maps maps = {&map, &map};
	struct box_identity identity;
	struct err err = {0};

	host_map_build(NULL, 0, 1000, &map);
	tree_dir(tree->root_fd, "a/usr");
	tree_dir(tree->root_fd, "a/usr/bin");
	tree_dir(tree->root_fd, "b");
	tree_dir(tree->root_fd, "b/usr");
	tree_dir(tree->root_fd, "b/usr/bin");
	assert_int_equal(symlinkat("usr/bin", tree->root_fd, "b/bin"), 0);
	tree_file(tree->root_fd, "b/usr/bin/bash", "");
	tree_file(tree->root_fd, "a/usr/bin/fish", "");
	strv_take(&lower, path_join(tree->top, "root/a"));
	strv_take(&lower, path_join(tree->top, "root/b"));
	assert_int_equal(accounts_read(&lower, &accounts, &err), 0);
	assert_int_equal(box_identity_resolve("dev", &ann, &maps, &accounts, &identity, &err),
			 0);
	assert_string_equal(identity.shell, "/bin/fish");
	box_identity_done(&identity);

	assert_int_equal(unlinkat(tree->root_fd, "a/usr/bin/fish", 0), 0);
	assert_int_equal(mknodat(tree->root_fd, "a/usr/bin/fish", S_IFCHR | 0600, 0), 0);
	tree_file(tree->root_fd, "b/usr/bin/fish", "");
	ann.shell = (char *)(uintptr_t) "/usr/bin/fish";
	assert_int_equal(box_identity_resolve("dev", &ann, &maps, &accounts, &identity, &err),
			 0);
	assert_string_equal(identity.shell, "/bin/bash");
	box_identity_done(&identity);
	accounts_done(&accounts);
}

/* --- the environment of a command --- */

static void expect_environment(const struct spec *spec, const struct strv *from,
			       const char *wanted)
{
	struct box_identity identity = {.uid = 1000,
					.name = (char *)(uintptr_t) "ann",
					.home = (char *)(uintptr_t) "/home/ann",
					.shell = (char *)(uintptr_t) "/bin/sh"};
	AUTO_STRV struct strv env = {0};
	AUTO_BUF struct buf text = {0};
	size_t i;

	box_environment(spec, &identity, from, &env);
	for (i = 0; i < env.count; i++)
		buf_printf(&text, "%s\n", env.items[i]);
	assert_string_equal(text.data, wanted);
}

#define OWN_ENVIRONMENT                                                             \
	"PATH=" BOX_PATH "\nHOME=/home/ann\nUSER=ann\nLOGNAME=ann\nSHELL=/bin/sh\n" \
	"XDG_RUNTIME_DIR=/run/user/1000\ncontainer=devbox\n"

static void what_the_image_says_is_below_all_but_its_path(void **state)
{
	struct box_identity identity = {.uid = 1000,
					.name = (char *)(uintptr_t) "ann",
					.home = (char *)(uintptr_t) "/home/ann",
					.shell = (char *)(uintptr_t) "/bin/sh"};
	struct spec spec = {0};
	AUTO_STRV struct strv from = {0};
	AUTO_STRV struct strv env = {0};

	(void)state;
	strv_add(&env, "PATH=/opt/bin:/bin");
	strv_add(&env, "HOME=/root");
	strv_add(&env, "TERM=dumb");
	strv_add(&env, "LEVEL=image");
	strv_add(&env, "APP=1");
	strv_add(&from, "TERM=xterm");
	strv_add(&spec.environment, "LEVEL=profile");
	box_environment(&spec, &identity, &from, &env);
	assert_string_equal(env_get(&env, "PATH"), "/opt/bin:/bin");
	assert_string_equal(env_get(&env, "HOME"), "/home/ann");
	assert_string_equal(env_get(&env, "TERM"), "xterm");
	assert_string_equal(env_get(&env, "LEVEL"), "profile");
	assert_string_equal(env_get(&env, "APP"), "1");
	strv_done(&spec.environment);
}

static void only_what_is_asked_for_comes_in(void **state)
{
	struct spec spec = {0};
	AUTO_STRV struct strv from = {0};

	(void)state;
	expect_environment(&spec, &from, OWN_ENVIRONMENT);
	strv_add(&from, "SECRET=1");
	strv_add(&from, "TERM=xterm");
	strv_add(&from, "LC_ALL=C");
	strv_add(&from, "LC=no");
	strv_add(&from, "TERMINFO=/x");
	strv_add(&from, "PATH=/evil");
	strv_add(&from, "GIT_AUTHOR=a=b");
	strv_add(&from, "GIT=no");
	strv_add(&from, "no equals sign");
	strv_add(&from, "=empty");
	expect_environment(&spec, &from, OWN_ENVIRONMENT "TERM=xterm\nLC_ALL=C\n");
	strv_add(&spec.env_pass, "GIT_*");
	expect_environment(&spec, &from,
			   OWN_ENVIRONMENT "TERM=xterm\nLC_ALL=C\nGIT_AUTHOR=a=b\n");
	spec_done(&spec);
}

static void what_the_profile_sets_wins(void **state)
{
	struct spec spec = {0};
	AUTO_STRV struct strv from = {0};

	(void)state;
	strv_add(&from, "TERM=xterm");
	strv_add(&spec.environment, "TERM=dumb");
	strv_add(&spec.environment, "A=2");
	strv_add(&spec.environment, "EMPTY=");
	strv_add(&spec.environment, "HOME=/elsewhere");
	expect_environment(&spec, &from,
			   "PATH=" BOX_PATH "\nHOME=/elsewhere\nUSER=ann\nLOGNAME=ann\n"
			   "SHELL=/bin/sh\nXDG_RUNTIME_DIR=/run/user/1000\n"
			   "container=devbox\nTERM=dumb\nA=2\nEMPTY=\n");
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_of_an_image_are_found),
		cmocka_unit_test(the_host_image_shows_accounts_of_the_system),
		cmocka_unit_test(with_a_single_id_everybody_is_root),
		cmocka_unit_test(root_is_root_of_the_box),
		cmocka_unit_test(accounts_may_be_odd),
		BOTH_WAYS(a_link_ends_inside),
		BOTH_WAYS(only_a_small_regular_file_is_read),
		BOTH_WAYS(the_group_file_is_read_the_same_way),
		BOTH_WAYS(a_root_without_etc_has_no_accounts),
		BOTH_WAYS(the_topmost_layer_has_the_word),
		BOTH_WAYS(what_a_layer_took_away_is_not_there),
		BOTH_WAYS(a_shell_is_found_in_any_layer),
		cmocka_unit_test(what_the_image_says_is_below_all_but_its_path),
		cmocka_unit_test(only_what_is_asked_for_comes_in),
		cmocka_unit_test(what_the_profile_sets_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
