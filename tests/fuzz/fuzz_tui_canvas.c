#include "tui/canvas.h"
#include "tui/text.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a box wrote: no cell holds what a terminal would obey, and every character has the
 * room it takes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup(size ? (const char *)data : "", size);
	AUTO_BUF struct buf clean = {0};
	struct canvas canvas = {0};

	canvas_resize(&canvas, 20, 3);
	canvas.ascii = size & 1;
	canvas_put(&canvas, (int)(size % 23) - 2, 0, 17, STYLE_NORMAL, text);
	canvas_put(&canvas, (int)(size % 7), 0, 3, STYLE_NORMAL, text);
	text_clean(&clean, text, strlen(text));
	canvas_put(&canvas, 0, 1, 20, STYLE_NORMAL, clean.data ? clean.data : "");
	canvas_right(&canvas, 2, 2, 9, STYLE_NORMAL, text);
	for (int i = 0; i < 60; i++) {
		const uint32_t code = canvas.cells[i].code;
		const int width = code ? text_width(code) : 0;

		if (text_is_control(code) && code)
			abort();
		if (canvas.ascii && code > 0x7e)
			abort();
		if (!code && (i % 20 == 0 || text_width(canvas.cells[i - 1].code) != 2))
			abort();
		if (code && width == 2 && (i % 20 == 19 || canvas.cells[i + 1].code))
			abort();
		if (code && width == 0)
			abort();
	}
	for (size_t i = 0; i < clean.len; i++)
		if ((unsigned char)clean.data[i] < 0x20 || clean.data[i] == 0x7f)
			abort();
	canvas_done(&canvas);
	return 0;
}
