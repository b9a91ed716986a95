#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "util/str.h"

/**
 * struct table - rows of cells under headings, columns as wide as their widest cell; `= {0}`
 * begins one The last cell of a row is not padded, and one that stands where further columns
 * would follow may be any length: it is a remark.
 */
struct table {
	struct strv *rows;
	size_t count;
};
struct strv *table_row(struct table *table);
void table_write(const struct table *table, struct buf *out);
/** table_print() - to stdout, without anything a terminal would obey. */
void table_print(const struct table *table);
void table_done(struct table *table);
#define AUTO_TABLE __attribute__((cleanup(table_done)))

#endif
