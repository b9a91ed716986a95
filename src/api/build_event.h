#ifndef API_BUILD_EVENT_H
#define API_BUILD_EVENT_H

#include <stddef.h>
#include <stdint.h>

/* How the steps of a build get on, for who shows it. */

enum build_event_kind {
	BUILD_CACHED, /* the layer is there already */
	BUILD_WANTED, /* with dry_run: the step would run; @why */
	BUILD_BEGINS, /* the step runs; @why */
	BUILD_OUTPUT, /* @text: bytes it wrote, as they come */
	BUILD_DONE,   /* it succeeded after @took_us */
	BUILD_FAILED, /* @text: its last output; the error says the rest */
};

/**
 * struct build_event - how it goes; borrowed
 * @step:	"packages", or the number in build.steps from 1, as text
 * @what:	the command in one line, or the packages
 * @why:	"packages: git is new", "requirements.txt changed", "not built yet"
 * @when_ms:	BUILD_CACHED: when it was made, CLOCK_REALTIME
 */
struct build_event {
	enum build_event_kind kind;
	const char *step;
	const char *what;
	const char *why;
	const char *text;
	size_t text_len;
	uint64_t took_us;
	int64_t when_ms;
};

/** struct build_watch - who shows it; @event NULL: nobody */
struct build_watch {
	void (*event)(void *arg, const struct build_event *event);
	void *arg;
};

#endif
