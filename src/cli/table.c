#include "cli/table.h"

#include "cli/cli.h"
#include "cli/report.h"
#include "util/cleanup.h"

#include <stdlib.h>

#define COLUMNS_MAX 16
#define GAP 3

struct strv *table_row(struct table *table)
{
	table->rows = xrealloc(table->rows, (table->count + 1) * sizeof(*table->rows));
	table->rows[table->count] = (struct strv){0};
	return &table->rows[table->count++];
}

/* Characters, not bytes. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void table_write(const struct table *table, struct buf *out)
{
	size_t widths[COLUMNS_MAX] = {0};

	for (size_t r = 0; r < table->count; r++)
		for (size_t c = 0; c + 1 < table->rows[r].count && c < COLUMNS_MAX; c++)
			if (width_of(table->rows[r].items[c]) > widths[c])
				widths[c] = width_of(table->rows[r].items[c]);

	for (size_t r = 0; r < table->count; r++) {
		const struct strv *row = &table->rows[r];

		for (size_t c = 0; c < row->count && c < COLUMNS_MAX; c++) {
			const size_t width = width_of(row->items[c]);

			buf_puts(out, row->items[c]);
			for (size_t i = width; c + 1 < row->count && i < widths[c] + GAP; i++)
				buf_putc(out, ' ');
		}
		buf_putc(out, '\n');
	}
}

void table_print(const struct table *table)
{
	AUTO_BUF struct buf text = {0};
	AUTO_BUF struct buf clean = {0};

	table_write(table, &text);
	text_put_clean(&clean, text.data);
	cli_put(clean.data);
}

void table_done(struct table *table)
{
	for (size_t r = 0; r < table->count; r++)
		strv_done(&table->rows[r]);
	free(table->rows);
	*table = (struct table){0};
}
