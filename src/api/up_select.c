#include "api/up_parts.h"

#include "api/status.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Which boxes `up` is about, and what each of them waits for. */

#define POLL_MS 20

int64_t up_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int no_box(const struct up *up, const char *name, struct err *err)
{
	AUTO_STRV struct strv names = {0};
	const char *nearest;

	strv_add(&names, up->project.id);
	for (size_t i = 0; i < up->spec.service_count; i++)
		strv_add(&names, up->spec.services[i].service);
	(void)err_set(err, "there is no box '%s'", name);
	err->code = ENOENT;
	nearest = str_nearest(name, (const char *const *)names.items);
	if (nearest)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(err, "the profile names the boxes of the project below 'services'");
}

/* PROJECT, dev, SERVICE or PROJECT/SERVICE; NULL: there is no such box. */
static const struct spec *find_box(const struct up *up, const char *name)
{
	size_t len = strlen(up->project.id);

	if (str_starts(name, up->project.id) && name[len] == '/')
		name += len + 1;
	if (strcmp(name, up->project.id) == 0 || strcmp(name, DEV_BOX) == 0)
		return &up->spec;
	return spec_service(&up->spec, name);
}

static bool is_in_profile(const struct up *up, const struct spec *spec)
{
	const struct strv *profiles = up->options->profiles;

	for (size_t i = 0; profiles && i < profiles->count; i++)
		if (strv_has(&spec->profiles, profiles->items[i]))
			return true;
	return spec->profiles.count == 0;
}

static void add_name(struct strv *wanted, const char *name)
{
	if (!strv_has(wanted, name))
		strv_add(wanted, name);
}

/* Short names of those that were asked for. */
static int list_asked(const struct up *up, struct strv *out_wanted, struct err *err)
{
	const struct strv *boxes = up->options->boxes;

	for (size_t i = 0; boxes && i < boxes->count; i++) {
		const struct spec *spec = find_box(up, boxes->items[i]);

		if (!spec)
			return no_box(up, boxes->items[i], err);
		add_name(out_wanted, spec_box(spec));
	}
	if (out_wanted->count)
		return 0;
	add_name(out_wanted, DEV_BOX);
	for (size_t i = 0; i < up->spec.service_count; i++)
		if (is_in_profile(up, &up->spec.services[i]))
			add_name(out_wanted, up->spec.services[i].service);
	return 0;
}

static int check_profiles(const struct up *up, struct err *err)
{
	const struct strv *profiles = up->options->profiles;

	for (size_t i = 0; profiles && i < profiles->count; i++) {
		bool is_known = false;

		for (size_t k = 0; k < up->spec.service_count && !is_known; k++)
			is_known = strv_has(&up->spec.services[k].profiles, profiles->items[i]);
		if (!is_known)
			return err_set(err, "no service is in profile '%s'",
				       profiles->items[i]);
	}
	return 0;
}

static int check_names(const struct up *up, struct err *err)
{
	const struct spec *spec = spec_service(&up->spec, up->project.id);

	if (!spec)
		return 0;
	(void)err_set(err, "service '%s' has the name of the project", spec->service);
	(void)spec_at(&spec->service_at, err);
	return err_hint(err, "that is the name of the dev box: give one of them another");
}

int up_select(const struct up *up, const struct spec ***out_specs, size_t *out_count,
	      struct err *err)
{
	AUTO_STRV struct strv wanted = {0};
	const struct spec **specs;
	size_t count = 0;

	if (check_names(up, err) < 0 || check_profiles(up, err) < 0 ||
	    list_asked(up, &wanted, err) < 0)
		return -1;
	/* What they depend on, and what that depends on. */
	for (size_t i = 0; i < wanted.count; i++) {
		const struct spec *spec = find_box(up, wanted.items[i]);

		for (size_t k = 0; k < spec->dependency_count; k++)
			add_name(&wanted, spec->dependencies[k].service);
	}
	specs = xmalloc((up->spec.service_count + 1) * sizeof(const struct spec *));
	for (size_t i = 0; i < up->spec.service_count; i++)
		if (strv_has(&wanted, up->spec.services[i].service))
			specs[count++] = &up->spec.services[i];
	if (strv_has(&wanted, DEV_BOX))
		specs[count++] = &up->spec;
	*out_specs = specs;
	*out_count = count;
	return 0;
}
