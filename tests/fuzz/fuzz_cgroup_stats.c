#include "cgroup/cpulist.h"
#include "cgroup/files.h"
#include "cgroup/process.h"
#include "cgroup/self.h"
#include "cgroup/stats_parse.h"
#include "util/cleanup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sums never reach the two values that mean something else. */
static void check_sum(uint64_t sum)
{
	if (sum >= STAT_NO_LIMIT)
		abort();
}

/* Everything that reads a file of /proc or of a cgroup. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_FREE char *path = cgroup_path_parse(text);
	AUTO_VIEW struct cgroup_view view = {0};
	struct cgroup_pressure pressure = {0};
	struct cgroup_stats stats = {0};
	uint64_t value = 0, other = 0;
	struct process process;
	struct process_ids ids;

	(void)process_parse(text, &process);
	(void)process_parse_ids(text, &ids);
	(void)cgroup_flat_u64(text, "usage_usec", &value);
	(void)cgroup_parse_number(text, &value);
	(void)cgroup_parse_cpu_max(text, &value, &other);
	(void)cgroup_controllers_parse(text);
	cgroup_parse_pressure(text, &pressure);
	cgroup_parse_io_stat(text, &stats);
	check_sum(stats.io_read_bytes);
	check_sum(stats.io_write_bytes);

	cgroup_view_find(text, path, &view);
	if (path) {
		AUTO_FREE char *dir = cgroup_view_dir(&view, path);
		(void)dir;
	}
	if (cpulist_equal(text, "0-7") != cpulist_equal("0,1-7", text))
		abort();
	return 0;
}
