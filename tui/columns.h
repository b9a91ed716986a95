#ifndef TUI_COLUMNS_H
#define TUI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The columns of the list, and which of them fit. */

enum column {
	COLUMN_NAME,
	COLUMN_STATE,
	COLUMN_UP,
	COLUMN_CPU,
	COLUMN_LIMIT,
	COLUMN_CPU_GRAPH,
	COLUMN_MEMORY,
	COLUMN_MEMORY_SHARE,
	COLUMN_MEMORY_GRAPH,
	COLUMN_STALLS,
	COLUMN_PIDS,
	COLUMN_READ,
	COLUMN_WRITE,
	COLUMN_RECEIVED,
	COLUMN_SENT,
	COLUMN_PROJECT,
	COLUMN_IMAGE,
	COLUMN_COUNT
};

/**
 * struct column_info - @name: in settings; @title: above the column
 * @narrow:	columns it needs at least; @wide: those it can use
 * @rank:	0 stays longest when there is too little room
 */
struct column_info {
	const char *name, *title;
	int narrow, wide, rank;
	bool is_right, is_number;
};
const struct column_info *column_info(enum column column);
const char *column_name(enum column column);
/** column_parse() - Return: enum column, or -1. */
int column_parse(const char *name);
uint32_t columns_default(void);

/** struct place - a column on the screen */
struct place {
	enum column column;
	int x, width;
};

/**
 * columns_fit() - choose and place columns
 * @wanted:	bits of enum column
 * @width:	of the list, of which the first three are for marks
 * @name_width:	of the longest name
 *
 * The name is always there. Return: how many, in the order of the screen.
 */
size_t columns_fit(uint32_t wanted, int width, int name_width,
		   struct place out_places[COLUMN_COUNT]);

#endif
