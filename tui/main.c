#include "tui/headless.h"
#include "tui/loop.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * devbox-tui - the dashboard. `devbox tui` starts it and says where things lie.
 */

#define SETTINGS_FILE "tui.conf"
#define SETTINGS_MAX 65536
#define RECORDING_MAX (16U << 20)
#define SCRIPT_MAX (1U << 20)
#define EXIT_USAGE 2

struct options {
	struct places places;
	const char *model, *script, *size, *colour;
	bool headless, ascii, plain;
};

static int usage(const char *message)
{
	(void)fprintf(stderr, "devbox-tui: %s\n  hint: it is started by 'devbox tui'\n",
		      message);
	return EXIT_USAGE;
}

static int take_options(int argc, char **argv, struct options *options)
{
	static const struct option table[] = {{"runtime", required_argument, NULL, 'r'},
					      {"state", required_argument, NULL, 's'},
					      {"config", required_argument, NULL, 'c'},
					      {"devbox", required_argument, NULL, 'd'},
					      {"model", required_argument, NULL, 'm'},
					      {"script", required_argument, NULL, 'S'},
					      {"size", required_argument, NULL, 'z'},
					      {"color", required_argument, NULL, 'C'},
					      {"headless", no_argument, NULL, 'h'},
					      {"ascii", no_argument, NULL, 'a'},
					      {"plain", no_argument, NULL, 'p'},
					      {NULL, 0, NULL, 0}};
	int letter;

	while ((letter = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (letter == 'r')
			options->places.runtime = optarg;
		else if (letter == 's')
			options->places.state = optarg;
		else if (letter == 'c')
			options->places.config = optarg;
		else if (letter == 'd')
			options->places.devbox = optarg;
		else if (letter == 'm')
			options->model = optarg;
		else if (letter == 'S')
			options->script = optarg;
		else if (letter == 'z')
			options->size = optarg;
		else if (letter == 'C')
			options->colour = optarg;
		else if (letter == 'h')
			options->headless = true;
		else if (letter == 'a')
			options->ascii = true;
		else if (letter == 'p')
			options->plain = true;
		else
			return -1;
	}
	return optind == argc ? 0 : -1;
}

static void complain(const struct err *err, const char *file)
{
	(void)fprintf(stderr, "devbox-tui: ");
	if (file && err->line)
		(void)fprintf(stderr, "%s:%d: ", file, err->line);
	(void)fprintf(stderr, "%s\n", err->message);
	if (*err->hint)
		(void)fprintf(stderr, "  hint: %s\n", err->hint);
}

/* --- settings --- */

static void load_settings(struct app *app, const char *folder)
{
	AUTO_FREE char *path = folder ? path_join(folder, SETTINGS_FILE) : NULL;
	AUTO_FREE char *text = NULL;
	struct err err = {0};

	if (!path)
		return;
	if (fd_read_file(AT_FDCWD, path, SETTINGS_MAX, &text, &err) < 0) {
		if (err.code != ENOENT)
			app_complain(app, "%s", err.message);
		return;
	}
	if (settings_parse(text, &app->settings, &app->keys, &err) < 0)
		app_complain(app, "%s:%d: %s", path, err.line, err.message);
}

static void save_settings(const struct settings *settings, const char *before,
			  const char *folder)
{
	AUTO_FREE char *path = folder ? path_join(folder, SETTINGS_FILE) : NULL;
	AUTO_FREE char *text = settings_format(settings);
	struct err err = {0};

	if (!path || str_eq(text, before))
		return;
	if (path_mkdirs(folder, 0700) < 0 ||
	    fd_write_atomic(AT_FDCWD, path, text, strlen(text), 0600, &err) < 0)
		(void)fprintf(stderr, "devbox-tui: the choices were not kept: %s\n",
			      *err.message ? err.message : strerror(errno));
}

/* --- running --- */

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("./");
}

static int open_recording(const struct options *options, struct stage *stage)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *folder = folder_of(options->model);
	struct err err = {0};

	if (fd_read_file(AT_FDCWD, options->model, RECORDING_MAX, &text, &err) < 0) {
		complain(&err, NULL);
		return -1;
	}
	recording_open(stage->recording, text, folder);
	stage->app->log_path = recording_log;
	stage->app->log_path_arg = stage->recording;
	if (recording_next(stage->recording, &stage->app->model, &err) < 0) {
		complain(&err, options->model);
		return -1;
	}
	return 0;
}

static int open_source(const struct options *options, struct stage *stage)
{
	struct err err = {0};

	stage->app->state_dir = options->places.state;
	if (source_open(&options->places, stage->source, &err) == 0 &&
	    source_load(stage->source, &stage->app->model, &err) == 0)
		return 0;
	complain(&err, NULL);
	return -1;
}

static int run_headless(const struct options *options, struct stage *stage)
{
	AUTO_BUF struct buf out = {0};
	AUTO_FREE char *script = NULL;
	struct err err = {0};
	int width = 80, height = 24;

	if (options->size && size_parse(options->size, &width, &height) < 0)
		return usage("--size is WIDTHxHEIGHT");
	canvas_resize(&stage->app->canvas, width, height);
	if (!options->script)
		script = xstrdup("dump\n");
	else if (fd_read_file(AT_FDCWD, options->script, SCRIPT_MAX, &script, &err) < 0) {
		complain(&err, NULL);
		return 1;
	}
	if (stage->source)
		source_sample(stage->source, &stage->app->model);
	app_updated(stage->app);
	if (headless_run(stage, script, &out, &err) < 0) {
		complain(&err, options->script);
		return 1;
	}
	return out.len && fd_write_all(STDOUT_FILENO, out.data, out.len) < 0;
}

static bool wants_colour(const struct options *options)
{
	const char *no_colour = getenv("NO_COLOR");

	if (str_eq(options->colour, "never"))
		return false;
	return str_eq(options->colour, "always") || !no_colour || !*no_colour;
}

static int run_on_screen(const struct options *options, struct stage *stage)
{
	const char *name = getenv("TERM");
	AUTO_FREE char *before = NULL;
	struct err err = {0};

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || str_eq(name, "dumb")) {
		(void)fputs("devbox-tui: the dashboard needs a terminal that can do more\n"
			    "  hint: devbox ps and devbox stats print the same as text\n",
			    stderr);
		return 1;
	}
	load_settings(stage->app, options->places.config);
	load_settings(stage->app, options->places.state);
	before = settings_format(&stage->app->settings);
	stage->app->settings.ascii = stage->app->settings.ascii || options->ascii;
	stage->app->settings.plain = stage->app->settings.plain || options->plain;
	if (loop_run(stage, wants_colour(options), stage->app->settings.plain, &err) < 0) {
		complain(&err, NULL);
		return 1;
	}
	if (options->ascii)
		stage->app->settings.ascii = false;
	if (options->plain)
		stage->app->settings.plain = false;
	save_settings(&stage->app->settings, before, options->places.state);
	return 0;
}

static int run(const struct options *options, struct app *app)
{
	struct recording recording = {0};
	struct source source = {0};
	struct stage stage = {.app = app};
	int result = 1;

	app->devbox = options->places.devbox;
	if (options->headless) {
		app->settings.ascii = options->ascii;
		app->settings.plain = options->plain;
	}
	if (options->model) {
		stage.recording = &recording;
		result = open_recording(options, &stage) < 0;
	} else {
		stage.source = &source;
		result = open_source(options, &stage) < 0;
	}
	if (!result)
		result = options->headless ? run_headless(options, &stage)
					   : run_on_screen(options, &stage);
	if (stage.recording)
		recording_close(&recording);
	else if (source.places.runtime)
		source_close(&source);
	return result;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct app app;
	int result;

	(void)setlocale(LC_ALL, "");
	if (take_options(argc, argv, &options) < 0)
		return usage("it was called in a way it does not know");
	if (!options.model && !options.places.runtime)
		return usage("neither --runtime nor --model was given");
	app_init(&app);
	result = run(&options, &app);
	app_done(&app);
	return result;
}
