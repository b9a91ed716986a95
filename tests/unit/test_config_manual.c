#include "config/config.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MANUAL "man/devbox.yaml.5"
#define LATER_SECTION ".Sh KEYS THAT ARE NOT BUILT YET"

/* The keys of the manual in its order; @later are those of the last section. */
struct manual {
	struct strv built;
	struct strv types; /* one for each of built */
	struct strv later;
};

/* "string No or Ar list" is "string or list". */
static char *plain_type(const char *mdoc)
{
	AUTO_FREE char *copy = xstrdup(mdoc);
	AUTO_BUF struct buf type = {0};
	char *rest = copy;
	char *word;

	buf_puts(&type, "");
	while ((word = strsep(&rest, " ")))
		if (strcmp(word, "Ar") != 0 && strcmp(word, "No") != 0 &&
		    strcmp(word, ":") != 0)
			buf_printf(&type, "%s%s", type.len ? " " : "", word);
	return buf_take(&type);
}

static void read_manual(struct manual *manual)
{
	AUTO_FREE char *text = NULL;
	bool is_later = false;
	struct err err;
	char *rest;
	char *line;

	if (fd_read_file(AT_FDCWD, MANUAL, 1 << 20, &text, &err) < 0)
		fail_msg("%s (run from the top of the tree)", err.message);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *name = line + strlen(".It Ic ");
		char *type;

		if (str_starts(line, ".Sh "))
			is_later = strcmp(line, LATER_SECTION) == 0;
		if (!str_starts(line, ".It Ic "))
			continue;
		type = strchr(name, ' ');
		if (type)
			*type++ = '\0';
		strv_add(is_later ? &manual->later : &manual->built, name);
		if (!is_later)
			strv_take(&manual->types, plain_type(type ? type : ""));
	}
}

static void manual_done(struct manual *manual)
{
	strv_done(&manual->built);
	strv_done(&manual->types);
	strv_done(&manual->later);
}

static void the_manual_has_every_key_once_and_in_its_place(void **state)
{
	struct manual manual = {0};
	size_t count = 0;
	size_t wrong = 0;

	(void)state;
	read_manual(&manual);
	for (const struct config_key *key = config_keys(); key->name; key++, count++) {
		const struct strv *section = key->is_built ? &manual.built : &manual.later;

		if (strv_has(section, key->name))
			continue;
		print_error("%s: '%s' is not among the keys that are%s built\n", MANUAL,
			    key->name, key->is_built ? "" : " not");
		wrong++;
	}
	/* all keys are there, so more than these are too many */
	if (wrong == 0 && manual.built.count + manual.later.count != count) {
		print_error("%s: there is a key that config_keys() has not, or one is there "
			    "twice\n",
			    MANUAL);
		wrong++;
	}
	manual_done(&manual);
	assert_int_equal(wrong, 0);
}

static void the_manual_gives_the_types_of_the_table(void **state)
{
	struct manual manual = {0};
	size_t wrong = 0;

	(void)state;
	read_manual(&manual);
	for (const struct config_key *key = config_keys(); key->name; key++) {
		for (size_t i = 0; key->is_built && i < manual.built.count; i++) {
			if (strcmp(manual.built.items[i], key->name) != 0 ||
			    strcmp(manual.types.items[i], key->type) == 0)
				continue;
			print_error("%s: '%s' is %s, and not %s\n", MANUAL, key->name,
				    key->type, manual.types.items[i]);
			wrong++;
		}
	}
	manual_done(&manual);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_has_every_key_once_and_in_its_place),
		cmocka_unit_test(the_manual_gives_the_types_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
