#include "tui/series.h"

void series_add(struct series *series, double value)
{
	series->values[series->count++ % SERIES_SIZE] = (float)value;
}

double series_back(const struct series *series, size_t age)
{
	if (age >= SERIES_SIZE || age >= series->count)
		return UNKNOWN;
	return (double)series->values[(series->count - 1 - age) % SERIES_SIZE];
}

double series_max(const struct series *series, size_t count)
{
	double max = UNKNOWN;

	for (size_t age = 0; age < count && age < SERIES_SIZE; age++) {
		const double value = series_back(series, age);

		if (is_known(value) && (!is_known(max) || value > max))
			max = value;
	}
	return max;
}
