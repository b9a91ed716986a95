#include "api/logread.h"
#include "cli/report.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line of a log, whose text is the box's: a terminal must not obey any of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *line = xstrndup((const char *)data, size);
	AUTO_BUF struct buf shown = {0};
	struct log_piece piece = {.text = line};

	(void)log_piece_parse(line, &piece);
	text_put_plain(&shown, piece.text);
	for (size_t i = 0; i < shown.len; i++)
		if (((unsigned char)shown.data[i] < 0x20 && shown.data[i] != '\t') ||
		    shown.data[i] == 0x7f)
			abort();
	return 0;
}
