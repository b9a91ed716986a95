#include "config/fill.h"

#include "util/cleanup.h"
#include "util/path.h"
#include "util/proc.h"

#include <string.h>

#define NAME_MAX_LEN 63
#define USER_MAX_LEN 32
#define GRACE_MAX_US (UINT64_C(3600) * 1000000)

static bool has_only(const char *text, const char *letters)
{
	return text[strspn(text, letters)] == '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

int fill_name(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] =
		"lower case letters, digits, '_' and '-', a letter or digit first";
	const char *text;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	if (!has_only(text, LOWER DIGITS "_-") || *text == '_' || *text == '-' ||
	    strlen(text) > NAME_MAX_LEN)
		return value_refuse(f, key, value, accepted);
	value_keep(f, value, xstrdup(text), &f->spec->name);
	return 0;
}

/* NAME, or UID or UID:GID */
static bool is_user(const char *text)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *uid = xstrndup(text, strcspn(text, ":"));
	uint64_t number;

	if (str_to_u64(uid, &number) == 0)
		return number < UINT32_MAX &&
		       (!colon || (str_to_u64(colon + 1, &number) == 0 && number < UINT32_MAX));
	return !colon && strchr(LOWER UPPER "_", *text) && strlen(text) <= USER_MAX_LEN &&
	       has_only(text, LOWER UPPER DIGITS "_.-");
}

int fill_user(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] = "'dev', 'root', a user name, or UID[:GID]";
	const char *text;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	if (!is_user(text))
		return value_refuse(f, key, value, accepted);
	value_keep(f, value, xstrdup(text), &f->spec->user);
	return 0;
}

int fill_home(struct fill *f, const char *key, const struct node *value)
{
	static const char *const choices[] = {"isolated", "tmpfs", "shared", NULL};
	static const enum home_mode modes[] = {HOME_ISOLATED, HOME_TMPFS, HOME_SHARED};
	size_t i;

	if (value_choice(f, key, value, choices, &i) < 0)
		return -1;
	f->spec->home = modes[i];
	f->spec->home_at = value_origin(f, value);
	return 0;
}

/* Cut ":ro", ":rw" or ":copy" from the end of @path. */
static int take_mode(struct fill *f, const struct node *item, char *path,
		     enum home_file_mode *out_mode)
{
	static const char *const words[] = {"ro", "rw", "copy"};
	static const enum home_file_mode modes[] = {HOME_FILE_RO, HOME_FILE_RW, HOME_FILE_COPY};
	char *colon = strrchr(path, ':');

	*out_mode = HOME_FILE_RO;
	if (!colon || strchr(colon, '/'))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(colon + 1, words[i]) == 0) {
			*out_mode = modes[i];
			*colon = '\0';
			return 0;
		}
	}
	return place_fail(f->err, &item->at,
			  "home_files: '%.100s' must be 'ro', 'rw' or 'copy'", colon + 1);
}

static int add_home_file(struct fill *f, const char *what, const struct node *item)
{
	struct spec *spec = f->spec;
	AUTO_FREE char *written = NULL;
	AUTO_FREE char *path = NULL;
	enum home_file_mode mode;
	const char *text;

	if (value_text(f, what, item, "a list of PATH[:ro|:rw|:copy]", &text) < 0)
		return -1;
	written = xstrdup(text);
	if (take_mode(f, item, written, &mode) < 0)
		return -1;
	if (*written != '~' && *written != '/') {
		(void)place_fail(f->err, &item->at,
				 "home_files: '%.200s' is not in the home folder", text);
		return err_hint(f->err, "write '~/%.100s'", text);
	}
	if (value_host_path(f, what, item, written, &path) < 0)
		return -1;
	if (!f->config->home || !path_is_below(path, f->config->home) ||
	    strcmp(path, f->config->home) == 0) {
		(void)place_fail(f->err, &item->at,
				 "home_files: '%.200s' is not in the home folder", text);
		return err_hint(f->err,
				"other files come in with 'volumes', the whole home with "
				"'home: shared'");
	}
	for (size_t i = 0; i < spec->home_file_count; i++)
		if (strcmp(spec->home_files[i].path, path) == 0)
			return place_fail(f->err, &item->at,
					  "home_files: '%.200s' is given twice", text);

	spec->home_files = xrealloc(spec->home_files,
				    (spec->home_file_count + 1) * sizeof(*spec->home_files));
	spec->home_files[spec->home_file_count++] = (struct spec_home_file){
		.path = STEAL(path), .mode = mode, .at = value_origin(f, item)};
	return 0;
}

int fill_home_files(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, false, add_home_file);
}

int fill_working_dir(struct fill *f, const char *key, const struct node *value)
{
	const char *text;
	char *path;

	if (value_text(f, key, value, "a path in the box", &text) < 0 ||
	    value_box_path(f, key, value, text, &path) < 0)
		return -1;
	value_keep(f, value, path, &f->spec->working_dir);
	return 0;
}

int fill_shell(struct fill *f, const char *key, const struct node *value)
{
	const char *text;
	char *path;

	if (value_text(f, key, value, "a path in the box, such as '/bin/zsh'", &text) < 0 ||
	    value_box_path(f, key, value, text, &path) < 0)
		return -1;
	value_keep(f, value, path, &f->spec->shell);
	return 0;
}

bool is_host_name(const char *name, size_t max)
{
	size_t label = 0;

	if (!*name || strlen(name) > max)
		return false;
	for (const char *c = name; *c; c++) {
		if (*c == '.') {
			if (label == 0 || c[-1] == '-' || !c[1])
				return false;
			label = 0;
			continue;
		}
		if (!strchr(LOWER UPPER DIGITS "-", *c) || (*c == '-' && label == 0) ||
		    ++label > 63)
			return false;
	}
	return name[strlen(name) - 1] != '-';
}

int fill_hostname(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] = "a host name of letters, digits and '-', at most 64";
	const char *text;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	if (!is_host_name(text, 64))
		return value_refuse(f, key, value, accepted);
	value_keep(f, value, xstrdup(text), &f->spec->hostname);
	return 0;
}

int fill_init(struct fill *f, const char *key, const struct node *value)
{
	if (value_bool(f, key, value, &f->spec->init) < 0)
		return -1;
	if (f->spec->init)
		return 0;
	(void)place_fail(f->err, &value->at, "init: false is not built yet");
	return err_hint(f->err, "take it out: a small init reaps and passes signals on");
}

int fill_tty(struct fill *f, const char *key, const struct node *value)
{
	return value_bool(f, key, value, &f->spec->tty);
}

int fill_read_only(struct fill *f, const char *key, const struct node *value)
{
	return value_bool(f, key, value, &f->spec->read_only);
}

int fill_stop_signal(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] = "the name or number of a signal, such as 'SIGINT'";
	const char *name;
	const char *text;
	int number;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	number = signal_from_name(text);
	if (number <= 0)
		return value_refuse(f, key, value, accepted);
	name = signal_name(number);
	value_keep(f, value, xstrdup(name ? name : text), &f->spec->stop_signal);
	return 0;
}

int fill_stop_grace_period(struct fill *f, const char *key, const struct node *value)
{
	uint64_t us;

	if (value->kind != NODE_SCALAR || str_to_duration_us(value->text, &us) < 0 ||
	    us > GRACE_MAX_US)
		return value_refuse(f, key, value,
				    "a duration such as '10s' or '1m30s', at most an hour");
	f->spec->stop_grace_period_us = (struct spec_number){
		.is_set = true, .value = (int64_t)us, .at = value_origin(f, value)};
	return 0;
}
