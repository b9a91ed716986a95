#include "tui/columns.h"

#include "util/str.h"

/* The cursor, the sign of the state, a blank. */
#define MARKS_WIDTH 3
#define NAME_MAX_WIDTH 32

static const struct column_info table[COLUMN_COUNT] = {
	[COLUMN_NAME] = {"name", "NAME", 6, 11, 0, false, false},
	[COLUMN_STATE] = {"state", "STATE", 5, 8, 1, false, false},
	[COLUMN_UP] = {"up", "UP", 6, 6, 9, false, true},
	[COLUMN_CPU] = {"cpu", "CPU%", 6, 6, 2, true, true},
	[COLUMN_LIMIT] = {"cpu-limit", "LIM%", 4, 4, 6, true, true},
	[COLUMN_CPU_GRAPH] = {"cpu-graph", "CPU", 8, 30, 7, false, true},
	[COLUMN_MEMORY] = {"memory", "MEM/LIMIT", 11, 12, 3, true, true},
	[COLUMN_MEMORY_SHARE] = {"memory-share", "MEM%", 4, 5, 4, true, true},
	[COLUMN_MEMORY_GRAPH] = {"memory-graph", "MEM", 8, 15, 15, false, true},
	[COLUMN_STALLS] = {"psi", "PSI", 5, 15, 5, true, true},
	[COLUMN_PIDS] = {"pids", "PIDS", 4, 5, 8, true, true},
	[COLUMN_READ] = {"read", "READ/s", 7, 7, 11, true, true},
	[COLUMN_WRITE] = {"write", "WRITE/s", 7, 7, 12, true, true},
	[COLUMN_RECEIVED] = {"received", "RX/s", 7, 7, 13, true, true},
	[COLUMN_SENT] = {"sent", "TX/s", 7, 7, 14, true, true},
	[COLUMN_PROJECT] = {"project", "PROJECT", 8, 14, 16, false, false},
	[COLUMN_IMAGE] = {"image", "IMAGE", 10, 24, 17, false, false},
};

const struct column_info *column_info(enum column column)
{
	return &table[column];
}

const char *column_name(enum column column)
{
	return table[column].name;
}

int column_parse(const char *name)
{
	for (int i = 0; i < COLUMN_COUNT; i++)
		if (str_eq(table[i].name, name))
			return i;
	return -1;
}

uint32_t columns_default(void)
{
	return ((1U << COLUMN_COUNT) - 1) & ~(1U << COLUMN_PROJECT) & ~(1U << COLUMN_IMAGE);
}

/* Give what is left to those that can use it, in the order in which it helps. */
static void widen(int widths[COLUMN_COUNT], int left, int name_width)
{
	static const enum column order[] = {
		COLUMN_NAME,    COLUMN_CPU_GRAPH, COLUMN_STATE,        COLUMN_STALLS,
		COLUMN_MEMORY,  COLUMN_PIDS,      COLUMN_MEMORY_SHARE, COLUMN_MEMORY_GRAPH,
		COLUMN_PROJECT, COLUMN_IMAGE};
	/* A graph of ten says something already; more of it comes last. */
	static const int first_goal = 10;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
			const enum column c = order[i];
			int goal = table[c].wide;

			if (c == COLUMN_NAME)
				goal = name_width < NAME_MAX_WIDTH ? name_width
								   : NAME_MAX_WIDTH;
			else if (c == COLUMN_CPU_GRAPH && pass == 0)
				goal = first_goal;
			else if (c == COLUMN_STALLS && pass == 0)
				continue;
			if (!widths[c] || goal <= widths[c])
				continue;
			if (goal - widths[c] > left)
				/* A wide form that does not fit whole is of no use. */
				goal = c == COLUMN_STATE || c == COLUMN_STALLS
					       ? widths[c]
					       : widths[c] + left;
			left -= goal - widths[c];
			widths[c] = goal;
		}
	}
}

size_t columns_fit(uint32_t wanted, int width, int name_width,
		   struct place out_places[COLUMN_COUNT])
{
	int widths[COLUMN_COUNT] = {0};
	int left = width - MARKS_WIDTH, x = MARKS_WIDTH;
	/* Names are whole before less important columns come, but leave room for numbers. */
	int name = name_width < width / 5 ? name_width : width / 5;
	size_t count = 0;

	if (name < table[COLUMN_NAME].narrow)
		name = table[COLUMN_NAME].narrow;
	if (name > left)
		name = left > 0 ? left : 1;
	wanted |= 1U << COLUMN_NAME;
	for (int rank = 0; rank <= 17; rank++) {
		for (int i = 0; i < COLUMN_COUNT; i++) {
			const int narrow = i == COLUMN_NAME ? name : table[i].narrow;
			const int need = narrow + (i != COLUMN_NAME);

			if (table[i].rank != rank || !(wanted & 1U << i) || need > left)
				continue;
			widths[i] = narrow;
			left -= need;
		}
	}
	widen(widths, left, name_width);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (!widths[i])
			continue;
		out_places[count++] = (struct place){(enum column)i, x, widths[i]};
		x += widths[i] + 1;
	}
	return count;
}
