#include "image/buildkey.h"

#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Borrowed by what takes owned texts and does not free them. */
#define TEXT(text) ((char *)(text))

static struct build_file some_files[] = {
	{TEXT("requirements.txt"), BUILD_FILE, 3, TEXT("aa")},
	{TEXT("setup.sh"), BUILD_EXECUTABLE, 4, TEXT("bb")},
};
static const struct build_files files = {.items = some_files, .count = 2};
static char *some_env[] = {TEXT("A=1"), TEXT("B=2"), NULL};
static const struct strv env = {some_env, 2};

static struct build_facts some_facts(void)
{
	return (struct build_facts){
		.parent = "sha256:0",
		.command = "make",
		.env = &env,
		.working_dir = "/src",
		.user = "root",
		.platform = "linux/amd64",
		.network = true,
		.files = &files,
	};
}

static char *key_of(const struct build_facts *facts)
{
	char *key = xmalloc(SHA256_HEX_MAX);

	build_key(facts, key);
	return key;
}

/* What changed since some_facts(). */
static void expect(const struct build_facts *facts, const char *wanted)
{
	const struct build_facts before = some_facts();
	AUTO_FREE char *text = build_facts_text(&before, "shop", "1");
	AUTO_FREE char *words = build_facts_differ(text, facts);
	AUTO_FREE char *old_key = key_of(&before);
	AUTO_FREE char *key = key_of(facts);

	if (!wanted) {
		assert_null(words);
		assert_string_equal(key, old_key);
		return;
	}
	assert_non_null(words);
	assert_string_equal(words, wanted);
	assert_string_not_equal(key, old_key);
}

static void a_key_is_64_digits_and_stays(void **state)
{
	struct build_facts facts = some_facts();
	AUTO_FREE char *key = key_of(&facts);

	(void)state;
	/* Another one throws away what everybody has built. */
	assert_string_equal(key,
			    "d88bab9f52369243d6dd54eef684faf97bd607700508e7f9bc0934f7c69539d6");
}

static void the_order_of_variables_counts_for_nothing(void **state)
{
	static char *turned[] = {TEXT("B=2"), TEXT("A=1"), NULL};
	const struct strv other = {turned, 2};
	struct build_facts facts = some_facts();

	(void)state;
	facts.env = &other;
	expect(&facts, NULL);
}

static void each_fact_has_its_words(void **state)
{
	static char *other_env[] = {TEXT("A=2"), TEXT("C=3"), NULL};
	const struct strv other = {other_env, 2};
	struct build_facts facts;

	(void)state;
	facts = some_facts();
	expect(&facts, NULL);
	facts.command = "make all";
	expect(&facts, "its command changed");
	facts = some_facts();
	facts.env = &other;
	expect(&facts, "A changed, B is gone, C is new");
	facts.network = false;
	facts.user = "dev";
	expect(&facts, "A changed, B is gone, C is new and 2 more");
	facts = some_facts();
	facts.env = NULL;
	expect(&facts, "A is gone, B is gone");
	facts = some_facts();
	facts.working_dir = "/work";
	expect(&facts, "its working folder changed");
	facts = some_facts();
	facts.platform = "linux/arm64";
	expect(&facts, "the platform changed");
	facts = some_facts();
	facts.parent = "sha256:1";
	expect(&facts, "what it stands on changed");
}

static void a_changed_file_is_named(void **state)
{
	static const struct build_file others[][2] = {
		{{TEXT("requirements.txt"), BUILD_FILE, 3, TEXT("ab")},
		 {TEXT("setup.sh"), BUILD_EXECUTABLE, 4, TEXT("bb")}},
		{{TEXT("requirements.txt"), BUILD_FILE, 3, TEXT("aa")},
		 {TEXT("setup.sh"), BUILD_FILE, 4, TEXT("bb")}},
		{{TEXT("requirements.txt"), BUILD_FILE, 3, TEXT("aa")},
		 {TEXT("setup.zsh"), BUILD_FILE, 4, TEXT("bb")}},
		{{TEXT("requirements.txt"), BUILD_LINK, 3, TEXT("aa")},
		 {TEXT("setup.sh"), BUILD_EXECUTABLE, 4, TEXT("bb")}},
	};
	static const char *const words[] = {"requirements.txt changed", "setup.sh changed",
					    "setup.sh is gone, setup.zsh is new",
					    "requirements.txt changed"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct build_file items[2] = {others[i][0], others[i][1]};
		const struct build_files now = {.items = items, .count = 2};
		struct build_facts facts = some_facts();

		facts.files = &now;
		expect(&facts, words[i]);
	}
}

static void fields_do_not_run_into_each_other(void **state)
{
	static char *ab[] = {TEXT("A=1B=2"), NULL};
	const struct strv one = {ab, 1};
	struct build_facts facts = some_facts();
	struct build_facts other = some_facts();
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *other_key = NULL;

	(void)state;
	facts.command = "make a";
	facts.working_dir = "b";
	other.command = "make ";
	other.working_dir = "ab";
	key = key_of(&facts);
	other_key = key_of(&other);
	assert_string_not_equal(key, other_key);
	facts = some_facts();
	facts.env = &one;
	free(key);
	free(other_key);
	key = key_of(&facts);
	facts.env = &env;
	other_key = key_of(&facts);
	assert_string_not_equal(key, other_key);
}

static void packages_are_named_instead_of_the_command(void **state)
{
	static char *before_items[] = {TEXT("git"), TEXT("vim"), NULL};
	static char *after_items[] = {TEXT("gcc"), TEXT("git"), NULL};
	const struct strv before = {before_items, 2};
	const struct strv after = {after_items, 2};
	struct build_facts facts = some_facts();
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *words = NULL;

	(void)state;
	facts.command = "apt-get install git vim";
	facts.packages = &before;
	text = build_facts_text(&facts, "shop", "packages");
	facts.command = "apt-get install gcc git";
	facts.packages = &after;
	words = build_facts_differ(text, &facts);
	assert_string_equal(words, "gcc is new, vim is gone");
	assert_true(build_facts_are_of(text, "shop", "packages"));
	assert_false(build_facts_are_of(text, "shop", "1"));
	assert_false(build_facts_are_of(text, "other", "packages"));
}

static void what_is_no_record_tells_nothing(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{\"command\": [1]", "1"};
	const struct build_facts facts = some_facts();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_null(build_facts_differ(texts[i], &facts));
		assert_false(build_facts_are_of(texts[i], "a", "b"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_64_digits_and_stays),
		cmocka_unit_test(the_order_of_variables_counts_for_nothing),
		cmocka_unit_test(each_fact_has_its_words),
		cmocka_unit_test(a_changed_file_is_named),
		cmocka_unit_test(fields_do_not_run_into_each_other),
		cmocka_unit_test(packages_are_named_instead_of_the_command),
		cmocka_unit_test(what_is_no_record_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
