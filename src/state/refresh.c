#include "state/record.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVENTS_MAX 4096
#define SETTLE_PAUSE_MS 5
#define SETTLE_TRIES 200

enum frozen { FROZEN_UNKNOWN, FROZEN_NO, FROZEN_YES };

static enum frozen ask_cgroup(const char *cgroup)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (!cgroup)
		return FROZEN_UNKNOWN;
	path = path_join(cgroup, "cgroup.events");
	if (fd_read_file(AT_FDCWD, path, EVENTS_MAX, &text, &ignored) < 0)
		return FROZEN_UNKNOWN;
	if (strstr(text, "frozen 1"))
		return FROZEN_YES;
	return strstr(text, "frozen 0") ? FROZEN_NO : FROZEN_UNKNOWN;
}

static void end(struct record *record, bool has_supervisor)
{
	record->phase = PHASE_EXITED;
	record->has_exit = false;
	if (has_supervisor)
		return;
	free(record->reason);
	record->reason = xstrdup("supervisor was killed");
}

void record_refresh(struct record *record)
{
	bool has_supervisor;
	enum frozen frozen;

	if (record->phase == PHASE_EXITED)
		return;

	if (!proc_is_alive(record->init_pid, record->init_start)) {
		has_supervisor =
			proc_is_alive(record->supervisor_pid, record->supervisor_start);
		/* The first process is yet to come. */
		if (has_supervisor && record->phase == PHASE_STARTING && record->init_pid == 0)
			return;
		end(record, has_supervisor);
		return;
	}

	frozen = ask_cgroup(record->cgroup);
	if (record->phase == PHASE_RUNNING && frozen == FROZEN_YES)
		record->phase = PHASE_PAUSED;
	else if (record->phase == PHASE_PAUSED && frozen == FROZEN_NO)
		record->phase = PHASE_RUNNING;
}

int record_load_settled(const char *runtime_dir, const char *box, struct record *out_record,
			struct err *err)
{
	const struct timespec pause = {.tv_nsec = SETTLE_PAUSE_MS * 1000000L};
	int tries;

	for (tries = 0;; tries++) {
		struct record record;
		bool was_running;

		if (record_load(runtime_dir, box, &record, err) < 0)
			return -1;
		was_running = record_is_running(&record);
		record_refresh(&record);
		if (!was_running || record_is_running(&record) || tries >= SETTLE_TRIES ||
		    !proc_is_alive(record.supervisor_pid, record.supervisor_start)) {
			*out_record = record;
			return 0;
		}
		record_done(&record);
		(void)nanosleep(&pause, NULL);
	}
}

bool record_is_running(const struct record *record)
{
	return record->phase != PHASE_EXITED;
}
