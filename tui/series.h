#ifndef TUI_SERIES_H
#define TUI_SERIES_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* A number that is not known, whatever the reason, is NAN and shown as '-'. */
#define UNKNOWN ((double)NAN)
static inline bool is_known(double value)
{
	return !isnan(value);
}

#define SERIES_SIZE 300

/** struct series - the last SERIES_SIZE samples of one number; `= {0}` is empty */
struct series {
	float values[SERIES_SIZE];
	size_t count; /* ever added */
};

/** series_add() - UNKNOWN is a gap. */
void series_add(struct series *series, double value);
/** series_back() - the sample @age steps ago, 0 is the last; UNKNOWN past the first. */
double series_back(const struct series *series, size_t age);
/** series_max() - of the last @count samples; UNKNOWN when none is known. */
double series_max(const struct series *series, size_t count);

#endif
