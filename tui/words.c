#include "tui/words.h"

#include "tui/series.h"
#include "util/str.h"

#include <stdio.h>
#include <time.h>

static const char *print(char out[WORD_MAX], double value, int decimals)
{
	if (!is_known(value))
		(void)snprintf(out, WORD_MAX, "-");
	else
		(void)snprintf(out, WORD_MAX, "%.*f", decimals, value > 1e15 ? 1e15 : value);
	return out;
}

const char *word_percent(double value, char out[WORD_MAX])
{
	return print(out, value, value < 999.95 ? 1 : 0);
}

const char *word_share(double value, double whole, char out[WORD_MAX])
{
	return print(out, whole > 0 ? value / whole * 100 : UNKNOWN, 0);
}

const char *word_size(double bytes, char out[WORD_MAX])
{
	char text[STR_SIZE_MAX];

	if (!is_known(bytes) || bytes < 0)
		return print(out, UNKNOWN, 0);
	(void)snprintf(out, WORD_MAX, "%s",
		       str_format_size(bytes > 1e18 ? (uint64_t)1e18 : (uint64_t)bytes, text));
	return out;
}

const char *word_number(double value, char out[WORD_MAX])
{
	return print(out, value, 0);
}

const char *word_since(int64_t then_ms, int64_t now_ms, char out[WORD_MAX])
{
	char text[STR_DURATION_MAX];

	if (then_ms <= 0 || now_ms < then_ms)
		return print(out, UNKNOWN, 0);
	/* Seconds are enough here. */
	(void)snprintf(
		out, WORD_MAX, "%s",
		str_format_duration((uint64_t)(now_ms - then_ms) / 1000 * 1000000, text));
	return out;
}

const char *word_clock(int64_t time_ms, char out[WORD_MAX])
{
	const time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(out, WORD_MAX, "%H:%M:%S", &tm))
		return print(out, UNKNOWN, 0);
	return out;
}
