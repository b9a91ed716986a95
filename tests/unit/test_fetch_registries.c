#include "fetch/registries.h"
#include "fetch/registries_parts.h"
#include "util/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_folder.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

/* "host/repository", '!' behind insecure ones, '~' behind mirrors, '=' behind those of an
 * alias. */
static int resolve(const struct registries *registries, const char *name, struct buf *out,
		   struct err *err)
{
	AUTO_REFERENCE struct reference ref = {0};
	struct registry_place *places;
	size_t count;

	assert_int_equal(reference_parse(name, NULL, &ref, err), 0);
	if (registries_resolve(registries, &ref, &places, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s/%s%s%s%s", i ? " " : "", places[i].host,
			   places[i].repository, places[i].insecure ? "!" : "",
			   places[i].is_mirror ? "~" : "", places[i].alias ? "=" : "");
	registry_places_free(places, count);
	return 0;
}

static void check(const char *text, const char *name, const char *wanted)
{
	struct registries registries = {0};
	struct registries *owned = xmalloc(sizeof(*owned));
	AUTO_BUF struct buf out = {0};
	struct err err = {0};

	if (registries_read(&registries, "r.conf", text, &err) < 0)
		fail_msg("%s: %d: %s", text, err.line, err.message);
	if (resolve(&registries, name, &out, &err) < 0)
		fail_msg("%s: %s: %s", text, name, err.message);
	if (!str_eq(out.data, wanted))
		fail_msg("%s: %s gives '%s', not '%s'", text, name, out.data, wanted);
	*owned = registries;
	registries_free(owned);
}

static void check_fails(const char *text, const char *message, int line)
{
	struct registries registries = {0};
	struct err err = {0};

	if (registries_read(&registries, "r.conf", text, &err) == 0)
		fail_msg("%s was taken", text);
	if (!strstr(err.message, message) || err.line != line || !str_eq(err.file, "r.conf"))
		fail_msg("%s: %s:%d: %s", text, err.file, err.line, err.message);
	assert_null(registries.items);
	assert_null(registries.aliases);
}

#define MANUAL                                                   \
	"unqualified-search-registries = ['example.com']\n"      \
	"short-name-mode='enforcing'\n"                          \
	"[[registry]]\n"                                         \
	"prefix = \"example.com/foo\"\n"                         \
	"insecure = false\n"                                     \
	"blocked = false\n"                                      \
	"location = \"internal-registry-for-example.com/bar\"\n" \
	"[[registry.mirror]]\n"                                  \
	"location = \"example-mirror-0.local/mirror-for-foo\"\n" \
	"[[registry.mirror]]\n"                                  \
	"location = \"example-mirror-1.local/mirrors/foo\"\n"    \
	"insecure = true\n"                                      \
	"[[registry]]\n"                                         \
	"location = \"registry.com\"\n"                          \
	"[[registry.mirror]]\n"                                  \
	"location = \"mirror.registry.com\"\n"

static void the_example_of_the_manual_does_what_it_says(void **state)
{
	(void)state;
	check(MANUAL, "example.com/foo/image:latest",
	      "example-mirror-0.local/mirror-for-foo/image~ "
	      "example-mirror-1.local/mirrors/foo/image!~ "
	      "internal-registry-for-example.com/bar/image");
	check(MANUAL, "registry.com/image", "mirror.registry.com/image~ registry.com/image");
	check(MANUAL, "example.com/food/image", "example.com/food/image");
	check(MANUAL, "example.com/x", "example.com/x");
	check(MANUAL, "debian", "docker.io/library/debian");
}

static void the_longest_prefix_counts(void **state)
{
	static const char text[] =
		"[[registry]]\nprefix='a.b'\nlocation='one.x'\n"
		"[[registry]]\nprefix='a.b/c/d:1'\nlocation='four.x/d:1'\n"
		"[[registry]]\nprefix='a.b/c/d'\nlocation='three.x'\n"
		"[[registry]]\nprefix='a.b/c/'\nlocation='two.x/y/'\n"
		"[[registry]]\nprefix='a.b/c/d@" DIGEST "'\nlocation='five.x/d@" DIGEST "'\n";

	(void)state;
	check(text, "a.b/x", "one.x/x");
	check(text, "a.b/cc", "one.x/cc");
	check(text, "a.b/c/x", "two.x/y/x");
	check(text, "a.b/c", "two.x/y");
	check(text, "a.b/c/d/e:1", "three.x/e");
	check(text, "a.b/c/d:1", "four.x/d");
	check(text, "a.b/c/d@" DIGEST, "five.x/d");
	check(text, "a.b:5000/c/d", "a.b:5000/c/d");
	check(text, "A.B/x", "one.x/x");
}

static void a_wildcard_stands_for_all_hosts_below(void **state)
{
	static const char text[] = "[[registry]]\nprefix='*.a.b'\ninsecure=true\n"
				   "[[registry]]\nprefix='*.c.d'\nlocation='e.f/g'\n"
				   "[[registry]]\nprefix='x.c.d'\nlocation='h.i'\n"
				   "[[registry]]\nprefix='*.y.c.d'\nlocation='j.k'\n";

	(void)state;
	check(text, "x.a.b/i", "x.a.b/i!");
	check(text, "x.y.a.b:1/i/j", "x.y.a.b:1/i/j!");
	check(text, "a.b/i", "a.b/i");
	check(text, "xa.b/i", "xa.b/i");
	check(text, "x.a.b.c/i", "x.a.b.c/i");
	check(text, "w.c.d/i/j", "e.f/g/i/j");
	check(text, "x.c.d/i", "h.i/i");
	check(text, "z.y.c.d/i", "j.k/i");
	check("[[registry]]\nprefix='*.Lan'\nlocation='m.x'\n", "a.lan/i", "m.x/i");
}

static void docker_hub_is_one_registry_whatever_it_is_called(void **state)
{
	static const char text[] =
		"[[registry]]\nprefix='docker.io'\nlocation='registry-1.docker.io'\n"
		"[[registry.mirror]]\nlocation='mirror.x'\n"
		"[[registry]]\nlocation='docker.io/alpine'\ninsecure=true\n";

	(void)state;
	check(text, "debian", "mirror.x/library/debian~ docker.io/library/debian");
	check(text, "index.docker.io/a/b", "mirror.x/a/b~ docker.io/a/b");
	/* As the manual says: this is another folder than library/alpine. */
	check(text, "alpine", "mirror.x/library/alpine~ docker.io/library/alpine");
	check(text, "alpine/git", "docker.io/alpine/git!");
}

static void mirrors_may_be_for_tags_or_digests_alone(void **state)
{
	static const char uses[] =
		"[[registry]]\nlocation='a.b'\n[[registry.mirror]]\nlocation='tag.x'\n"
		"pull-from-mirror='tag-only'\n[[registry.mirror]]\nlocation='digest.x'\n"
		"pull-from-mirror='digest-only'\n[[registry.mirror]]\nlocation='all.x'\n"
		"pull-from-mirror='all'\n";
	static const char by_digest[] =
		"[[registry]]\nlocation='a.b'\nmirror-by-digest-only=true\n"
		"[[registry.mirror]]\nlocation='m.x'\n";

	(void)state;
	check(uses, "a.b/c", "tag.x/c~ all.x/c~ a.b/c");
	check(uses, "a.b/c@" DIGEST, "digest.x/c~ all.x/c~ a.b/c");
	check(by_digest, "a.b/c", "a.b/c");
	check(by_digest, "a.b/c:1@" DIGEST, "m.x/c~ a.b/c");
}

static void what_is_blocked_is_refused_with_its_place(void **state)
{
	struct registries *registries = xmalloc(sizeof(*registries));
	AUTO_BUF struct buf out = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(registries_read(registries, "r.conf",
					 "# x\n[[registry]]\nlocation='bad.x/y'\nblocked=true\n"
					 "[[registry.mirror]]\nlocation='good.x'\n[aliases]\n"
					 "z='bad.x/y/z'\n",
					 &err),
			 0);
	assert_int_equal(resolve(registries, "bad.x/y/z:1", &out, &err), -1);
	assert_string_equal(err.message, "images of 'bad.x/y' are blocked on this machine, "
					 "'bad.x/y/z:1' is one");
	assert_string_equal(err.file, "r.conf");
	assert_int_equal(err.line, 2);
	assert_int_equal(err.code, EACCES);
	assert_int_equal(resolve(registries, "z", &out, &err), -1);
	assert_int_equal(resolve(registries, "bad.x/x", &out, &err), 0);
	registries_free(registries);
}

static void an_alias_stands_for_a_name_without_a_registry(void **state)
{
	static const char text[] = "[aliases]\n'fedora'='registry.x/fedora'\n"
				   "'a/b'=\"quay.x/c/d\"\n'alpine'='docker.io/alpine'\n"
				   "'gone'=''\n"
				   "[[registry]]\nlocation='registry.x'\ninsecure=true\n";

	(void)state;
	check(text, "fedora:40", "registry.x/fedora!=");
	check(text, "library/fedora", "registry.x/fedora!=");
	check(text, "fedora@" DIGEST, "registry.x/fedora!=");
	check(text, "docker.io/library/fedora", "docker.io/library/fedora");
	check(text, "x.y/fedora", "x.y/fedora");
	check(text, "a/b", "quay.x/c/d=");
	check(text, "b", "docker.io/library/b");
	check(text, "alpine", "docker.io/library/alpine=");
	check(text, "gone", "docker.io/library/gone");
}

static void what_could_change_where_images_come_from_is_never_skipped(void **state)
{
	(void)state;
	check_fails("x=true", "unknown key 'x'", 1);
	check_fails("\n[registries.block]\nregistries=['x.y']", "version 1", 2);
	check_fails("[[registries]]", "version 1", 1);
	check_fails("[registry]\nlocation='a.b'", "unknown table 'registry'", 1);
	check_fails("[other]", "unknown table 'other'", 1);
	check_fails("[[registry.mirrors]]", "unknown table 'mirrors'", 1);
	check_fails("[[registry.mirror]]\nlocation='a.b'", "without a [[registry]]", 1);
	check_fails("[[registry]]\nlocation='a.b'\nbloked=true", "unknown key 'bloked'", 3);
	check_fails("[[registry]]\nlocation='a.b'\nblocked='true'", "must be true or false", 3);
	check_fails("[[registry]]\nlocation='a.b'\ninsecure='yes'", "must be true or false", 3);
	check_fails("[[registry]]\nlocation=true", "'location' must be a string", 2);
	check_fails("[[registry]]\nlocation='https://a.b'", "'https://a.b' is not a registry",
		    2);
	check_fails("[[registry]]\nlocation='a/b'", "'a/b' is not a registry", 2);
	check_fails("[[registry]]\nlocation='a.b/C'", "'a.b/C' is not a registry", 2);
	check_fails("[[registry]]\nlocation='*.b'", "cannot have a '*'", 2);
	check_fails("[[registry]]\nprefix='*.b/c'", "'*.b/c' is not a prefix", 2);
	check_fails("[[registry]]\nprefix='a.*.b'", "'a.*.b' is not a registry", 2);
	check_fails("[[registry]]\nblocked=true", "needs a 'location'", 1);
	check_fails("[[registry]]\nlocation=''", "needs a 'location'", 1);
	check_fails("[[registry]]\nlocation='a.b'\n\n[[registry.mirror]]\ninsecure=true",
		    "a mirror needs", 4);
	check_fails("[[registry]]\nlocation='a.b'\n[[registry.mirror]]\nlocation='c.d'\n"
		    "pull-from-mirror='never'",
		    "'pull-from-mirror' must be", 5);
	check_fails("[[registry]]\nlocation='a.b'\nmirror-by-digest-only=true\n"
		    "[[registry.mirror]]\nlocation='c.d'\npull-from-mirror='all'",
		    "is not possible beside", 4);
	check_fails("[[registry]]\nprefix='a.b/c:1'\nlocation='d.e/c:2'", "must end with", 1);
	check_fails("[[registry]]\nlocation='a.b'\n[[registry]]\nlocation='A.b/'",
		    "a second time, after line 1", 3);
	check_fails("[aliases]\na='b'", "must be HOST/REPOSITORY", 2);
	check_fails("[aliases]\na='b.c'", "must be HOST/REPOSITORY", 2);
	check_fails("[aliases]\na='b.c/d:1'", "must be HOST/REPOSITORY", 2);
	check_fails("[aliases]\na=true", "must be HOST/REPOSITORY", 2);
	check_fails("[aliases]\n'a:1'='b.c/d'", "'a:1' is not a name", 2);
	check_fails("[aliases]\n'a.b/c'='b.c/d'", "'a.b/c' is not a name", 2);
}

static void a_name_that_leads_nowhere_is_refused(void **state)
{
	struct registries *registries = xmalloc(sizeof(*registries));
	AUTO_BUF struct buf out = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(registries_read(registries, "r.conf",
					 "[[registry]]\nprefix='a.b/c'\nlocation='d.e'\n",
					 &err),
			 0);
	assert_int_equal(resolve(registries, "a.b/c", &out, &err), -1);
	assert_non_null(strstr(err.message, "'d.e/' is not the name of an image"));
	assert_int_equal(err.line, 1);
	registries_free(registries);
}

/* --- files --- */

static struct registries *load(const char *dir, bool has_own_conf)
{
	AUTO_STRV struct strv env = {0};
	AUTO_FREE char *etc = xasprintf("%s/etc", dir);
	struct registries *registries;
	struct err err = {0};

	strv_addf(&env, "XDG_CONFIG_HOME=%s/config", dir);
	strv_addf(&env, "XDG_CACHE_HOME=%s/cache", dir);
	if (has_own_conf)
		strv_addf(&env, "CONTAINERS_REGISTRIES_CONF=%s/own.conf", dir);
	if (registries_load_from(etc, &env, "/nowhere", &registries, &err) < 0)
		fail_msg("%s: %s", err.file, err.message);
	return registries;
}

static void check_file(const char *dir, bool has_own_conf, const char *name, const char *wanted)
{
	struct registries *registries = load(dir, has_own_conf);
	AUTO_BUF struct buf out = {0};
	struct err err = {0};

	assert_int_equal(resolve(registries, name, &out, &err), 0);
	assert_string_equal(out.data, wanted);
	registries_free(registries);
}

static void write_location(const char *dir, const char *path, const char *prefix,
			   const char *location)
{
	AUTO_FREE char *text =
		xasprintf("[[registry]]\nprefix='%s'\nlocation='%s'\n", prefix, location);

	folder_write(dir, path, text);
}

static void without_files_names_are_what_they_are(void **state)
{
	AUTO_FOLDER char *dir = folder_make();

	(void)state;
	check_file(dir, false, "debian", "docker.io/library/debian");
}

static void later_files_win_for_the_same_prefix(void **state)
{
	AUTO_FOLDER char *dir = folder_make();

	(void)state;
	write_location(dir, "etc/registries.conf", "a.b", "etc.x");
	write_location(dir, "etc/registries.conf.d/20.conf", "c.d", "two.x");
	write_location(dir, "etc/registries.conf.d/10.conf", "c.d", "one.x");
	write_location(dir, "etc/registries.conf.d/30.txt", "c.d", "three.x");
	write_location(dir, "config/containers/registries.conf.d/1.conf", "e.f", "drop.x");
	check_file(dir, false, "a.b/i", "etc.x/i");
	check_file(dir, false, "c.d/i", "two.x/i");
	check_file(dir, false, "e.f/i", "drop.x/i");

	/* With a file of one's own nothing of the system counts. */
	write_location(dir, "config/containers/registries.conf", "e.f", "user.x");
	check_file(dir, false, "a.b/i", "a.b/i");
	check_file(dir, false, "c.d/i", "c.d/i");
	check_file(dir, false, "e.f/i", "drop.x/i");

	write_location(dir, "own.conf", "a.b", "own.x");
	check_file(dir, true, "a.b/i", "own.x/i");
	check_file(dir, true, "c.d/i", "two.x/i");
	check_file(dir, true, "e.f/i", "drop.x/i");
}

static void recorded_aliases_win(void **state)
{
	(void)state;
	/* Root's are in /var. */
	if (geteuid() == 0)
		skip();

	AUTO_FOLDER char *dir = folder_make();

	folder_write(dir, "etc/registries.conf", "[aliases]\na='b.c/one'\n");
	folder_write(dir, "config/containers/registries.conf.d/1.conf", "[aliases]\na=''\n");
	check_file(dir, false, "a", "docker.io/library/a");
	folder_write(dir, "cache/containers/short-name-aliases.conf",
		     "[aliases]\na='b.c/two'\n");
	check_file(dir, false, "a", "b.c/two=");
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	AUTO_FOLDER char *dir = folder_make();
	AUTO_FREE char *etc = xasprintf("%s/etc", dir);
	AUTO_STRV struct strv env = {0};
	struct registries *registries;
	struct err err = {0};

	(void)state;
	folder_write(dir, "etc/registries.conf/oops", "");
	assert_int_equal(registries_load_from(etc, &env, NULL, &registries, &err), -1);
	assert_non_null(strstr(err.message, "registries.conf"));

	strv_addf(&env, "CONTAINERS_REGISTRIES_CONF=%s/missing", dir);
	assert_int_equal(registries_load_from(etc, &env, NULL, &registries, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_manual_does_what_it_says),
		cmocka_unit_test(the_longest_prefix_counts),
		cmocka_unit_test(a_wildcard_stands_for_all_hosts_below),
		cmocka_unit_test(docker_hub_is_one_registry_whatever_it_is_called),
		cmocka_unit_test(mirrors_may_be_for_tags_or_digests_alone),
		cmocka_unit_test(what_is_blocked_is_refused_with_its_place),
		cmocka_unit_test(an_alias_stands_for_a_name_without_a_registry),
		cmocka_unit_test(what_could_change_where_images_come_from_is_never_skipped),
		cmocka_unit_test(a_name_that_leads_nowhere_is_refused),
		cmocka_unit_test(without_files_names_are_what_they_are),
		cmocka_unit_test(later_files_win_for_the_same_prefix),
		cmocka_unit_test(recorded_aliases_win),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
