#include "api/api.h"

#include "api/logread.h"
#include "api/status.h"
#include "state/record.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* How soon the end of a box that writes nothing more is noticed. */
#define END_POLL_MS 200

/**
 * struct source - one box whose lines are shown
 * @head:	its next line when @has_head
 * @skip:	lines before the tail
 */
struct source {
	char *name;
	char *box;
	char *runtime_dir;
	char *state_dir;
	char *path;
	struct log_reader reader;
	struct log_piece head;
	bool has_head;
	size_t skip;
};
struct sources {
	struct source *items;
	size_t count;
};

static void sources_done(struct sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		struct source *source = &sources->items[i];

		log_reader_close(&source->reader);
		free(source->name);
		free(source->box);
		free(source->runtime_dir);
		free(source->state_dir);
		free(source->path);
	}
	free(sources->items);
}

static bool is_running(const struct source *source)
{
	struct record record = {0};
	struct err ignored;
	bool running;

	if (record_load(source->runtime_dir, source->box, &record, &ignored) < 0)
		return false;
	record_refresh(&record);
	running = record_is_running(&record);
	record_done(&record);
	return running;
}

/* What the network filter says lies beside what the box says. */
static const char *suffix(bool net)
{
	return net ? ".net" : ".log";
}

static void add_source(struct sources *sources, const struct project *project, const char *box,
		       bool net)
{
	struct source *source;

	sources->items =
		xrealloc(sources->items, (sources->count + 1) * sizeof(*sources->items));
	source = &sources->items[sources->count++];
	*source = (struct source){
		.name = box_full_name(project->id, box),
		.box = xstrdup(box),
		.runtime_dir = xstrdup(project->runtime_dir),
		.state_dir = xstrdup(project->state_dir),
		.path = xasprintf("%s/%s%s", project->state_dir, box, suffix(net)),
	};
}

/* A box that was started already, though nothing was written. */
static bool is_known(const struct source *source, bool net)
{
	struct record record = {0};
	struct err ignored;
	bool is_known;

	if (record_load(source->runtime_dir, source->box, &record, &ignored) < 0)
		return false;
	is_known = !net || str_eq(record.network, "filtered");
	record_done(&record);
	return is_known;
}

static int add_named(struct devbox *devbox, const char *name, bool net, struct sources *sources,
		     struct err *err)
{
	AUTO_FREE char *box = NULL;
	struct project project;
	const struct source *source;

	if (devbox_find_box(devbox, name, &project, &box, err) < 0)
		return -1;
	add_source(sources, &project, box, net);
	source = &sources->items[sources->count - 1];
	project_done(&project);

	if (access(source->path, F_OK) == 0 || is_known(source, net))
		return 0;
	if (net && is_known(source, false)) {
		(void)err_set(err, "nothing is known of the connections of box '%s'",
			      source->name);
		err->code = ENOENT;
		return err_hint(err, "a box with network_mode 'filtered' has a log of them");
	}
	(void)err_set(err, "there is no box '%s', and no log of it", source->name);
	err->code = ENOENT;
	return err_hint(err, "devbox up starts one");
}

/* Every box of the project that has a log; its dev box when none has. */
static int add_all(struct devbox *devbox, bool net, struct sources *sources, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	struct project project;

	if (devbox_project(devbox, &project, err) < 0)
		return -1;
	dir = opendir(project.state_dir);
	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *box = NULL;

		if (entry->d_name[0] == '.' || !str_ends(entry->d_name, suffix(net)))
			continue;
		box = xstrndup(entry->d_name, strlen(entry->d_name) - strlen(suffix(net)));
		add_source(sources, &project, box, net);
	}
	project_done(&project);
	return sources->count ? 0 : add_named(devbox, NULL, net, sources, err);
}

static int add_sources(struct devbox *devbox, const struct logs_options *options,
		       struct sources *sources, struct err *err)
{
	if (!options->boxes || !options->boxes->count)
		return add_all(devbox, options->net, sources, err);
	for (size_t i = 0; i < options->boxes->count; i++)
		if (add_named(devbox, options->boxes->items[i], options->net, sources, err) < 0)
			return -1;
	return 0;
}

static bool is_wanted(const struct logs_options *options, const struct log_piece *piece)
{
	return piece->time_ms >= options->since_ms &&
	       (!options->until_ms || piece->time_ms < options->until_ms) &&
	       (!options->wants || options->wants(options->wants_arg, piece->text));
}

/* How many lines are before the tail. */
static size_t count_skipped(const struct source *source, const struct logs_options *options)
{
	struct log_reader reader;
	struct log_piece piece;
	size_t count = 0;

	if (options->tail == SIZE_MAX)
		return 0;
	log_reader_open(&reader, source->path);
	while (log_reader_next(&reader, &piece) || log_reader_rest(&reader, &piece))
		count += is_wanted(options, &piece);
	log_reader_close(&reader);
	return count > options->tail ? count - options->tail : 0;
}

static bool read_head(struct source *source, const struct logs_options *options, bool is_over)
{
	while (!source->has_head) {
		if (!log_reader_next(&source->reader, &source->head) &&
		    !(is_over && log_reader_rest(&source->reader, &source->head)))
			return false;
		if (!is_wanted(options, &source->head))
			continue;
		if (source->skip)
			source->skip--;
		else
			source->has_head = true;
	}
	return true;
}

/* Everything that is there, in the order of time. Return: what @line said, 0 to go on. */
static int drain(struct sources *sources, const struct logs_options *options, bool is_over,
		 logs_line *line, void *arg)
{
	int result = 0;

	while (!result) {
		struct source *first = NULL;

		for (size_t i = 0; i < sources->count; i++) {
			struct source *source = &sources->items[i];

			if (read_head(source, options, is_over) &&
			    (!first || source->head.time_ms < first->head.time_ms))
				first = source;
		}
		if (!first)
			break;
		result = line(arg, first->name, first->head.time_ms, first->head.stream,
			      first->head.text);
		first->has_head = false;
	}
	return result;
}

static int watch(const struct sources *sources)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < sources->count; i++)
		(void)inotify_add_watch(fd, sources->items[i].state_dir,
					IN_MODIFY | IN_CREATE | IN_MOVED_TO);
	return fd;
}

/* Until something was written, or it is time to look whether the boxes still run. */
static void wait_for_more(int watch_fd)
{
	struct pollfd poll_fd = {.fd = watch_fd, .events = POLLIN};
	char events[4096];

	if (poll(&poll_fd, 1, END_POLL_MS) > 0)
		while (read(watch_fd, events, sizeof(events)) > 0)
			;
}

static void show(struct sources *sources, const struct logs_options *options, logs_line *line,
		 void *arg)
{
	AUTO_CLOSE int watch_fd = options->follow ? watch(sources) : -1;
	bool is_over = !options->follow;

	for (;;) {
		/* Looked at before the last lines are read: nothing is written after that. */
		if (!is_over) {
			is_over = true;
			for (size_t i = 0; i < sources->count; i++)
				if (is_running(&sources->items[i]))
					is_over = false;
		}
		if (drain(sources, options, is_over, line, arg) || is_over)
			return;
		wait_for_more(watch_fd);
	}
}

int devbox_logs(struct devbox *devbox, const struct logs_options *options, logs_line *line,
		void *arg, struct err *err)
{
	struct sources sources = {0};
	int result = add_sources(devbox, options, &sources, err);

	if (result == 0) {
		for (size_t i = 0; i < sources.count; i++) {
			sources.items[i].skip = count_skipped(&sources.items[i], options);
			log_reader_open(&sources.items[i].reader, sources.items[i].path);
		}
		show(&sources, options, line, arg);
	}
	sources_done(&sources);
	return result;
}
