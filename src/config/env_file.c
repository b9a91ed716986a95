#include "config/fill.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/*
 * NAME=VALUE lines as Compose reads them: '#' comments, an optional `export`, 'literal' and
 * "escaped" values that may span lines, variables in all but literal ones.
 */
struct env_reader {
	const char *text; /* what is left */
	const char *line_start;
	struct source source;
	struct place at; /* of the line's name */
	struct interpolation vars;
	struct strv *out;
	struct err *err;
};

static void warn_unset(void *arg, const char *name, size_t offset)
{
	const struct env_reader *r = arg;

	(void)offset;
	log_warn("%s:%d: variable '%s' is not set: taken as empty", r->source.shown, r->at.line,
		 name);
}

static struct place place_now(const struct env_reader *r)
{
	struct place at = r->at;

	at.column = (int)(r->text - r->line_start) + 1;
	return at;
}

static int expand_value(struct env_reader *r, const char *raw, char **out_value)
{
	size_t offset;

	if (interpolate_text(&r->vars, raw, out_value, &offset, r->err) < 0)
		return err_at(r->err, r->source.shown, r->at.line, r->at.column);
	return 0;
}

static void advance(struct env_reader *r)
{
	if (*r->text == '\n') {
		r->at.line++;
		r->line_start = r->text + 1;
	}
	r->text++;
}

static void skip_blanks(struct env_reader *r)
{
	r->text += strspn(r->text, " \t\r");
}

/* In "...": escapes become what they stand for; a dollar that was escaped stays one. */
static void take_escape(struct env_reader *r, struct buf *raw)
{
	static const char from[] = "nrt\"\\";
	static const char to[] = "\n\r\t\"\\";
	const char *known = strchr(from, r->text[1]);

	if (r->text[1] == '$') {
		buf_puts(raw, "$$");
		r->text += 2;
	} else if (r->text[1] && known) {
		buf_putc(raw, to[known - from]);
		r->text += 2;
	} else {
		buf_putc(raw, '\\');
		r->text++;
	}
}

static int read_quoted(struct env_reader *r, char **out_value)
{
	struct place start = place_now(r);
	AUTO_BUF struct buf raw = {0};
	char quote = *r->text++;

	while (*r->text && *r->text != quote) {
		if (quote == '"' && *r->text == '\\') {
			take_escape(r, &raw);
			continue;
		}
		buf_putc(&raw, *r->text);
		advance(r);
	}
	if (!*r->text)
		return place_fail(r->err, &start, "the quote %c is not closed", quote);
	r->text++;
	skip_blanks(r);
	if (*r->text && *r->text != '\n' && *r->text != '#') {
		struct place at = place_now(r);

		return place_fail(r->err, &at, "text after the closing quote");
	}
	if (quote == '\'') {
		*out_value = buf_take(&raw);
		return 0;
	}
	return expand_value(r, raw.data ? raw.data : "", out_value);
}

static int read_bare(struct env_reader *r, char **out_value)
{
	size_t len = 0;
	AUTO_FREE char *raw = NULL;

	while (r->text[len] && r->text[len] != '\n' &&
	       !(r->text[len] == '#' && (len == 0 || strchr(" \t", r->text[len - 1]))))
		len++;
	raw = xstrndup(r->text, len);
	r->text += len;
	return expand_value(r, str_trim(raw), out_value);
}

static int read_variable(struct env_reader *r)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *value = NULL;
	size_t len;

	if (str_starts(r->text, "export ")) {
		r->text += strlen("export ");
		skip_blanks(r);
	}
	r->at = place_now(r);
	len = strcspn(r->text, "=\n \t\r");
	name = xstrndup(r->text, len);
	if (!env_is_name(name, len)) {
		(void)place_fail(r->err, &r->at, "'%.100s' is not the name of a variable",
				 name);
		return err_hint(r->err, "each line is NAME=VALUE; comments begin with '#'");
	}
	r->text += len;
	skip_blanks(r);
	if (*r->text != '=') {
		const char *caller = env_get(r->vars.env, name);

		if (*r->text && *r->text != '\n' && *r->text != '#')
			return place_fail(r->err, &r->at, "'%.100s' is not followed by '='",
					  name);
		if (caller)
			env_set(r->out, name, caller);
		return 0;
	}
	r->text++;
	skip_blanks(r);
	if ((*r->text == '\'' || *r->text == '"' ? read_quoted(r, &value)
						 : read_bare(r, &value)) < 0)
		return -1;
	env_set(r->out, name, value);
	return 0;
}

int env_file_parse(const struct strv *caller_env, const char *text, const char *shown,
		   struct strv *out, struct err *err)
{
	struct env_reader r = {
		.text = text,
		.line_start = text,
		.source = {.shown = (char *)(uintptr_t)shown},
		.at = {.line = 1},
		.vars = {.env = caller_env,
			 .more = out,
			 .budget = CONFIG_EXPANDED_MAX,
			 .warn = warn_unset},
		.out = out,
		.err = err,
	};

	r.at.source = &r.source;
	r.vars.warn_arg = &r;
	while (*r.text) {
		skip_blanks(&r);
		if (*r.text && *r.text != '\n' && *r.text != '#' && read_variable(&r) < 0)
			return -1;
		r.text += strcspn(r.text, "\n");
		if (*r.text)
			advance(&r);
	}
	return 0;
}

int env_file_read(const struct strv *caller_env, const char *path, const char *shown,
		  struct strv *out, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct source source = {.shown = (char *)(uintptr_t)shown};
	AUTO_FREE char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "env_file: open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "env_file: open '%s': not a regular file", path);
	if (fd_read_all(fd, CONFIG_FILE_MAX, &text, &len, err) < 0)
		return err_wrap(err, "env_file: read '%s'", path);
	if (text_check(text, len, &source, err) < 0)
		return -1;
	return env_file_parse(caller_env, str_starts(text, "\xef\xbb\xbf") ? text + 3 : text,
			      shown, out, err);
}
