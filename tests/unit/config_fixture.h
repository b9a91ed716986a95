#ifndef TESTS_CONFIG_FIXTURE_H
#define TESTS_CONFIG_FIXTURE_H

#include "config/config.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * TOP/home is the home, TOP/home/shop the project, TOP/home/.config/devbox the user's
 * configuration and TOP/share/devbox has shipped profiles.
 */
struct desk {
	char *top;
	char *home;
	char *project;
	char *config_dir;
	struct strv env;
	struct strv files;
	struct strv data_dirs;
	bool require;
};

static inline int desk_make(void **state)
{
	const char *base = getenv("TMPDIR");
	struct desk *desk = xmalloc(sizeof(*desk));
	AUTO_FREE char *made = xasprintf("%s/devbox-desk-XXXXXX", base ? base : "/tmp");

	assert_non_null(mkdtemp(made));
	desk->top = realpath(made, NULL);
	desk->home = path_join(desk->top, "home");
	desk->project = path_join(desk->home, "shop");
	desk->config_dir = path_join(desk->home, ".config/devbox");
	strv_take(&desk->data_dirs, path_join(desk->top, "share/devbox"));
	strv_add(&desk->env, "USER=dev");
	strv_add(&desk->env, "EMPTY=");
	strv_add(&desk->env, "PORT=8080");
	desk->require = true;
	assert_int_equal(path_mkdirs(desk->project, 0755), 0);
	*state = desk;
	return 0;
}

static inline int desk_remove(void **state)
{
	struct desk *desk = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", desk->top);

	assert_int_equal(system(command), 0);
	strv_done(&desk->env);
	strv_done(&desk->files);
	strv_done(&desk->data_dirs);
	free(desk->config_dir);
	free(desk->project);
	free(desk->home);
	free(desk->top);
	free(desk);
	return 0;
}

/* Write @len bytes to TOP/home/shop/@path, or to TOP/home/@path when it begins with "~/",
 * making folders. */
static inline void desk_write_bytes(const struct desk *desk, const char *path, const void *data,
				    size_t len)
{
	AUTO_FREE char *full = str_starts(path, "~/") ? path_join(desk->home, path + 2)
						      : path_normalize(desk->project, path);
	AUTO_FREE char *dir = xstrndup(full, (size_t)(strrchr(full, '/') - full));
	struct err err;

	assert_int_equal(path_mkdirs(dir, 0755), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, full, data, len, 0644, &err), 0);
}

static inline void desk_write(const struct desk *desk, const char *path, const char *text)
{
	desk_write_bytes(desk, path, text, strlen(text));
}

static inline int desk_load_in(const struct desk *desk, const char *start_dir,
			       struct config **out, struct err *err)
{
	struct config_request request = {
		.start_dir = start_dir,
		.files = &desk->files,
		.env = &desk->env,
		.home = desk->home,
		.config_dir = desk->config_dir,
		.data_dirs = &desk->data_dirs,
		.require = desk->require,
	};

	return config_load(&request, out, err);
}

static inline int desk_spec(const struct desk *desk, struct spec *out_spec, struct err *err)
{
	struct config *config = NULL;
	int result = desk_load_in(desk, desk->project, &config, err);

	if (result == 0)
		result = config_to_spec(config, out_spec, err);
	config_free(config);
	return result;
}

/* @text with TOP for the folder of the test; free() it. */
static inline char *desk_short(const struct desk *desk, const char *text)
{
	AUTO_BUF struct buf out = {0};

	while (*text) {
		if (str_starts(text, desk->top)) {
			buf_puts(&out, "TOP");
			text += strlen(desk->top);
		} else {
			buf_putc(&out, *text++);
		}
	}
	return buf_take(&out);
}

/* "FILE:LINE:COLUMN: MESSAGE", and " | HINT" when there is one; free() it. */
static inline char *desk_words(const struct desk *desk, const struct err *err)
{
	AUTO_BUF struct buf text = {0};

	if (*err->file)
		buf_printf(&text, "%s:", err->file);
	if (err->line)
		buf_printf(&text, "%d:%d:", err->line, err->column);
	buf_printf(&text, "%s%s%s%s", text.len ? " " : "", err->message,
		   *err->hint ? " | " : "", err->hint);
	return desk_short(desk, text.data);
}

/* The words of the error that @yaml as devbox.yaml makes, or "fine"; free() it. */
static inline char *desk_refusal(const struct desk *desk, const char *yaml)
{
	struct spec spec = {0};
	struct err err = {0};
	int result;

	desk_write(desk, "devbox.yaml", yaml);
	result = desk_spec(desk, &spec, &err);
	spec_done(&spec);
	return result == 0 ? xstrdup("fine") : desk_words(desk, &err);
}

struct refusal {
	const char *yaml;
	const char *words; /* without the "devbox.yaml:" in front */
};

static inline void desk_expect(const struct desk *desk, const struct refusal *table,
			       size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *words = desk_refusal(desk, table[i].yaml);
		const char *got = str_starts(words, "devbox.yaml:")
					  ? words + strlen("devbox.yaml:")
					  : words;

		if (strcmp(got, table[i].words) == 0)
			continue;
		print_error("%s\n  gives: %s\n  not:   %s\n", table[i].yaml, got,
			    table[i].words);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* The spec that @yaml as devbox.yaml makes; it must be right. */
static inline struct spec desk_good(const struct desk *desk, const char *yaml)
{
	struct spec spec = {0};
	struct err err = {0};

	desk_write(desk, "devbox.yaml", yaml);
	if (desk_spec(desk, &spec, &err) < 0) {
		AUTO_FREE char *words = desk_words(desk, &err);

		fail_msg("%s\n  is refused: %s", yaml, words);
	}
	return spec;
}

/* The merged profile as YAML; free() it. */
static inline char *desk_print(const struct desk *desk, bool with_origin)
{
	AUTO_BUF struct buf text = {0};
	struct config *config = NULL;
	struct err err = {0};

	if (desk_load_in(desk, desk->project, &config, &err) < 0) {
		AUTO_FREE char *words = desk_words(desk, &err);

		fail_msg("%s", words);
	}
	config_print(config, with_origin, &text);
	config_free(config);
	return desk_short(desk, text.data);
}

#endif
