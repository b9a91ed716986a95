#include "host/host.h"

#define MAP_IDS_MAX 65536U

static void add_line(struct host_map *map, uint32_t inside, uint32_t outside, uint32_t count)
{
	if (count == 0 || map->count == HOST_MAP_MAX)
		return;
	map->lines[map->count].inside = inside;
	map->lines[map->count].outside = outside;
	map->lines[map->count].count = count;
	map->count++;
}

static uint32_t at_most(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* How far a run that begins at @id may reach before it touches @barrier. */
static uint32_t until(uint32_t id, uint32_t count, uint32_t barrier)
{
	return id < barrier ? at_most(count, barrier - id) : count;
}

void host_map_build(const struct host_range *ranges, size_t range_count, uint32_t self,
		    struct host_map *out_map)
{
	struct host_map map = {0};
	const bool has_self = self != 0;
	uint32_t inside = 0, room = MAP_IDS_MAX;
	bool is_self_done = !has_self;

	for (size_t i = 0; i < range_count; i++) {
		uint32_t outside = ranges[i].start, left = ranges[i].count;

		while (left > 0 && room > 0) {
			uint32_t count;

			/* Each id once on both sides, or the kernel refuses the map. */
			if (outside == self) {
				outside++;
				left--;
				continue;
			}
			if (has_self && inside == self) {
				add_line(&map, self, self, 1);
				is_self_done = true;
				inside++;
				continue;
			}
			count = until(outside, at_most(left, room), self);
			if (has_self)
				count = until(inside, count, self);
			add_line(&map, inside, outside, count);
			inside += count;
			outside += count;
			left -= count;
			room -= count;
		}
	}
	if (map.count == 0 && has_self)
		add_line(&map, 0, self, 1);
	else if (!is_self_done)
		add_line(&map, self, self, 1);
	*out_map = map;
}

bool host_map_to_inside(const struct host_map *map, uint32_t outside, uint32_t *out_inside)
{
	for (size_t i = 0; i < map->count; i++) {
		if (outside < map->lines[i].outside ||
		    outside - map->lines[i].outside >= map->lines[i].count)
			continue;
		*out_inside = map->lines[i].inside + (outside - map->lines[i].outside);
		return true;
	}
	return false;
}

bool host_map_to_outside(const struct host_map *map, uint32_t inside, uint32_t *out_outside)
{
	for (size_t i = 0; i < map->count; i++) {
		if (inside < map->lines[i].inside ||
		    inside - map->lines[i].inside >= map->lines[i].count)
			continue;
		*out_outside = map->lines[i].outside + (inside - map->lines[i].inside);
		return true;
	}
	return false;
}
