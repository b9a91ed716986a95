#include "tui/reading.h"

#include <string.h>

/* A decimal number at *@at, which moves behind it. False: there is none, or it is too large. */
static bool take_number(const char **at, uint64_t *out)
{
	const char *c = *at;
	uint64_t value = 0;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++) {
		const uint64_t digit = (uint64_t)(*c - '0');

		if (value > (STAT_NO_LIMIT - 1 - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*at = c;
	*out = value;
	return true;
}

void reading_unknown(struct reading *reading)
{
	/* All members are uint64_t, and STAT_UNKNOWN is all ones. */
	memset(reading, 0xff, sizeof(*reading));
}

void parse_value(const char *text, uint64_t *out)
{
	uint64_t value;

	if (strncmp(text, "max", 3) == 0 && (text[3] == '\n' || !text[3]))
		*out = STAT_NO_LIMIT;
	else if (take_number(&text, &value) && (*text == '\n' || !*text))
		*out = value;
}

void parse_flat(const char *text, const char *key, uint64_t *out)
{
	const size_t len = strlen(key);

	while (*text) {
		uint64_t value;

		if (strncmp(text, key, len) == 0 && text[len] == ' ') {
			text += len + 1;
			if (take_number(&text, &value))
				*out = value;
			return;
		}
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
}

void parse_cpu_max(const char *text, uint64_t *out_quota, uint64_t *out_period)
{
	uint64_t quota = STAT_NO_LIMIT, period;

	if (strncmp(text, "max", 3) == 0)
		text += 3;
	else if (!take_number(&text, &quota))
		return;
	if (*text++ != ' ' || !take_number(&text, &period) || period == 0)
		return;
	*out_quota = quota;
	*out_period = period;
}

/* "12.34" as 1234. */
static void take_hundredths(const char *text, uint64_t *out)
{
	uint64_t whole;

	if (!take_number(&text, &whole) || whole > 1000 || *text++ != '.')
		return;
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return;
	*out = whole * 100 + (uint64_t)(text[0] - '0') * 10 + (uint64_t)(text[1] - '0');
}

static void parse_stall(const char *line, struct stall *out)
{
	const struct {
		const char *key;
		uint64_t *value;
	} averages[] = {
		{"avg10=", &out->avg10}, {"avg60=", &out->avg60}, {"avg300=", &out->avg300}};
	const char *end = strchrnul(line, '\n');

	while (line < end) {
		line += strspn(line, " ");
		for (size_t i = 0; i < 3; i++)
			if (strncmp(line, averages[i].key, strlen(averages[i].key)) == 0)
				take_hundredths(line + strlen(averages[i].key),
						averages[i].value);
		if (strncmp(line, "total=", 6) == 0) {
			const char *number = line + 6;

			(void)take_number(&number, &out->total_us);
		}
		line += strcspn(line, " \n");
		if (*line == '\n')
			return;
	}
}

void parse_pressure(const char *text, struct pressure *out)
{
	while (*text) {
		if (strncmp(text, "some ", 5) == 0)
			parse_stall(text + 5, &out->some);
		else if (strncmp(text, "full ", 5) == 0)
			parse_stall(text + 5, &out->full);
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
}

static void add_to(uint64_t *sum, const char *number)
{
	uint64_t value;

	if (take_number(&number, &value))
		*sum = value > STAT_NO_LIMIT - 1 - *sum ? STAT_NO_LIMIT - 1 : *sum + value;
}

void parse_io(const char *text, struct reading *out)
{
	out->read_bytes = out->write_bytes = out->reads = out->writes = 0;
	while (*text) {
		const char *word = text;

		text += strcspn(text, " \n");
		if (strncmp(word, "rbytes=", 7) == 0)
			add_to(&out->read_bytes, word + 7);
		else if (strncmp(word, "wbytes=", 7) == 0)
			add_to(&out->write_bytes, word + 7);
		else if (strncmp(word, "rios=", 5) == 0)
			add_to(&out->reads, word + 5);
		else if (strncmp(word, "wios=", 5) == 0)
			add_to(&out->writes, word + 5);
		text += *text != '\0';
	}
}

/* Sixteen columns: eight received (bytes, packets, errors, drops, …), eight sent. */
static void add_interface(const char *numbers, struct reading *out)
{
	for (int column = 0; column < 16; column++) {
		numbers += strspn(numbers, " ");
		if (column == 0)
			add_to(&out->received_bytes, numbers);
		else if (column == 8)
			add_to(&out->sent_bytes, numbers);
		else if (column == 2 || column == 10)
			add_to(&out->net_errors, numbers);
		else if (column == 3 || column == 11)
			add_to(&out->net_drops, numbers);
		numbers += strcspn(numbers, " \n");
	}
}

void parse_net(const char *text, struct reading *out)
{
	out->received_bytes = out->sent_bytes = out->net_errors = out->net_drops = 0;
	while (*text) {
		const char *end = strchrnul(text, '\n');
		const char *colon = memchr(text, ':', (size_t)(end - text));

		text += strspn(text, " ");
		if (colon && !(colon - text == 2 && strncmp(text, "lo", 2) == 0))
			add_interface(colon + 1, out);
		text = end + (*end == '\n');
	}
}
