#include "cgroup/cpulist.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <stdint.h>
#include <string.h>

#define CPULIST_MAX 8192 /* CONFIG_NR_CPUS goes up to that */

struct cpulist {
	uint8_t bits[CPULIST_MAX / 8];
};

static bool add_range(struct cpulist *list, char *range)
{
	char *dash = strchr(range, '-');
	uint64_t first, last;

	if (dash)
		*dash = '\0';
	if (str_to_u64(range, &first) < 0)
		return false;
	last = first;
	if (dash && str_to_u64(dash + 1, &last) < 0)
		return false;
	if (first > last || last >= CPULIST_MAX)
		return false;

	for (uint64_t i = first; i <= last; i++)
		list->bits[i / 8] |= (uint8_t)(1U << (i % 8));
	return true;
}

static bool parse(const char *text, struct cpulist *out)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy;
	char *range;

	while ((range = strsep(&rest, ",")) != NULL) {
		range = str_trim(range);
		if (*range && !add_range(out, range))
			return false;
	}
	return true;
}

bool cpulist_equal(const char *a, const char *b)
{
	struct cpulist left = {0};
	struct cpulist right = {0};

	return parse(a, &left) && parse(b, &right) && memcmp(&left, &right, sizeof(left)) == 0;
}
