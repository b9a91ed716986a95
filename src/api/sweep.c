#include "api/internal.h"

#include "util/cleanup.h"
#include "util/log.h"
#include "util/path.h"
#include "util/proc.h"

#include <dirent.h>
#include <stdio.h>

/* `<data>/tmp/run-PID-TICKS`: layers of throw-away boxes on disk. One whose process is gone was
 * left by a kill -9. */

void api_sweep(struct devbox *devbox, const struct prepared *maps)
{
	AUTO_FREE char *tmp = path_join(devbox->dirs.data, "tmp");
	AUTO_CLOSEDIR DIR *dir = opendir(tmp);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		AUTO_FREE char *path = path_join(tmp, entry->d_name);
		struct err err;
		unsigned long long ticks;
		int pid;

		if (sscanf(entry->d_name, "run-%d-%llu", &pid, &ticks) != 2 ||
		    proc_is_alive(pid, ticks))
			continue;
		if (api_remove_tree(devbox, maps, path, &err) < 0)
			log_debug("%s", err.message);
	}
}
