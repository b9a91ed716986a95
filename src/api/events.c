#include "api/events.h"

#include "api/internal.h"
#include "api/status.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)

/**
 * struct feed - the file of one project
 * @fd:		of the file that is read, -1: there is none
 * @data:	what was read of a line that is not finished
 */
struct feed {
	char *project_id;
	char *dir;
	int fd;
	struct buf data;
};
struct feeds {
	const struct events_options *options;
	char *root;
	struct feed *items;
	size_t count;
	struct event *events; /* read and not yet handed out */
	size_t event_count;
};

static void drop_events(struct feeds *feeds)
{
	for (size_t i = 0; i < feeds->event_count; i++)
		event_done(&feeds->events[i]);
	free(STEAL(feeds->events));
	feeds->event_count = 0;
}

static void feeds_done(struct feeds *feeds)
{
	drop_events(feeds);
	for (size_t i = 0; i < feeds->count; i++) {
		free(feeds->items[i].project_id);
		free(feeds->items[i].dir);
		cleanup_close(&feeds->items[i].fd);
		buf_done(&feeds->items[i].data);
	}
	free(feeds->items);
	free(feeds->root);
}

static void add_line(struct feeds *feeds, const char *line, size_t len)
{
	const struct events_options *options = feeds->options;
	struct event event;

	if (event_parse(line, len, &event) < 0)
		return;
	if (event.time_ms < options->since_ms ||
	    (options->boxes && options->boxes->count && !strv_has(options->boxes, event.box))) {
		event_done(&event);
		return;
	}
	feeds->events =
		xrealloc(feeds->events, (feeds->event_count + 1) * sizeof(*feeds->events));
	feeds->events[feeds->event_count++] = event;
}

static void take_lines(struct feeds *feeds, struct feed *feed)
{
	char *start = feed->data.data;
	size_t left = feed->data.len;
	const char *end;

	while (left && (end = memchr(start, '\n', left))) {
		const size_t len = (size_t)(end - start);

		add_line(feeds, start, len);
		start += len + 1;
		left -= len + 1;
	}
	/* A line as long as this is none of ours. */
	if (left > EVENT_LINE_MAX)
		left = 0;
	if (left)
		memmove(feed->data.data, start, left);
	feed->data.len = left;
}

static void read_rest(struct feeds *feeds, struct feed *feed, int fd)
{
	AUTO_FREE char *block = xmalloc(READ_BYTES);
	ssize_t got;

	while ((got = read(fd, block, READ_BYTES)) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		buf_add(&feed->data, block, (size_t)got);
		take_lines(feeds, feed);
	}
}

static int open_file(const struct feed *feed, const char *name, struct stat *out_st)
{
	AUTO_FREE char *path = path_join(feed->dir, name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, out_st) < 0 || !S_ISREG(out_st->st_mode))
		return -1;
	return steal_fd(&fd);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* The first look at a project: the old file, too. */
static void begin(struct feeds *feeds, struct feed *feed)
{
	struct stat st, old_st;
	AUTO_CLOSE int old = -1;

	feed->fd = open_file(feed, EVENTS_NAME, &st);
	old = open_file(feed, EVENTS_OLD_NAME, &old_st);
	/* It was moved between the two. */
	if (feed->fd >= 0 && old >= 0 && is_same(&st, &old_st)) {
		(void)close(feed->fd);
		feed->fd = open_file(feed, EVENTS_NAME, &st);
	}
	if (old >= 0)
		read_rest(feeds, feed, old);
	if (feed->fd >= 0)
		read_rest(feeds, feed, feed->fd);
}

/* What came since the last look, also in the file that took the old one's place. */
static void go_on(struct feeds *feeds, struct feed *feed)
{
	struct stat st, now_st;
	AUTO_CLOSE int now = open_file(feed, EVENTS_NAME, &now_st);

	if (feed->fd >= 0) {
		read_rest(feeds, feed, feed->fd);
		if (now < 0 || (fstat(feed->fd, &st) == 0 && is_same(&st, &now_st)))
			return;
		(void)close(feed->fd);
		feed->data.len = 0;
	}
	feed->fd = steal_fd(&now);
	if (feed->fd >= 0)
		read_rest(feeds, feed, feed->fd);
}

static struct feed *find_feed(const struct feeds *feeds, const char *id)
{
	for (size_t i = 0; i < feeds->count; i++)
		if (strcmp(feeds->items[i].project_id, id) == 0)
			return &feeds->items[i];
	return NULL;
}

static void add_feed(struct feeds *feeds, const char *id)
{
	struct feed *feed;

	if (find_feed(feeds, id))
		return;
	feeds->items = xrealloc(feeds->items, (feeds->count + 1) * sizeof(*feeds->items));
	feed = &feeds->items[feeds->count++];
	*feed = (struct feed){
		.project_id = xstrdup(id), .dir = path_join(feeds->root, id), .fd = -1};
	begin(feeds, feed);
}

static void watch_feed(const struct feed *feed, int watch_fd)
{
	AUTO_FREE char *path = path_join(feed->dir, EVENTS_NAME);

	/* The folder's logs are written all the time: only new names are of interest. */
	(void)inotify_add_watch(watch_fd, feed->dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	(void)inotify_add_watch(watch_fd, path, IN_MODIFY);
}

static void read_all(struct feeds *feeds, int watch_fd)
{
	AUTO_CLOSEDIR DIR *dir = opendir(feeds->root);
	const struct dirent *entry;

	if (feeds->options->project_id)
		add_feed(feeds, feeds->options->project_id);
	while (!feeds->options->project_id && dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			add_feed(feeds, entry->d_name);
	for (size_t i = 0; i < feeds->count; i++) {
		/* First the watch: nothing may come between it and the last line read. */
		if (watch_fd >= 0)
			watch_feed(&feeds->items[i], watch_fd);
		go_on(feeds, &feeds->items[i]);
	}
}

static int compare(const void *a, const void *b)
{
	const int64_t x = ((const struct event *)a)->time_ms;
	const int64_t y = ((const struct event *)b)->time_ms;

	return (x > y) - (x < y);
}

/* Return: what @line said. */
static int hand_out(struct feeds *feeds, events_line *line, void *arg)
{
	int result = 0;

	/* glibc's qsort is a merge sort: lines of one millisecond stay as they were. */
	if (feeds->event_count > 1)
		qsort(feeds->events, feeds->event_count, sizeof(*feeds->events), compare);
	for (size_t i = 0; i < feeds->event_count && result == 0; i++)
		result = line(arg, &feeds->events[i]);
	drop_events(feeds);
	return result;
}

static int open_watch(const struct feeds *feeds, struct err *err)
{
	AUTO_CLOSE int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (path_mkdirs(feeds->root, 0700) < 0)
		return err_sys(err, "make '%s'", feeds->root);
	if (fd < 0 || inotify_add_watch(fd, feeds->root, IN_CREATE | IN_MOVED_TO) < 0) {
		(void)err_sys(err, "watch '%s'", feeds->root);
		return err_hint(err, "sysctl fs.inotify.max_user_instances and "
				     "max_user_watches say how much may be watched");
	}
	return steal_fd(&fd);
}

static void wait_for_more(int watch_fd)
{
	struct pollfd poll_fd = {.fd = watch_fd, .events = POLLIN};
	char events[4096];

	(void)poll(&poll_fd, 1, -1);
	while (read(watch_fd, events, sizeof(events)) > 0)
		;
}

void api_event(const struct project *project, const char *box, const char *name)
{
	AUTO_FREE char *full_name = box_full_name(project->id, box);
	struct event event = event_make(full_name, name);
	struct err ignored;

	(void)event_append(project->state_dir, &event, &ignored);
	event_done(&event);
}

int devbox_events(struct devbox *devbox, const struct events_options *options,
		  events_line *line, void *arg, struct err *err)
{
	struct feeds feeds = {.options = options, .root = xstrdup(devbox->dirs.state)};
	AUTO_CLOSE int watch_fd = -1;
	int result = 0;

	if (options->follow) {
		watch_fd = open_watch(&feeds, err);
		result = watch_fd < 0 ? -1 : 0;
	}
	while (result == 0) {
		read_all(&feeds, watch_fd);
		if (hand_out(&feeds, line, arg) || !options->follow)
			break;
		wait_for_more(watch_fd);
	}
	feeds_done(&feeds);
	return result;
}
