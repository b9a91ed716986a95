#include "image/buildkey.h"

#include "util/cleanup.h"
#include "util/json.h"

#include <jansson.h>
#include <string.h>

/* Another number when what a step is, or how it runs, changes its meaning. */
#define KEY_NAME "devbox build step 1"
/* Beyond these the files are one hash: a record of a step stays small. */
#define FILES_SHOWN_MAX 2000
#define DIFFERENCES_MAX 3

static const char kind_letters[] = "fxldo"; /* by enum build_file_kind */

/* --- the key --- */

static void add_number(struct sha256 *sha, uint64_t number)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(number >> (8 * i));
	sha256_add(sha, bytes, sizeof(bytes));
}

static void add_text(struct sha256 *sha, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	add_number(sha, len);
	if (len)
		sha256_add(sha, text, len);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct strv *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(char *), compare_texts);
}

static void add_files(struct sha256 *sha, const struct build_files *files)
{
	add_number(sha, files ? files->count : 0);
	for (size_t i = 0; files && i < files->count; i++) {
		const struct build_file *file = &files->items[i];

		add_text(sha, file->path);
		add_number(sha, (uint64_t)file->kind);
		add_number(sha, file->size);
		add_text(sha, file->content);
	}
}

void build_key(const struct build_facts *facts, char out_key[SHA256_HEX_MAX])
{
	AUTO_STRV struct strv env = {0};
	struct sha256 sha;

	if (facts->env)
		strv_add_all(&env, facts->env);
	sort(&env);
	sha256_begin(&sha);
	add_text(&sha, KEY_NAME);
	add_text(&sha, facts->parent);
	add_text(&sha, facts->command);
	add_number(&sha, env.count);
	for (size_t i = 0; i < env.count; i++)
		add_text(&sha, env.items[i]);
	add_text(&sha, facts->working_dir);
	add_text(&sha, facts->user);
	add_text(&sha, facts->platform);
	add_number(&sha, facts->network);
	add_files(&sha, facts->files);
	sha256_end(&sha, out_key);
}

/* --- what it was made of --- */

static void put_list(struct json *j, const char *key, const struct strv *list)
{
	json_array_begin(j, key);
	for (size_t i = 0; list && i < list->count; i++)
		json_text(j, NULL, list->items[i]);
	json_array_end(j);
}

/* One text a file, all that counts of it; the path is first. */
static char *file_words(const struct build_file *file)
{
	return xasprintf("%s\n%c %llu %s", file->path, kind_letters[file->kind],
			 (unsigned long long)file->size, file->content);
}

static void put_files(struct json *j, const struct build_files *files)
{
	char hex[SHA256_HEX_MAX];
	struct sha256 sha;

	json_array_begin(j, "files");
	for (size_t i = 0; files && files->count <= FILES_SHOWN_MAX && i < files->count; i++) {
		AUTO_FREE char *words = file_words(&files->items[i]);

		json_text(j, NULL, words);
	}
	json_array_end(j);
	sha256_begin(&sha);
	add_files(&sha, files);
	sha256_end(&sha, hex);
	json_text(j, "content", hex);
}

char *build_facts_text(const struct build_facts *facts, const char *project, const char *step)
{
	AUTO_JSON struct json j = {0};

	json_object_begin(&j, NULL);
	json_text(&j, "project", project);
	json_text(&j, "step", step);
	json_text(&j, "parent", facts->parent);
	json_text(&j, "command", facts->command);
	put_list(&j, "packages", facts->packages);
	put_list(&j, "env", facts->env);
	json_text(&j, "working_dir", facts->working_dir);
	json_text(&j, "user", facts->user);
	json_text(&j, "platform", facts->platform);
	json_bool(&j, "network", facts->network);
	put_files(&j, facts->files);
	json_object_end(&j);
	return buf_take(&j.text);
}

/* --- differences --- */

struct words {
	struct buf text;
	size_t count;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words, const char *format,
						      ...)
{
	va_list args;

	if (words->count++ < DIFFERENCES_MAX) {
		AUTO_FREE char *text = NULL;

		va_start(args, format);
		text = xvasprintf(format, args);
		va_end(args);
		buf_printf(&words->text, "%s%s", words->text.len ? ", " : "", text);
	}
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void list_of(const json_t *object, const char *key, struct strv *out)
{
	const json_t *list = json_object_get(object, key);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text)
			strv_add(out, text);
	}
}

/* The part of each text up to @end is its name. Both are sorted, as names are. */
static void compare_lists(struct words *words, struct strv *old, struct strv *now, char end,
			  const char *changed)
{
	size_t i = 0, j = 0;

	sort(old);
	sort(now);
	while (i < old->count || j < now->count) {
		const char *a = i < old->count ? old->items[i] : NULL;
		const char *b = j < now->count ? now->items[j] : NULL;
		AUTO_FREE char *a_name =
			a ? xstrndup(a, (size_t)(strchrnul(a, end) - a)) : NULL;
		AUTO_FREE char *b_name =
			b ? xstrndup(b, (size_t)(strchrnul(b, end) - b)) : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a_name, b_name);

		if (order < 0)
			say(words, "%s is gone", a_name);
		else if (order > 0)
			say(words, "%s is new", b_name);
		else if (strcmp(a, b) != 0)
			say(words, "%s %s", b_name, changed);
		i += order <= 0;
		j += order >= 0;
	}
}

static void compare_files(struct words *words, const json_t *old, const json_t *now)
{
	AUTO_STRV struct strv before = {0};
	AUTO_STRV struct strv after = {0};
	size_t said = words->count;

	if (strcmp(text_of(old, "content"), text_of(now, "content")) == 0)
		return;
	list_of(old, "files", &before);
	list_of(now, "files", &after);
	if (before.count && after.count)
		compare_lists(words, &before, &after, '\n', "changed");
	if (words->count == said)
		say(words, "its inputs changed");
}

static void compare_names(struct words *words, const json_t *old, const json_t *now,
			  const char *key)
{
	AUTO_STRV struct strv before = {0};
	AUTO_STRV struct strv after = {0};

	list_of(old, key, &before);
	list_of(now, key, &after);
	compare_lists(words, &before, &after, '=', "changed");
}

static void compare_facts(struct words *words, const json_t *old, const json_t *now)
{
	static const char *const texts[][2] = {
		{"working_dir", "its working folder changed"},
		{"user", "its user changed"},
		{"platform", "the platform changed"},
	};

	compare_names(words, old, now, "packages");
	if (words->count == 0 && strcmp(text_of(old, "command"), text_of(now, "command")) != 0)
		say(words, "its command changed");
	compare_names(words, old, now, "env");
	compare_files(words, old, now);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(text_of(old, texts[i][0]), text_of(now, texts[i][0])) != 0)
			say(words, "%s", texts[i][1]);
	if (json_is_true(json_object_get(old, "network")) !=
	    json_is_true(json_object_get(now, "network")))
		say(words, "its network changed");
	if (strcmp(text_of(old, "parent"), text_of(now, "parent")) != 0)
		say(words, BUILD_PARENT_DIFFERS);
}

char *build_facts_differ(const char *text, const struct build_facts *facts)
{
	AUTO_FREE char *now_text = build_facts_text(facts, "", "");
	json_t *old = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	json_t *now = json_loads(now_text, JSON_REJECT_DUPLICATES, NULL);
	struct words words = {0};

	if (json_is_object(old) && json_is_object(now))
		compare_facts(&words, old, now);
	if (words.count > DIFFERENCES_MAX)
		buf_printf(&words.text, " and %zu more", words.count - DIFFERENCES_MAX);
	json_decref(old);
	json_decref(now);
	return words.count ? buf_take(&words.text) : NULL;
}

bool build_facts_are_of(const char *text, const char *project, const char *step)
{
	json_t *old = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	bool is_so = strcmp(text_of(old, "project"), project) == 0 &&
		     strcmp(text_of(old, "step"), step) == 0;

	json_decref(old);
	return is_so;
}
