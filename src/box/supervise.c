#include "box/supervise.h"

#include "box/ward.h"
#include "util/fd.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

int64_t ward_realtime_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void ward_save(struct ward *ward)
{
	struct record written;
	struct err ignored;

	/* `up` and `update` write what they changed in a box that runs. */
	if (ward->record->supervisor_pid &&
	    record_load(ward->request->project->runtime_dir, ward->record->box, &written,
			&ignored) == 0) {
		char *plan = ward->record->plan;
		const struct strv places = ward->record->limits_at;

		ward->record->plan = written.plan;
		written.plan = plan;
		ward->record->limits_at = written.limits_at;
		written.limits_at = places;
		record_done(&written);
	}
	(void)record_save(ward->request->project->runtime_dir, ward->record, &ignored);
}

void ward_kill(struct ward *ward)
{
	struct err ignored;

	if (ward->cgroup_fd < 0 || cgroup_kill(ward->cgroup_fd, &ignored) < 0)
		(void)kill(ward->launched.process.pid, SIGKILL);
	else
		(void)kill(ward->launched.process.pid, SIGKILL);
}

/* What the profile refused, before the listener goes. */
void ward_keep_refused(struct ward *ward)
{
	struct notify *notify = ward->launched.process.notify;

	if (notify && !ward->refused)
		ward->refused = notify_words(notify);
	notify_free(notify);
	ward->launched.process.notify = NULL;
}

int supervise(const struct supervise_request *request)
{
	static struct ward ward;
	struct supervise_result result = {0};
	bool is_refused = false;

	ward.request = request;
	ward.prepared = request->prepared;
	ward.record = request->record;
	ward.log.fd = ward.hub_fd = ward.listen_fd = ward.signal_fd = ward.cgroup_fd = -1;
	ward.output[0] = ward.output[1] = -1;
	ward.launched.master = -1;
	ward.oom = OOM_WATCH_NONE;
	ward.throttle_fd = -1;
	ward.health.epoll_fd = ward.health.timer_fd = -1;
	(void)prctl(PR_SET_NAME, "devbox-super", 0, 0, 0);
	result.is_up = ward_set_up(&ward, &is_refused, &result.err) == 0;
	result.overlay_refused = is_refused;
	(void)fd_write_all(request->ready_fd, &result, sizeof(result));
	(void)close(request->ready_fd);
	if (!result.is_up) {
		box_end(&ward.launched.process);
		net_slirp_stop(&ward.launched.slirp);
		return 1;
	}
	(void)malloc_trim(0);
	while (!ward.is_over)
		ward_loop_once(&ward);
	ward_end(&ward);
	return 0;
}
