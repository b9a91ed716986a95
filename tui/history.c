#include "tui/source.h"

#include "state/event_words.h"
#include "tui/text.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* What happened to boxes, from the files in which devbox writes it down. */

#define TAIL_BYTES 16384
#define BLOCK_BYTES 16384

/**
 * struct feed - the file of one project
 * @dir_watch:	tells of a new file
 * @at:		how far it was read
 * @rest:	a line that is not finished
 */
struct feed {
	char *project, *dir;
	int dir_watch, watch, fd;
	off_t at;
	struct buf rest;
};

static void feed_done(struct feed *feed)
{
	free(feed->project);
	free(feed->dir);
	cleanup_close(&feed->fd);
	buf_done(&feed->rest);
}

void history_close(struct source *source)
{
	for (size_t i = 0; i < source->feed_count; i++)
		feed_done(&source->feeds[i]);
	free(source->feeds);
}

/* --- lines --- */

static bool is_bad(const struct event *event)
{
	return str_eq(event->name, EVENT_OOM) || str_eq(event->name, EVENT_THROTTLED) ||
	       str_eq(event->name, "unhealthy") ||
	       (str_eq(event->name, EVENT_DIED) && (event->exit_code || event->reason));
}

static void take_line(struct model *model, const char *line, size_t len)
{
	AUTO_FREE char *words = NULL;
	AUTO_BUF struct buf clean = {0};
	struct event event;

	if (event_parse(line, len, &event) < 0)
		return;
	words = event_words(&event);
	text_clean(&clean, words, strlen(words));
	model_event(model, event.time_ms, event.box, is_bad(&event), "%-10s %s", event.name,
		    clean.data ? clean.data : "");
	event_done(&event);
}

static void take_lines(struct model *model, struct feed *feed)
{
	const char *start = feed->rest.data, *end;
	size_t left = feed->rest.len;

	while (left && (end = memchr(start, '\n', left))) {
		take_line(model, start, (size_t)(end - start));
		left -= (size_t)(end - start) + 1;
		start = end + 1;
	}
	/* A line as long as this is none of devbox's. */
	if (left > EVENT_LINE_MAX)
		left = 0;
	if (left)
		memmove(feed->rest.data, start, left);
	feed->rest.len = left;
}

static void read_on(struct model *model, struct feed *feed)
{
	char block[BLOCK_BYTES];
	ssize_t got;

	while (feed->fd >= 0 && (got = pread(feed->fd, block, sizeof(block), feed->at)) > 0) {
		feed->at += got;
		buf_add(&feed->rest, block, (size_t)got);
		take_lines(model, feed);
	}
}

/* --- files --- */

static int open_file(const struct feed *feed, const char *name, off_t *out_size)
{
	AUTO_FREE char *path = path_join(feed->dir, name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	*out_size = st.st_size;
	return steal_fd(&fd);
}

/* The last lines of a file: what begins in the middle of one is left out. */
static void read_tail(struct model *model, struct feed *feed, off_t size)
{
	feed->at = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
	if (feed->at)
		buf_putc(&feed->rest, '?');
	read_on(model, feed);
	feed->rest.len = 0;
}

static void open_feed(struct source *source, struct model *model, struct feed *feed,
		      bool is_first)
{
	AUTO_FREE char *path = path_join(feed->dir, EVENTS_NAME);
	off_t size = 0, old_size;

	/* First the watch: nothing may come between it and the last line read. */
	feed->watch = inotify_add_watch(source->inotify, path, IN_MODIFY);
	feed->fd = open_file(feed, EVENTS_NAME, &size);
	feed->at = 0;
	feed->rest.len = 0;
	if (!is_first) {
		read_on(model, feed);
		return;
	}
	if (size < TAIL_BYTES) {
		const int newer = feed->fd;

		feed->fd = open_file(feed, EVENTS_OLD_NAME, &old_size);
		if (feed->fd >= 0)
			read_tail(model, feed, old_size);
		cleanup_close(&feed->fd);
		feed->fd = newer;
	}
	if (feed->fd >= 0)
		read_tail(model, feed, size);
}

static struct feed *find_feed(const struct source *source, const char *project)
{
	for (size_t i = 0; i < source->feed_count; i++)
		if (str_eq(source->feeds[i].project, project))
			return &source->feeds[i];
	return NULL;
}

void history_follow(struct source *source, struct model *model)
{
	for (size_t i = 0; source->places.state && i < model->count; i++) {
		const char *project = model->boxes[i]->project;
		struct feed *feed;

		if (!project || find_feed(source, project))
			continue;
		source->feeds = xrealloc(source->feeds,
					 (source->feed_count + 1) * sizeof(*source->feeds));
		feed = &source->feeds[source->feed_count++];
		*feed = (struct feed){.project = xstrdup(project),
				      .dir = path_join(source->places.state, project),
				      .fd = -1,
				      .watch = -1};
		/* Its logs are written all the time: only new names are of interest. */
		feed->dir_watch = inotify_add_watch(source->inotify, feed->dir,
						    IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
		open_feed(source, model, feed, true);
	}
}

/* `down` took the folder away; a project that comes again has another one. */
static void drop_feed(struct source *source, struct feed *feed)
{
	feed_done(feed);
	*feed = source->feeds[--source->feed_count];
}

bool history_changed(struct source *source, struct model *model,
		     const struct inotify_event *event)
{
	for (size_t i = 0; i < source->feed_count; i++) {
		struct feed *feed = &source->feeds[i];

		if (event->wd == feed->watch) {
			read_on(model, feed);
			return true;
		}
		if (event->wd != feed->dir_watch)
			continue;
		if (event->mask & IN_IGNORED) {
			read_on(model, feed);
			drop_feed(source, feed);
		} else if (event->len && str_eq(event->name, EVENTS_NAME)) {
			read_on(model, feed);
			cleanup_close(&feed->fd);
			open_feed(source, model, feed, false);
		}
		return true;
	}
	return false;
}
