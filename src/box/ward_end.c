#include "box/ward.h"

#include "box/control.h"
#include "box/reason.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/proc.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OOM_RECENT_MS 10000

static void answer(struct ward *ward, const char *words)
{
	size_t i;

	for (i = 0; i < ward->client_count; i++) {
		(void)send(ward->clients[i], words, strlen(words), MSG_NOSIGNAL);
		(void)close(ward->clients[i]);
	}
	ward->client_count = 0;
}

/* One that was killed long before is not why the box ended. */
static bool is_oom(const struct ward *ward)
{
	return ward->oom_ms != 0 && ward_realtime_ms() - ward->oom_ms < OOM_RECENT_MS &&
	       (!ward->has_status || proc_exit_code(ward->status) != 0);
}

static void explain_end(struct ward *ward)
{
	ward_watch_memory(ward);
	if (ward->record->oom_words && !ward->record->reason && is_oom(ward))
		ward->record->reason =
			reason_oom(ward->record->oom_words, &ward->record->limits_at);
}

static void drain(struct ward *ward)
{
	int i;

	for (i = 0; i < 2; i++) {
		char buffer[16384];
		ssize_t n;

		while (ward->output[i] >= 0 &&
		       (n = read(ward->output[i], buffer, sizeof(buffer))) > 0)
			logstream_add(&ward->streams[i], &ward->log, buffer, (size_t)n);
		logstream_end(&ward->streams[i], &ward->log);
	}
}

void ward_end(struct ward *ward)
{
	struct record *record = ward->record;
	struct err ignored;

	ward_health_close(ward);
	ward_ports_close(ward);
	explain_end(ward);
	ward_kill(ward);
	(void)proc_wait(ward->launched.process.pid);
	drain(ward);
	net_slirp_stop(&ward->launched.slirp);
	cleanup_close(&ward->hub_fd);
	if (ward->cgroup_fd >= 0) {
		(void)cgroup_wait_empty(ward->cgroup_fd, WARD_KILL_MS, &ignored);
		ward_watch_close(ward);
		(void)close(ward->cgroup_fd);
		(void)cgroup_remove(record->cgroup, &ignored);
	}
	ward_keep_refused(ward);
	if (ward->refused && !record->reason && ward->has_status && ward->status != 0)
		record->reason = xasprintf("the seccomp profile refused: %s", ward->refused);
	record->phase = PHASE_EXITED;
	record->finished_ms = ward_realtime_ms();
	record->has_exit = true;
	record->exit_code = ward->has_status ? proc_exit_code(ward->status) : 137;
	ward_save(ward);
	ward_event_ended(ward);
	logfile_close(&ward->log);
	/* Before the answers: who hears "ok" may start the next supervisor at once. */
	control_remove(ward->request->project->runtime_dir, record->box);
	answer(ward, "ok");
}
