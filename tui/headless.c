#include "tui/headless.h"

#include "tui/text.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INSPECT_BYTES_MAX (1U << 20)

int size_parse(const char *text, int *out_width, int *out_height)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *cross = strchr(copy, 'x');
	uint64_t width, height;

	if (!cross)
		return -1;
	*cross = '\0';
	if (str_to_u64(copy, &width) < 0 || str_to_u64(cross + 1, &height) < 0 || !width ||
	    !height || width > CANVAS_WIDTH_MAX || height > CANVAS_HEIGHT_MAX)
		return -1;
	*out_width = (int)width;
	*out_height = (int)height;
	return 0;
}

static int press_all(struct app *app, char *rest, struct err *err)
{
	const char *word;

	while ((word = strsep(&rest, " "))) {
		const int key = *word ? key_parse(word) : 0;

		if (key < 0)
			return err_set(err, "'%s' is no key", word);
		if (!*word)
			continue;
		app_key(app, key);
		app_draw(app);
	}
	return 0;
}

static void type(struct app *app, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end)
		app_key(app, (int)text_next(&text, end));
}

static int tick(const struct stage *stage, const char *rest, struct err *err)
{
	const struct timespec second = {.tv_sec = 1};
	uint64_t count = 1;

	if (*rest && (str_to_u64(rest, &count) < 0 || count > 1000))
		return err_set(err, "'%s' is no number of seconds", rest);
	for (; count > 0; count--) {
		if (stage->recording) {
			if (recording_next(stage->recording, &stage->app->model, err) < 0)
				return -1;
		} else {
			(void)nanosleep(&second, NULL);
			(void)source_changed(stage->source, &stage->app->model);
			source_sample(stage->source, &stage->app->model);
		}
		app_updated(stage->app);
	}
	return 0;
}

/* A recording answers for the program that would be asked. */
static void answer_inspect(const struct stage *stage, const struct request *request)
{
	AUTO_FREE char *path = stage->recording && request->box
				       ? recording_inspect(stage->recording, request->box)
				       : NULL;
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (path && fd_read_file(AT_FDCWD, path, INSPECT_BYTES_MAX, &text, &ignored) == 0)
		app_take_inspect(stage->app, request->box, text);
}

static void put_requests(const struct stage *stage, struct buf *out)
{
	static const char *const kinds[] = {"terminal", "job",  "inspect", "suspend",
					    "redraw",   "copy", "open",    "save"};
	struct app *app = stage->app;

	for (size_t i = 0; i < app->request_count; i++) {
		struct request *request = &app->requests[i];

		if (out) {
			buf_printf(out, "%s:", kinds[request->kind]);
			for (size_t j = 0; j < request->argv.count; j++)
				buf_printf(out, " %s", request->argv.items[j]);
			if (request->kind == REQUEST_COPY || request->kind == REQUEST_OPEN)
				buf_printf(out, " %s", request->text);
			buf_putc(out, '\n');
		}
		request_done(request);
	}
	app->request_count = 0;
}

static void take_inspects(const struct stage *stage)
{
	for (size_t i = 0; i < stage->app->request_count; i++)
		if (stage->app->requests[i].kind == REQUEST_INSPECT)
			answer_inspect(stage, &stage->app->requests[i]);
}

static int point(const struct stage *stage, const char *word, char *rest, struct err *err)
{
	struct mouse mouse = {.kind = str_eq(word, "double") ? MOUSE_DOUBLE : MOUSE_CLICK};
	const char *x = strsep(&rest, " ");
	uint64_t column, line;

	if (str_eq(word, "wheel")) {
		mouse.kind = str_eq(x, "up") ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
	} else {
		if (!rest || str_to_u64(x, &column) < 0 || str_to_u64(rest, &line) < 0 ||
		    column > CANVAS_WIDTH_MAX || line > CANVAS_HEIGHT_MAX)
			return err_set(err, "'%s' takes a column and a line", word);
		mouse.x = (int)column;
		mouse.y = (int)line;
	}
	app_draw(stage->app);
	app_mouse(stage->app, &mouse);
	return 0;
}

static int run_line(struct stage *stage, char *line, struct buf *out, struct err *err)
{
	char nothing[] = "";
	char *rest = line;
	const char *word = strsep(&rest, " ");
	int width, height;

	if (!rest)
		rest = nothing;
	if (str_eq(word, "keys"))
		return press_all(stage->app, rest, err);
	if (str_eq(word, "tick"))
		return tick(stage, rest, err);
	if (str_eq(word, "click") || str_eq(word, "double") || str_eq(word, "wheel"))
		return point(stage, word, rest, err);
	if (str_eq(word, "type")) {
		type(stage->app, rest);
	} else if (str_eq(word, "size")) {
		if (size_parse(rest, &width, &height) < 0)
			return err_set(err, "'%s' is not WIDTHxHEIGHT", rest);
		canvas_resize(&stage->app->canvas, width, height);
	} else if (str_eq(word, "dump") || str_eq(word, "styles")) {
		app_draw(stage->app);
		if (str_eq(word, "dump"))
			canvas_text(&stage->app->canvas, out);
		else
			canvas_styles(&stage->app->canvas, out);
	} else if (str_eq(word, "requests")) {
		put_requests(stage, out);
	} else {
		return err_set(err, "'%s' is no command of a script", word);
	}
	return 0;
}

int headless_run(struct stage *stage, const char *script, struct buf *out, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(script);
	char *rest = copy, *line;
	int number = 0;

	while ((line = strsep(&rest, "\n")) && !stage->app->is_done) {
		number++;
		if (!*line || *line == '#')
			continue;
		if (run_line(stage, line, out, err) < 0)
			return err_at(err, NULL, number, 0);
		take_inspects(stage);
		if (stage->app->request_count > 1000)
			put_requests(stage, NULL);
	}
	return 0;
}
