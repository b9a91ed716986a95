#include "api/up_parts.h"

#include "api/status.h"
#include "box/health.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Waiting for boxes: until they are healthy, or have done their work. */

#define POLL_MS 20

enum answer { ANSWER_NEVER = -1, ANSWER_NOT_YET, ANSWER_YES };

static enum answer has_completed(const struct record *record, const char *name, struct err *err)
{
	if (record_is_running(record))
		return ANSWER_NOT_YET;
	if (record->has_exit && record->exit_code == 0)
		return ANSWER_YES;
	(void)err_set(err, "box '%s' did not complete: %s %d", name,
		      record->reason ? record->reason : "it ended with status",
		      record->exit_code);
	return ANSWER_NEVER;
}

static enum answer is_healthy(const struct record *record, const char *name, struct err *err)
{
	if (!record_is_running(record)) {
		(void)err_set(err, "box '%s' ended before it was healthy%s%s", name,
			      record->reason ? ": " : "", record->reason ? record->reason : "");
		return ANSWER_NEVER;
	}
	if (str_eq(record->health, health_word(HEALTH_HEALTHY)))
		return ANSWER_YES;
	if (!record->health) {
		(void)err_set(err, "box '%s' has no healthcheck, and neither has its image",
			      name);
		return ANSWER_NEVER;
	}
	if (!str_eq(record->health, health_word(HEALTH_UNHEALTHY)))
		return ANSWER_NOT_YET;
	(void)err_set(err, "box '%s' is unhealthy: %s", name,
		      record->health_why ? record->health_why : "its probe fails");
	return ANSWER_NEVER;
}

static enum answer look_at(const struct up *up, const char *box, bool for_health,
			   struct err *err)
{
	AUTO_FREE char *name = box_full_name(up->project.id, box);
	struct record record = {0};
	enum answer answer;

	if (record_load_settled(up->project.runtime_dir, box, &record, err) < 0)
		return ANSWER_NEVER;
	answer =
		for_health ? is_healthy(&record, name, err) : has_completed(&record, name, err);
	if (answer == ANSWER_NEVER && record.health)
		(void)err_hint(err, "devbox logs %s", name);
	record_done(&record);
	return answer;
}

static int wait_for(const struct up *up, const char *box, bool for_health, int64_t deadline_us,
		    struct err *err)
{
	enum answer answer;

	while ((answer = look_at(up, box, for_health, err)) == ANSWER_NOT_YET) {
		if (up_is_interrupted()) {
			(void)err_set(err, "interrupted");
			err->code = EINTR;
			return -1;
		}
		if (up_now_us() >= deadline_us) {
			AUTO_FREE char *name = box_full_name(up->project.id, box);

			(void)err_set(err, "box '%s' %s in time", name,
				      for_health ? "was not healthy" : "has not completed");
			err->code = ETIMEDOUT;
			return err_hint(err, "give it longer with --wait-timeout");
		}
		(void)poll(NULL, 0, POLL_MS);
	}
	return answer == ANSWER_YES ? 0 : -1;
}

int up_wait_for(const struct up *up, const struct spec *spec, int64_t deadline_us,
		struct err *err)
{
	for (size_t i = 0; i < spec->dependency_count; i++) {
		const struct spec_dependency *need = &spec->dependencies[i];

		if (need->kind != DEPENDS_STARTED &&
		    wait_for(up, need->service, need->kind == DEPENDS_HEALTHY, deadline_us,
			     err) < 0) {
			(void)spec_at(&need->at, err);
			return -1;
		}
	}
	return 0;
}

int up_wait_healthy(const struct up *up, const struct spec *spec, int64_t deadline_us,
		    struct err *err)
{
	const char *box = spec_box(spec);
	AUTO_FREE char *name = box_full_name(up->project.id, box);
	AUTO_FREE char *probe = health_describe(&spec->health);
	char duration[STR_DURATION_MAX];

	if (spec->health.kind == HEALTH_NONE)
		return 0;
	if (wait_for(up, box, true, deadline_us, err) < 0)
		return -1;
	log_note(" %-16s healthy  %s after %s", name, probe,
		 str_format_duration((uint64_t)(up_now_us() - up->began_us), duration));
	return 0;
}
