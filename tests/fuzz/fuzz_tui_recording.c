#include "tui/app.h"
#include "tui/headless.h"
#include "util/cleanup.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A recording, drawn on every screen; files it names are not looked for. */
static char *no_log(void *arg, const struct box *box)
{
	(void)arg;
	(void)box;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup(size ? (const char *)data : "", size);
	AUTO_BUF struct buf out = {0};
	struct recording recording;
	struct app app;
	struct stage stage = {.app = &app, .recording = &recording};
	struct err err;

	app_init(&app);
	recording_open(&recording, text, "/nonexistent/");
	app.log_path = no_log;
	canvas_resize(&app.canvas, 70 + (int)(size % 60), 12 + (int)(size % 40));
	if (recording_next(&recording, &app.model, &err) == 0) {
		app_updated(&app);
		(void)headless_run(
			&stage,
			"dump\nkeys Enter\ntick\ndump\nkeys 3\ndump\nkeys a\ndump\nkeys "
			"Esc T\ndump\nkeys 4\ndump\n",
			&out, &err);
	}
	recording_close(&recording);
	app_done(&app);
	return 0;
}
