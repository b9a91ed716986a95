#include "cli/args.h"

#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 16

/* Parse the words of @line, which a space parts; @args is for args_done(). */
static int parse(const char *line, char *copy, struct args *args, struct err *err)
{
	char *argv[WORDS_MAX + 1] = {NULL};
	int argc = 0;

	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	*err = (struct err){0};
	return args_parse(argc, argv, args, err);
}

/* What was understood, as text: "verb; option=value ...; words; dashes". free() it. */
static char *understood(const char *line)
{
	char copy[256];
	struct args args;
	struct err err;
	struct buf text = {0};

	if (parse(line, copy, &args, &err) < 0) {
		args_done(&args);
		buf_printf(&text, "%s", err.message);
		return buf_take(&text);
	}
	buf_printf(&text, "%s;", args.verb ? args.verb->name : "-");
	for (size_t i = 0; i < args.given_count; i++)
		buf_printf(&text, " %s%s%s", args.given[i].option->name,
			   args.given[i].value ? "=" : "",
			   args.given[i].value ? args.given[i].value : "");
	buf_puts(&text, ";");
	for (size_t i = 0; i < args.words.count; i++)
		buf_printf(&text, " %s", args.words.items[i]);
	if (args.dashes != SIZE_MAX)
		buf_printf(&text, "; %zu", args.dashes);
	args_done(&args);
	return buf_take(&text);
}

struct line {
	const char *typed;
	const char *means;
};

static void check(const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *got = understood(lines[i].typed);

		assert_string_equal(got, lines[i].means);
	}
}

static void options_come_in_all_usual_forms(void **state)
{
	static const struct line lines[] = {
		{"devbox", "-;;"},
		{"devbox up", "up;;"},
		{"devbox up --dry-run", "up; dry-run;"},
		{"devbox up --wait-timeout 5s", "up; wait-timeout=5s;"},
		{"devbox up --wait-timeout=5s", "up; wait-timeout=5s;"},
		{"devbox up --wait-timeout=", "up; wait-timeout=;"},
		{"devbox stop -t 5 a", "stop; timeout=5; a"},
		{"devbox stop -t5 a", "stop; timeout=5; a"},
		{"devbox stop a -t5 b", "stop; timeout=5; a b"},
		{"devbox logs -ftn5", "logs; follow timestamps tail=5;"},
		{"devbox logs -n -5", "logs; tail=-5;"},
		{"devbox exec -e A=b=c -e B -- x", "exec; env=A=b=c env=B; x; 0"},
		{"devbox kill -s --", "kill; signal=--;"},
		{"devbox start -", "start;; -"},
	};

	(void)state;
	check(lines, ARRAY_LEN(lines));
}

static void global_options_stand_before_or_after_the_verb(void **state)
{
	static const struct line lines[] = {
		{"devbox -C /x ps", "ps; directory=/x;"},
		{"devbox ps -C/x", "ps; directory=/x;"},
		{"devbox -qv --json ps -a", "ps; quiet verbose json all;"},
		{"devbox -f a.yaml logs -f", "logs; file=a.yaml follow;"},
		{"devbox config -f a -f b", "config; file=a file=b;"},
		{"devbox -h", "-; help;"},
		{"devbox exec --help", "exec; help;"},
		{"devbox completion -h", "completion; help;"},
	};

	(void)state;
	check(lines, ARRAY_LEN(lines));
}

static void a_command_is_left_alone(void **state)
{
	static const struct line lines[] = {
		{"devbox exec -- make -j8", "exec;; make -j8; 0"},
		{"devbox exec make -j8 --json", "exec;; make -j8 --json"},
		{"devbox exec shop -- make", "exec;; shop make; 1"},
		{"devbox exec -T shop/db -- ls -T", "exec; no-tty; shop/db ls -T; 1"},
		{"devbox exec git checkout -- x", "exec;; git checkout -- x"},
		{"devbox exec shop -T -- ls", "exec;; shop -T -- ls"},
		{"devbox run --network none -- true", "run; network=none; true; 0"},
		{"devbox run -- a -- b", "run;; a -- b; 0"},
		{"devbox run task -x", "run;; task -x"},
		{"devbox exec --", "exec;;; 0"},
		{"devbox start -- -a", "start;; -a; 0"},
	};

	(void)state;
	check(lines, ARRAY_LEN(lines));
}

static void what_is_wrong_is_named(void **state)
{
	static const struct line lines[] = {
		{"devbox upp", "unknown verb 'upp'"},
		{"devbox up --dryrun", "up: unknown option '--dryrun'"},
		{"devbox up --kettle", "up: unknown option '--kettle'"},
		{"devbox up -Z", "up: unknown option '-Z'"},
		{"devbox logs -fZ", "logs: unknown option '-Z'"},
		{"devbox --all ps", "unknown option '--all'"},
		{"devbox up --dry-run=yes", "up: option '--dry-run' takes no argument"},
		{"devbox stop -t", "stop: option '-t' needs an argument"},
		{"devbox stop --timeout", "stop: option '--timeout' needs an argument"},
		{"devbox version now", "version: unexpected word 'now'"},
		{"devbox shell a b", "shell: unexpected word 'b'"},
		{"devbox completion", "completion: too few words"},
		{"devbox up --json", "up: option '--json' has no meaning here"},
		{"devbox --json down", "down: option '--json' has no meaning here"},
		{"devbox -- up", "'--' comes after a verb"},
		{"devbox version -- x", "version: unexpected word 'x'"},
	};

	(void)state;
	check(lines, ARRAY_LEN(lines));
}

static void the_nearest_word_is_offered(void **state)
{
	static const struct line lines[] = {
		{"devbox upp", "did you mean 'up'?"},
		{"devbox inspcet", "did you mean 'inspect'?"},
		{"devbox snapshto", "did you mean 'snapshot'?"},
		{"devbox up --dryrun", "did you mean '--dry-run'?"},
		{"devbox ps --jsno", "did you mean '--json'?"},
		{"devbox xyzzy", "'devbox help' lists them"},
		{"devbox ps -x", "'devbox help ps' lists them"},
		{"devbox __complet", "'devbox help' lists them"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		char copy[256];
		struct args args;
		struct err err;

		assert_int_equal(parse(lines[i].typed, copy, &args, &err), -1);
		assert_string_equal(err.hint, lines[i].means);
		args_done(&args);
	}
}

static void the_verb_is_known_even_when_the_rest_is_wrong(void **state)
{
	char copy[256];
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(parse("devbox exec --wrong -- x", copy, &args, &err), -1);
	assert_non_null(args.verb);
	assert_true(args.verb->flags & VERB_STATUS);
	args_done(&args);
}

static void the_words_of_a_verb_to_come_are_not_judged(void **state)
{
	(void)state;
	check(&(const struct line){"devbox rollback --all x", "rollback;;"}, 1);
}

static void the_last_value_of_an_option_wins(void **state)
{
	char copy[256];
	struct args args;
	struct err err;
	AUTO_STRV struct strv values = {0};

	(void)state;
	assert_int_equal(parse("devbox stop -t 1 --timeout=2", copy, &args, &err), 0);
	assert_string_equal(args_value(&args, "timeout"), "2");
	assert_true(args_has(&args, "timeout"));
	assert_false(args_has(&args, "quiet"));
	assert_null(args_value(&args, "signal"));
	args_values(&args, "timeout", &values);
	assert_int_equal(values.count, 2);
	args_done(&args);
}

static void a_variable_stands_in_for_a_global_option(void **state)
{
	char copy[256];
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(setenv("DEVBOX_PROJECT", "shop", 1), 0);
	assert_int_equal(setenv("DEVBOX_QUIET", "1", 1), 0);
	assert_int_equal(setenv("DEVBOX_VERBOSE", "0", 1), 0);
	assert_int_equal(setenv("DEVBOX_COLOR", "", 1), 0);
	assert_int_equal(parse("devbox ps", copy, &args, &err), 0);
	assert_string_equal(args_value(&args, "project"), "shop");
	assert_true(args_has(&args, "quiet"));
	assert_false(args_has(&args, "verbose"));
	assert_null(args_value(&args, "color"));
	args_done(&args);

	assert_int_equal(parse("devbox ps -p other", copy, &args, &err), 0);
	assert_string_equal(args_value(&args, "project"), "other");
	args_done(&args);
	assert_int_equal(setenv("DEVBOX_JSON", "1", 1), 0);
	assert_int_equal(parse("devbox up", copy, &args, &err), 0);
	args_done(&args);
	(void)unsetenv("DEVBOX_PROJECT");
	(void)unsetenv("DEVBOX_QUIET");
	(void)unsetenv("DEVBOX_VERBOSE");
	(void)unsetenv("DEVBOX_COLOR");
	(void)unsetenv("DEVBOX_JSON");
}

/* What the parser and completion rely on. */
static void the_table_has_no_clashes(void **state)
{
	(void)state;
	for (const struct verb *verb = verbs_all(); verb->name; verb++) {
		assert_ptr_equal(verbs_find(verb->name), verb);
		assert_true((verb->flags & VERB_LATER) || verb->run);
		for (const struct option *o = verb->options; o && o->name; o++) {
			assert_true(*o->summary != '\0');
			for (const struct option *other = o + 1; other->name; other++) {
				assert_string_not_equal(o->name, other->name);
				assert_true(!o->letter || o->letter != other->letter);
			}
		}
	}
	for (const struct option *o = options_global(); o->name; o++)
		assert_true(!o->variable || str_starts(o->variable, "DEVBOX_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_come_in_all_usual_forms),
		cmocka_unit_test(global_options_stand_before_or_after_the_verb),
		cmocka_unit_test(a_command_is_left_alone),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(the_nearest_word_is_offered),
		cmocka_unit_test(the_verb_is_known_even_when_the_rest_is_wrong),
		cmocka_unit_test(the_words_of_a_verb_to_come_are_not_judged),
		cmocka_unit_test(the_last_value_of_an_option_wins),
		cmocka_unit_test(a_variable_stands_in_for_a_global_option),
		cmocka_unit_test(the_table_has_no_clashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
