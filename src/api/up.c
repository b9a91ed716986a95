#include "api/up_parts.h"

#include "api/ports.h"
#include "api/status.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* `devbox up`: the boxes of a project, one after the other. */

#define LOCK_TIMEOUT_MS 60000
#define WAIT_US INT64_C(60000000)

/* What this command is about, and what it has done so far. */
struct sweep {
	struct up *up;
	const struct spec **specs;
	size_t count;
	enum up_result *results; /* of those before @done */
	size_t done;
};

static const char *took(const struct up *up, char out[STR_DURATION_MAX])
{
	return str_format_duration((uint64_t)(up_now_us() - up->began_us), out);
}

static int lock(struct up *up, struct err *err)
{
	uint64_t timeout_us = up->options->wait_timeout_us;

	if (path_mkdirs(up->project.runtime_dir, 0700) < 0)
		return err_sys(err, "make '%s'", up->project.runtime_dir);
	return project_lock(&up->project, "up",
			    timeout_us ? (int)(timeout_us / 1000) : LOCK_TIMEOUT_MS, err);
}

static bool has_mode(const struct spec *spec, enum net_mode mode)
{
	for (size_t i = 0; i < spec->service_count; i++)
		if (spec->services[i].network_mode == mode)
			return true;
	return spec->network_mode == mode;
}

/* Boxes that run keep their network, though the machine may have got a route over it since. */
static void find_subnet(struct up *up)
{
	for (size_t i = 0; i <= up->spec.service_count && !up->subnet; i++) {
		const char *box = i == 0 ? DEV_BOX : up->spec.services[i - 1].service;
		struct record record = {0};
		struct err ignored;

		if (record_load_settled(up->project.runtime_dir, box, &record, &ignored) < 0)
			continue;
		if (record_is_running(&record))
			up->subnet = STEAL(record.net_subnet);
		record_done(&record);
	}
}

/* Consent comes before anything is fetched. */
static int get_ready(struct up *up, struct err *err)
{
	if (!up->options->dry_run &&
	    (lock(up, err) < 0 ||
	     api_check_grants(up->devbox, &up->project, &up->spec, err) < 0))
		return -1;
	find_subnet(up);
	if (spec_has_bridge(&up->spec) && has_mode(&up->spec, NET_PROJECT) &&
	    hub_plan(&up->spec, up->project.id, up->subnet, &up->hub, err) < 0)
		return -1;
	if (!has_mode(&up->spec, NET_PROJECT) && !has_mode(&up->spec, NET_FILTERED))
		return 0; /* and none of NET_SERVICE, which is another's NET_PROJECT */
	return api_loopback(up->devbox, &up->project, !up->options->dry_run, &up->loopback,
			    err);
}

/* The name of the service, where the line of the profile does not say it. */
static int blame(const struct spec *spec, size_t count, struct err *err)
{
	if (spec->service || count > 1)
		(void)err_wrap(err, spec->service ? "service '%s'" : "dev box%s",
			       spec->service ? spec->service : "");
	return -1;
}

/* Fetch and check everything before anything starts. */
static int look_ahead(struct sweep *s, struct err *err)
{
	for (size_t i = 0; s->count > 1 && i < s->count; i++) {
		struct up_box box;
		int rc = up_box_prepare(s->up, s->specs[i], &box, err);

		up_box_done(&box);
		if (rc < 0)
			return blame(s->specs[i], s->count, err);
	}
	return 0;
}

static void stop_again(struct sweep *s)
{
	while (s->done-- > 0) {
		const char *box = spec_box(s->specs[s->done]);
		AUTO_FREE char *name = box_full_name(s->up->project.id, box);
		struct record record = {0};
		struct err ignored;

		if (s->results[s->done] != UP_STARTED ||
		    record_load_settled(s->up->project.runtime_dir, box, &record, &ignored) < 0)
			continue;
		if (record_is_running(&record) &&
		    api_stop_box(&s->up->project, &record, -1, &ignored) == 0)
			log_note(" %-16s stopped again", name);
		record_done(&record);
	}
}

static bool runs(const struct up *up, const char *box)
{
	struct record record = {0};
	struct err ignored;
	bool is_running =
		record_load_settled(up->project.runtime_dir, box, &record, &ignored) == 0 &&
		record_is_running(&record);

	record_done(&record);
	return is_running;
}

/* A box that was only to be completed was: all that waited for that run. */
static bool has_done_its_work(const struct sweep *s, const struct up_box *box)
{
	struct record record = {0};
	struct err ignored;
	bool is_done, is_waited_for = false;

	if (record_load_settled(s->up->project.runtime_dir, box->box, &record, &ignored) < 0)
		return false;
	is_done = !record_is_running(&record) && record.has_exit && record.exit_code == 0 &&
		  str_eq(record.plan, box->prepared.plan_text);
	record_done(&record);
	for (size_t i = 0; is_done && i < s->count; i++) {
		for (size_t k = 0; k < s->specs[i]->dependency_count; k++) {
			const struct spec_dependency *need = &s->specs[i]->dependencies[k];

			if (need->kind != DEPENDS_COMPLETED ||
			    strcmp(need->service, box->box) != 0)
				continue;
			is_waited_for = true;
			is_done = is_done && runs(s->up, spec_box(s->specs[i]));
		}
	}
	return is_done && is_waited_for;
}

static int64_t wait_time_us(const struct sweep *s)
{
	const uint64_t asked_us = s->up->options->wait_timeout_us;

	return asked_us ? (int64_t)asked_us : WAIT_US;
}

static int up_one(struct sweep *s, const struct spec *spec, struct err *err)
{
	struct up_box box;
	enum up_result result = UP_NOTHING;
	int rc = up_wait_for(s->up, spec, up_now_us() + wait_time_us(s), err);

	if (rc < 0)
		return blame(spec, s->count, err);
	rc = up_box_prepare(s->up, spec, &box, err);
	if (rc == 0 && !has_done_its_work(s, &box))
		rc = up_box_reconcile(&box, &result, err);
	up_box_done(&box);
	if (rc < 0)
		return blame(spec, s->count, err);
	s->results[s->done++] = result;
	return 0;
}

static int open_hub(struct up *up, struct err *err)
{
	if (!up->hub.network.subnet.bits)
		return 0;
	return hub_open(&up->hub, &up->devbox->dirs, &up->project, &up->devbox->user,
			&up->hub_fd, err);
}

static void say_all(const struct sweep *s)
{
	enum up_result most = UP_NOTHING;
	char duration[STR_DURATION_MAX];
	bool has_dev = false;

	for (size_t i = 0; i < s->done; i++) {
		most = s->results[i] > most ? s->results[i] : most;
		has_dev = has_dev || !s->specs[i]->service;
	}
	(void)took(s->up, duration);
	if (most == UP_NOTHING)
		log_note("%s: up to date (%zu %s, %s)", s->up->project.id, s->count,
			 s->count == 1 ? "box" : "boxes", duration);
	else if (most == UP_LIVE)
		log_note("up in %s; nothing was restarted", duration);
	else
		log_note("up in %s%s", duration, has_dev ? "; devbox shell to enter" : "");
}

static bool has_probes(const struct sweep *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->specs[i]->health.kind != HEALTH_NONE)
			return true;
	return false;
}

/* What is not healthy stays, to be looked at. */
static int wait_ready(const struct sweep *s, struct err *err)
{
	const int64_t deadline = up_now_us() + wait_time_us(s);

	/* Nothing changes any more: who wants to take it down need not wait. */
	if (has_probes(s))
		project_unlock(&s->up->project);
	for (size_t i = 0; i < s->done; i++)
		if (s->results[i] == UP_STARTED &&
		    up_wait_healthy(s->up, s->specs[i], deadline, err) < 0)
			return -1;
	return 0;
}

static int up_all(struct sweep *s, struct err *err)
{
	int rc = look_ahead(s, err);

	if (rc == 0)
		rc = open_hub(s->up, err);
	if (s->count > 1 || has_probes(s))
		up_catch_interrupts(true);
	for (size_t i = 0; rc == 0 && i < s->count; i++)
		rc = up_one(s, s->specs[i], err);
	if (rc < 0)
		stop_again(s);
	else if ((rc = wait_ready(s, err)) == 0)
		say_all(s);
	up_catch_interrupts(false);
	return rc;
}

static int print_plans(struct sweep *s, char **out_plan, struct err *err)
{
	struct buf text = {0};

	for (size_t i = 0; i < s->count; i++) {
		struct up_box box;
		int rc = up_box_prepare(s->up, s->specs[i], &box, err);

		if (rc == 0 && s->count > 1)
			buf_printf(&text, "%sbox %s\n", i ? "\n" : "", box.name);
		if (rc == 0)
			plan_print(&box.prepared.plan, true, &text);
		up_box_done(&box);
		if (rc < 0) {
			buf_done(&text);
			return blame(s->specs[i], s->count, err);
		}
	}
	if (out_plan)
		*out_plan = buf_take(&text);
	else
		buf_done(&text);
	return 0;
}

static void done(struct up *up)
{
	cleanup_close(&up->hub_fd);
	if (up->project.lock_fd >= 0)
		project_unlock(&up->project);
	free(up->loopback);
	free(up->subnet);
	hub_plan_done(&up->hub);
	project_done(&up->project);
	spec_done(&up->spec);
}

static int work(struct up *up, char **out_plan, struct err *err)
{
	struct sweep sweep = {.up = up};
	int rc = up_select(up, &sweep.specs, &sweep.count, err);

	if (rc == 0)
		rc = get_ready(up, err);
	if (rc == 0) {
		sweep.results = xmalloc(sweep.count * sizeof(*sweep.results));
		rc = up->options->dry_run ? print_plans(&sweep, out_plan, err)
					  : up_all(&sweep, err);
	}
	if (rc == 0 && !up->options->dry_run)
		rc = api_keep_grants(up->devbox, &up->project, &up->spec, err);
	free(sweep.specs);
	free(sweep.results);
	return rc;
}

int devbox_up(struct devbox *devbox, const struct up_options *options, char **out_plan,
	      struct err *err)
{
	struct up up = {
		.devbox = devbox, .options = options, .hub_fd = -1, .began_us = up_now_us()};
	struct config *config;
	int rc;

	if (devbox_load(devbox, true, !options->dry_run, &config, &up.spec, &up.project, err) <
	    0)
		return -1;
	config_free(config);
	rc = work(&up, out_plan, err);
	done(&up);
	return rc;
}

int devbox_plan(struct devbox *devbox, char **out_text, struct err *err)
{
	const struct up_options options = {.dry_run = true, .allow_degraded = true};

	return devbox_up(devbox, &options, out_text, err);
}
