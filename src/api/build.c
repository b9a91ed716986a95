#include "api/build_parts.h"

#include "image/buildlast.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int64_t build_now_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

void build_tell(const struct build *build, struct build_event *event,
		const struct build_step *step)
{
	event->step = step->name;
	event->what = step->what;
	if (build->devbox->build_watch.event)
		build->devbox->build_watch.event(build->devbox->build_watch.arg, event);
}

static int at_step(const struct build_step *step, struct err *err)
{
	return err->file[0] || err->code == EINTR ? -1 : spec_at(&step->at, err);
}

/* --- what is there --- */

/* Asked to be made again. */
static bool is_forced(const struct build *build, const struct build_step *step)
{
	const struct build_options *options = build->options;

	return options->no_cache || (options->from && step->number >= options->from);
}

/*
 * What was made before the step below it holds a mixture of both. So all steps after one that
 * is made again are made again, too, by whomever and whenever.
 */
static bool is_young(const struct build *build, const struct build_step *step,
		     const struct build_entry *entry)
{
	if (is_forced(build, step) && entry->made_ms < build->began_ms)
		return false;
	return entry->made_ms >= build->parent_made_ms;
}

static int find_done(const struct build *build, const struct build_step *step,
		     struct build_entry *out_entry)
{
	struct err ignored;

	if (build->store.fd < 0 ||
	    build_find(&build->store, step->key, out_entry, &ignored) < 0)
		return -1;
	if (is_young(build, step, out_entry))
		return 0;
	build_entry_done(out_entry);
	return -1;
}

static void put_below(struct build *build, const char *id)
{
	struct strv lower = {0};

	strv_take(&lower, layer_dir(&build->store, id));
	strv_add_all(&lower, &build->lower);
	strv_done(&build->lower);
	build->lower = lower;
	strv_add(&build->layers, id);
}

int build_stand_on(struct build *build, const struct build_entry *entry, bool is_leased,
		   struct err *err)
{
	if (*entry->layer) {
		if (!is_leased && !build->options->dry_run &&
		    layer_lease_add(build->base->lease, &build->store, entry->layer, err) < 0)
			return -1;
		put_below(build, entry->layer);
	}
	free(build->parent);
	build->parent = xstrdup(entry->key);
	build->parent_made_ms = entry->made_ms;
	return 0;
}

int build_use_done(struct build *build, const struct build_step *step)
{
	struct build_event event = {.kind = BUILD_CACHED};
	struct build_entry entry;
	struct err ignored;
	int rc;

	if (find_done(build, step, &entry) < 0)
		return 0;
	rc = build_stand_on(build, &entry, false, &ignored);
	event.when_ms = entry.made_ms;
	if (rc == 0)
		build_tell(build, &event, step);
	build_entry_done(&entry);
	return rc == 0;
}

/* --- why not --- */

struct last_wanted {
	const struct build *build;
	const struct build_step *step;
};

static bool is_same_step(void *arg, const struct build_entry *entry)
{
	const struct last_wanted *wanted = arg;

	return build_facts_are_of(entry->inputs, wanted->build->project->id,
				  wanted->step->name);
}

char *build_why(const struct build *build, const struct build_step *step)
{
	struct last_wanted wanted = {build, step};
	const struct build_facts facts = build_step_facts(build, step);
	AUTO_FREE char *words = NULL;
	struct build_entry last;
	struct err ignored;

	if (is_forced(build, step))
		return xstrdup(build->options->no_cache ? "asked for" : "--from");
	if (build->store.fd < 0 ||
	    build_last(&build->store, is_same_step, &wanted, &last, &ignored) < 0)
		return xstrdup("not built yet");
	words = build_facts_differ(last.inputs, &facts);
	build_entry_done(&last);
	if (build->again && (!words || strcmp(words, BUILD_PARENT_DIFFERS) == 0))
		return xasprintf("after %s", build->again);
	return words ? STEAL(words) : xstrdup("what was built is gone");
}

static int do_step(struct build *build, struct build_step *step, struct err *err)
{
	const struct build_facts facts = build_step_facts(build, step);

	build_key(&facts, step->key);
	if (!(build->again && build->options->dry_run) && build_use_done(build, step))
		return 0;
	if (build->options->dry_run) {
		AUTO_FREE char *reason = build_why(build, step);
		struct build_event event = {.kind = BUILD_WANTED, .why = reason};

		build_tell(build, &event, step);
		free(build->parent);
		build->parent = xstrdup(step->key);
		build->again = step->words;
		return 0;
	}
	return build_make_step(build, step, err) < 0 ? at_step(step, err) : 0;
}

/* --- all of them --- */

int build_folder_id(const char *dir, char **out_id, struct err *err)
{
	static const char *const databases[] = {"/var/lib/dpkg/status", "/lib/apk/db/installed",
						"/var/lib/rpm", "/usr/lib/sysimage/rpm",
						"/var/lib/pacman/local"};
	AUTO_CLOSE int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_BUF struct buf text = {0};
	struct stat st;

	if (root < 0 || fstat(root, &st) < 0)
		return err_sys(err, "image 'rootfs:%s'", dir);
	buf_printf(&text, "rootfs:%s %llu %llu %lld.%09ld", dir, (unsigned long long)st.st_dev,
		   (unsigned long long)st.st_ino, (long long)st.st_ctim.tv_sec,
		   st.st_ctim.tv_nsec);
	for (size_t i = 0; i < ARRAY_LEN(databases); i++) {
		AUTO_CLOSE int fd = path_open_in_root(root, databases[i], O_PATH, 0);

		if (fd >= 0 && fstat(fd, &st) == 0)
			buf_printf(&text, " %lld.%09ld", (long long)st.st_ctim.tv_sec,
				   st.st_ctim.tv_nsec);
	}
	*out_id = buf_take(&text);
	return 0;
}

static int begin(struct build *build, struct err *err)
{
	const struct build_base *base = build->base;
	AUTO_FREE char *hashes = path_join(build->devbox->dirs.cache, "file-hashes");

	if (base->id)
		build->parent = xstrdup(base->id);
	else if (build_folder_id(base->lower->items[0], &build->parent, err) < 0)
		return -1;
	strv_add_all(&build->lower, base->lower);
	if (prepare_maps(&build->devbox->user, &build->maps, err) < 0)
		return -1;
	if (image_store_open(build->devbox->dirs.data, !build->options->dry_run, &build->store,
			     err) < 0) {
		if (!build->options->dry_run || err->code != ENOENT)
			return -1;
		build->store = (struct image_store){.fd = -1};
	}
	build->hashes = file_hashes_open(hashes);
	return build_steps_make(build, err);
}

static int check_from(const struct build *build, struct err *err)
{
	if (build->options->from <= build->spec->build_step_count)
		return 0;
	return err_set(err, "--from %zu: the profile has %zu build.steps", build->options->from,
		       build->spec->build_step_count);
}

static void done(struct build *build)
{
	file_hashes_close(build->hashes);
	for (size_t i = 0; i < build->step_count; i++)
		build_step_done(&build->steps[i]);
	free(build->steps);
	if (build->store.fd >= 0)
		image_store_close(&build->store);
	prepared_done(&build->maps);
	strv_done(&build->lower);
	strv_done(&build->layers);
	free(build->parent);
}

/* NOLINTNEXTLINE(readability-function-size): as its declaration says. */
int api_build(struct devbox *devbox, const struct spec *spec, const struct project *project,
	      const struct build_base *base, const struct build_options *options,
	      struct strv *out_layers, struct err *err)
{
	static const struct build_options none = {0};
	struct layer_lease lease = {0};
	struct build_base own = *base;
	struct build build = {
		.devbox = devbox,
		.spec = spec,
		.project = project,
		.base = &own,
		.options = options ? options : &none,
		.store = {.fd = -1},
		.began_ms = build_now_us(CLOCK_REALTIME) / 1000,
	};
	int rc = check_from(&build, err);

	if (!own.lease)
		own.lease = &lease;
	if (rc == 0 && api_has_build(spec))
		rc = begin(&build, err);
	for (size_t i = 0; i < build.step_count && rc == 0; i++)
		rc = do_step(&build, &build.steps[i], err);
	if (rc == 0) {
		*out_layers = build.layers;
		build.layers = (struct strv){0};
	}
	done(&build);
	layer_lease_done(&lease);
	return rc;
}
