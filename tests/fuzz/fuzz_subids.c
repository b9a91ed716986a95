#include "host/subids.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Whatever subuid(5) holds: ranges are apart from each other, and the map names no id twice. */

static void check_map(const struct host_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		uint32_t id;

		if (!host_map_to_inside(map, map->lines[i].outside, &id) ||
		    id != map->lines[i].inside ||
		    !host_map_to_outside(map, map->lines[i].inside, &id) ||
		    id != map->lines[i].outside || map->lines[i].outside == 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	struct host_range ranges[HOST_RANGES_MAX];
	size_t count = 0;
	struct subid_line line;
	struct host_map map;
	char *cursor = text;

	while (subids_next(&cursor, &line))
		subids_add(ranges, &count, line.range);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (ranges[i].start < ranges[j].start + ranges[j].count &&
			    ranges[j].start < ranges[i].start + ranges[i].count)
				abort();
	host_map_build(ranges, count, 1000, &map);
	check_map(&map);
	host_map_build(ranges, count, 0, &map);
	check_map(&map);
	return 0;
}
