#ifndef API_PROGRESS_H
#define API_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* How long work with images gets on, for who shows it. */

enum progress_kind {
	PROGRESS_STARTS, /* work on @name starts; what there is to do is being found out */
	PROGRESS_BEGIN,  /* @name, an image of @count layers; @total bytes will be fetched */
	PROGRESS_LAYER,  /* layer @index is in @state: @done of @total bytes */
	PROGRESS_DONE,  /* all of it: @count layers, @index of them were here, @total bytes came
			 */
	PROGRESS_ENDED, /* it failed or was not necessary: nothing more comes */
};

enum progress_state {
	PROGRESS_WAITS,
	PROGRESS_HERE,
	PROGRESS_FETCHES,
	PROGRESS_UNPACKED,
	PROGRESS_ELSEWHERE, /* somebody else is at it */
};

/**
 * struct progress_event - borrowed
 * @verb:	what is done: "pulled", "loaded", "saved"
 * @name:	of the image, as people write it
 * @text:	PROGRESS_LAYER: short digest; PROGRESS_DONE: digest of the image
 */
struct progress_event {
	enum progress_kind kind;
	enum progress_state state;
	const char *verb;
	const char *name;
	const char *text;
	size_t index;
	size_t count;
	uint64_t done;
	uint64_t total;
};

/** struct progress - who shows it; @event NULL: nobody */
struct progress {
	void (*event)(void *arg, const struct progress_event *event);
	void *arg;
};

#endif
