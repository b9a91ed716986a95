#include "api/build_parts.h"

#include "box/relay.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"
#include "util/proc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

/* One step that is not there: its place, its run, and its layer. */

#define TAIL_LINES 50
#define ENTRY_POLLS 100
#define ENTRY_POLL_NS 20000000L

struct make {
	struct build *build;
	struct build_step *step;
	struct layer_work work;
	struct build_place place;
	struct build_mounts mounts;
	struct build_ran ran;
};

/* Another layer than the one of that name, which may be in use. */
static char *fresh_id(const struct build_step *step)
{
	AUTO_FREE char *text = xasprintf("%s %d %lld", step->key, (int)getpid(),
					 (long long)build_now_us(CLOCK_REALTIME));
	char hex[SHA256_HEX_MAX];

	sha256_text(text, strlen(text), hex);
	return xasprintf("b-%s", hex);
}

/* The layer is there. When no step is said to have made it, somebody just did and is about to
 * say so, or was killed before he could. */
static bool await_done(struct build *build, const struct build_step *step)
{
	const struct timespec pause = {.tv_nsec = ENTRY_POLL_NS};
	struct build_entry entry;
	struct err ignored;

	for (int i = 0; i < ENTRY_POLLS; i++) {
		if (build_use_done(build, step))
			return true;
		if (build_find(&build->store, step->key, &entry, &ignored) == 0) {
			build_entry_done(&entry);
			return false; /* an old one */
		}
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

/* *out_done: another build did it meanwhile. */
static int begin_work(struct make *make, bool *out_done, struct err *err)
{
	struct build *build = make->build;
	AUTO_FREE char *id = xasprintf("b-%s", make->step->key);
	AUTO_FREE char *fresh = fresh_id(make->step);
	bool is_there;

	*out_done = false;
	if (layer_work_begin(&build->store, id, NULL, NULL, &make->work, &is_there, err) < 0)
		return -1;
	if (!is_there) {
		/* It left nothing, and so there is no layer. */
		*out_done = build_use_done(build, make->step);
		if (*out_done)
			layer_work_drop(&build->store, &make->work);
		return 0;
	}
	*out_done = await_done(build, make->step);
	if (*out_done)
		return 0;
	return layer_work_begin(&build->store, fresh, NULL, NULL, &make->work, &is_there, err);
}

static int open_place(struct make *make, struct err *err)
{
	const char *data = make->build->devbox->dirs.data;
	struct build_place *place = &make->place;
	uint64_t ticks = 0;

	(void)proc_start_time(getpid(), &ticks);
	place->upper = xasprintf("%s/tmp/%s/diff", data, make->work.name);
	place->upper_fd = make->work.diff_fd;
	/* A name that api_sweep() knows. */
	place->scratch =
		xasprintf("%s/tmp/run-%d-%llu", data, (int)getpid(), (unsigned long long)ticks);
	/* Where fuse-overlayfs wants it. */
	place->work = xasprintf("%s/tmp/%s/work", data, make->work.name);
	place->before = memfd_create("before", MFD_CLOEXEC);
	if (place->before < 0)
		return err_sys(err, "make a memory file");
	/* The root of a box of root's is another id, which fuse-overlayfs runs with. */
	if (make->build->devbox->user.uid == 0 && fchmod(make->work.dir_fd, 0711) < 0)
		return err_sys(err, "open '%s' to the box", make->work.name);
	if (path_mkdirs(place->work, 0755) < 0 || path_mkdirs(place->scratch, 0755) < 0)
		return err_sys(err, "make '%s'", place->work);
	return 0;
}

/* What came to nothing, now: it may be large, and its files belong to ids of the boxes. */
static void discard(struct make *make)
{
	const char *data = make->build->devbox->dirs.data;
	AUTO_FREE char *path = NULL;
	struct err err;

	if (!make->work.name)
		return;
	path = xasprintf("%s/tmp/%s", data, make->work.name);
	if (api_remove_tree(make->build->devbox, &make->build->maps, path, &err) < 0)
		log_debug("%s", err.message);
	layer_work_drop(&make->build->store, &make->work);
}

static void close_place(struct make *make)
{
	struct build_place *place = &make->place;
	struct err err;

	if (place->scratch &&
	    api_remove_tree(make->build->devbox, &make->build->maps, place->scratch, &err) < 0)
		log_debug("%s", err.message);
	cleanup_close(&place->before);
	free(place->upper);
	free(place->scratch);
	free(place->work);
}

/* The last lines of what it wrote; borrowed from @output. */
static const char *tail(const struct buf *output)
{
	const char *text = output->data ? output->data : "";
	const char *at = text + output->len;
	int lines = 0;

	if (at > text)
		at--;
	while (at > text && (at[-1] != '\n' || ++lines < TAIL_LINES))
		at--;
	return at;
}

static void keep_output(const struct make *make, char **out_path)
{
	AUTO_FREE char *path = path_join(make->build->project->state_dir, "build.log");
	const struct buf *output = &make->ran.output;
	struct err ignored;

	(void)path_mkdirs(make->build->project->state_dir, 0700);
	if (output->len &&
	    fd_write_atomic(AT_FDCWD, path, output->data, output->len, 0600, &ignored) == 0)
		*out_path = STEAL(path);
}

static int step_failed(struct make *make, struct err *err)
{
	struct build *build = make->build;
	const struct build_step *step = make->step;
	const char *text = tail(&make->ran.output);
	struct build_event event = {
		.kind = BUILD_FAILED, .text = text, .text_len = strlen(text)};
	AUTO_FREE char *log = NULL;
	struct winsize size;
	struct err shell_err;
	const bool has_shell = build->options->debug && relay_is_terminal(&size);

	build_tell(build, &event, step);
	keep_output(make, &log);
	if (has_shell) {
		log_note(" %s failed with status %d: this is a shell in its box", step->words,
			 make->ran.status);
		if (build_shell(build, step, &make->mounts, &make->place, &shell_err) < 0)
			log_warn("%s", shell_err.message);
	}
	(void)err_set(err, "%s failed with status %d: %s", step->words, make->ran.status,
		      step->what);
	(void)spec_at(&step->at, err);
	if (has_shell)
		return log ? err_hint(err, "all it wrote is in '%s'", log) : -1;
	return err_hint(err, "%s%s%s'devbox build --debug' opens a shell where it failed",
			log ? "all it wrote is in '" : "", log ? log : "", log ? "'; " : "");
}

/* What it read is what its key says. */
static int check_inputs(const struct make *make, struct err *err)
{
	const struct build_step *step = make->step;
	const struct spec *spec = make->build->spec;
	struct build_step again = *step;
	struct build_facts facts;
	char key[SHA256_HEX_MAX];
	int rc = 0;

	again.files = (struct build_files){0};
	for (size_t i = 0; i < step->inputs.count && rc == 0; i++)
		rc = build_files_read(spec->workspace.source, step->inputs.items[i],
				      make->build->hashes, &again.files, err);
	facts = build_step_facts(make->build, &again);
	build_key(&facts, key);
	build_files_done(&again.files);
	if (rc < 0 || strcmp(key, step->key) == 0)
		return rc;
	(void)err_set(err, "inputs of %s changed while it ran", step->words);
	return err_hint(err, "run it again when nothing writes to them");
}

static int run_step(struct make *make, struct err *err)
{
	struct build *build = make->build;
	int rc;

	if (open_place(make, err) < 0 ||
	    build_mounts_make(build, make->step, make->place.scratch, &make->mounts, err) < 0)
		return -1;
	rc = build_run(build, make->step, &make->mounts, &make->place, &make->ran, err);
	if (rc == 0 && make->ran.status != 0)
		rc = step_failed(make, err);
	build_mounts_done(&make->mounts);
	return rc == 0 ? check_inputs(make, err) : -1;
}

/* *out_layer: "" when the step left nothing. free() it. */
static int publish_layer(struct make *make, char **out_layer, struct err *err)
{
	struct build *build = make->build;
	const char *id = make->work.id;
	struct build_left left;
	struct layer_meta meta = {.id = make->work.id, .digest = (char[]){""}};
	uint32_t uid = 0;
	int rc;

	if (build_upper_clean(build, &make->place, &left, err) < 0 ||
	    api_remove_tree(build->devbox, &build->maps, make->place.work, err) < 0)
		return -1;
	if (left.entries == 0) {
		/* Who waits for our work must find the entry: it is discarded after that. */
		*out_layer = xstrdup("");
		return 0;
	}
	(void)host_map_to_outside(&build->maps.uid_map, 0, &uid);
	meta.bytes = left.bytes;
	meta.tar_bytes = left.apparent;
	meta.entries = left.entries;
	meta.first_uid = uid;
	*out_layer = xstrdup(id);
	meta.id = *out_layer;
	rc = layer_work_publish(&build->store, &make->work, &meta, build->base->lease, err);
	if (rc < 0)
		free(STEAL(*out_layer));
	return rc;
}

static int publish(struct make *make, struct err *err)
{
	struct build *build = make->build;
	const struct build_step *step = make->step;
	const struct build_facts facts = build_step_facts(build, step);
	AUTO_FREE char *layer = NULL;
	AUTO_FREE char *inputs = build_facts_text(&facts, build->project->id, step->name);
	struct build_entry entry = {
		.key = make->step->key,
		.parent = build->parent,
		.what = step->what,
		.inputs = inputs,
	};

	if (publish_layer(make, &layer, err) < 0)
		return -1;
	entry.layer = layer;
	entry.made_ms = entry.used_ms = build_now_us(CLOCK_REALTIME) / 1000;
	if (build_publish(&build->store, &entry, err) < 0)
		return -1;
	return build_stand_on(build, &entry, true, err);
}

int build_make_step(struct build *build, struct build_step *step, struct err *err)
{
	struct make make = {
		.build = build,
		.step = step,
		.work = {.dir_fd = -1, .diff_fd = -1, .lock_fd = -1},
		.place = {.before = -1},
	};
	AUTO_FREE char *reason = build_why(build, step);
	struct build_event event = {.kind = BUILD_BEGINS, .why = reason};
	const int64_t began_us = build_now_us(CLOCK_MONOTONIC);
	bool is_done;
	int rc;

	if (begin_work(&make, &is_done, err) < 0)
		return -1;
	if (is_done)
		return 0;
	build_tell(build, &event, step);
	rc = run_step(&make, err);
	if (rc == 0)
		rc = publish(&make, err);
	event = (struct build_event){.kind = BUILD_DONE};
	event.took_us = (uint64_t)(build_now_us(CLOCK_MONOTONIC) - began_us);
	if (rc == 0)
		build_tell(build, &event, step);
	close_place(&make);
	buf_done(&make.ran.output);
	discard(&make);
	build->again = step->words;
	return rc;
}
