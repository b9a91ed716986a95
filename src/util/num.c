#include "util/cleanup.h"
#include "util/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define US_PER_MS UINT64_C(1000)
#define US_PER_SECOND UINT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define US_PER_DAY (24 * US_PER_HOUR)

/* Digits after the point that count; more are read and dropped. */
#define FRACTION_DIGITS 9

__extension__ typedef unsigned __int128 wide;

/* A decimal number such as 1.5: whole + fraction / scale. */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
	bool has_point;
};

struct unit {
	const char *name;
	uint64_t factor;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Return: the first character behind the digits, or NULL: none, or too many. */
static const char *scan_digits(const char *s, uint64_t *out)
{
	uint64_t value = 0;

	if (!is_digit(*s))
		return NULL;

	for (; is_digit(*s); s++) {
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return NULL;
	}
	*out = value;
	return s;
}

static const char *scan_decimal(const char *s, struct decimal *out)
{
	struct decimal d = {.scale = 1};

	s = scan_digits(s, &d.whole);
	if (!s)
		return NULL;

	if (*s == '.') {
		d.has_point = true;
		if (!is_digit(*++s))
			return NULL;
		for (int n = 0; is_digit(*s); s++, n++) {
			if (n >= FRACTION_DIGITS)
				continue;
			d.fraction = d.fraction * 10 + (uint64_t)(*s - '0');
			d.scale *= 10;
		}
	}
	*out = d;
	return s;
}

static int multiply(const struct decimal *d, uint64_t factor, uint64_t *out)
{
	wide value = (wide)d->whole * factor + (wide)d->fraction * factor / d->scale;

	if (value > UINT64_MAX)
		return -1;
	*out = (uint64_t)value;
	return 0;
}

int str_to_u64(const char *s, uint64_t *out)
{
	uint64_t value;
	const char *end = scan_digits(s, &value);

	if (!end || *end)
		return -1;
	*out = value;
	return 0;
}

int str_to_i64(const char *s, int64_t *out)
{
	bool is_negative = *s == '-';
	uint64_t value;

	if (str_to_u64(is_negative ? s + 1 : s, &value) < 0)
		return -1;

	if (!is_negative) {
		if (value > INT64_MAX)
			return -1;
		*out = (int64_t)value;
	} else {
		if (value > (uint64_t)INT64_MAX + 1)
			return -1;
		*out = value ? -(int64_t)(value - 1) - 1 : 0;
	}
	return 0;
}

int str_to_size(const char *s, uint64_t *out)
{
	static const char letters[] = "kmgtp";
	struct decimal d;
	uint64_t factor = 1;
	const char *letter;

	s = scan_decimal(s, &d);
	if (!s)
		return -1;

	letter = *s ? strchr(letters, *s | 0x20) : NULL;
	if (letter && *letter) {
		factor = UINT64_C(1) << (10 * (letter - letters + 1));
		s++;
		if (strcasecmp(s, "ib") == 0)
			s++;
	}
	if (*s == 'b' || *s == 'B')
		s++;
	/* Half a byte is a mistake. */
	if (*s || (factor == 1 && d.has_point))
		return -1;

	return multiply(&d, factor, out);
}

static const struct unit duration_units[] = {
	{"d", US_PER_DAY},    {"h", US_PER_HOUR}, {"ms", US_PER_MS},
	{"m", US_PER_MINUTE}, {"us", 1},          {"s", US_PER_SECOND},
};

static const struct unit *scan_unit(const char *s)
{
	for (size_t i = 0; i < ARRAY_LEN(duration_units); i++)
		if (str_starts(s, duration_units[i].name))
			return &duration_units[i];
	return NULL;
}

int str_to_duration_us(const char *s, uint64_t *out)
{
	uint64_t total = 0, part = 0, smallest = UINT64_MAX;
	bool is_first = true;

	do {
		const struct unit *unit;
		struct decimal d;

		s = scan_decimal(s, &d);
		if (!s)
			return -1;
		if (is_first && !*s)
			return multiply(&d, US_PER_SECOND, out);

		/* Large units before small ones, each once: 1m30s. */
		unit = scan_unit(s);
		if (!unit || unit->factor >= smallest)
			return -1;
		if (multiply(&d, unit->factor, &part) < 0 ||
		    __builtin_add_overflow(total, part, &total))
			return -1;

		smallest = unit->factor;
		s += strlen(unit->name);
		is_first = false;
	} while (*s);

	*out = total;
	return 0;
}

const char *str_format_size(uint64_t bytes, char out[STR_SIZE_MAX])
{
	static const char letters[] = "KMGTPE";
	uint64_t unit = 1024;
	size_t i = 0;

	if (bytes < 1024) {
		(void)snprintf(out, STR_SIZE_MAX, "%" PRIu64, bytes);
		return out;
	}
	/* 1023.5K and more would round to 1024K: that is 1.0M. */
	while (letters[i + 1] && bytes >= unit * 1024 - unit / 2) {
		unit *= 1024;
		i++;
	}

	uint64_t rest = bytes % unit;
	uint64_t tenths = bytes / unit * 10 + (rest * 10 + unit / 2) / unit;

	if (tenths < 1000)
		(void)snprintf(out, STR_SIZE_MAX, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10,
			       tenths % 10, letters[i]);
	else
		(void)snprintf(out, STR_SIZE_MAX, "%" PRIu64 "%c",
			       bytes / unit + (rest >= unit / 2), letters[i]);
	return out;
}

static void format_pair(char out[STR_DURATION_MAX], uint64_t large, char large_unit,
			uint64_t small, char small_unit)
{
	if (small)
		(void)snprintf(out, STR_DURATION_MAX, "%" PRIu64 "%c%" PRIu64 "%c", large,
			       large_unit, small, small_unit);
	else
		(void)snprintf(out, STR_DURATION_MAX, "%" PRIu64 "%c", large, large_unit);
}

const char *str_format_duration(uint64_t us, char out[STR_DURATION_MAX])
{
	if (us < US_PER_SECOND)
		(void)snprintf(out, STR_DURATION_MAX, "%" PRIu64 "ms", us / US_PER_MS);
	else if (us < US_PER_MINUTE)
		format_pair(out, us / US_PER_SECOND, 's', 0, 0);
	else if (us < US_PER_HOUR)
		format_pair(out, us / US_PER_MINUTE, 'm', 0, 0);
	else if (us < US_PER_DAY)
		format_pair(out, us / US_PER_HOUR, 'h', us % US_PER_HOUR / US_PER_MINUTE, 'm');
	else
		format_pair(out, us / US_PER_DAY, 'd', us % US_PER_DAY / US_PER_HOUR, 'h');
	return out;
}
