#ifndef API_UP_PARTS_H
#define API_UP_PARTS_H

#include "api/ensure.h"
#include "api/internal.h"
#include "box/hub.h"

/* `devbox up`, private to up*.c: which boxes, one box, all of them. */

/**
 * struct up - one `devbox up`
 * @loopback:	NULL: no box has a network of its own
 * @subnet:	of those that run; NULL: none does
 * @hub_fd:	our connection to the project's network; -1: it has none
 */
struct up {
	struct devbox *devbox;
	const struct up_options *options;
	struct spec spec;
	struct project project;
	char *loopback;
	char *subnet;
	struct hub_plan hub;
	int hub_fd;
	int64_t began_us;
};

/** struct up_box - one box of it; @spec and @box borrowed, the rest owned: up_box_done() */
struct up_box {
	struct up *up;
	const struct spec *spec;
	const char *box;
	char *name; /* as people know it */
	struct box_image image;
	struct strv argv; /* instead of the profile's; empty: that */
	struct hub_member member;
	struct hub_member host; /* whose network it shares */
	struct shared_network shared;
	struct prepared prepared;
};

enum up_result { UP_NOTHING, UP_LIVE, UP_STARTED };

/** up_box_prepare() - its image and its plan. up_box_done() it also when it fails. */
int up_box_prepare(struct up *up, const struct spec *spec, struct up_box *out_box,
		   struct err *err);
void up_box_done(struct up_box *box);
/** up_box_reconcile() - make it as it was prepared. */
int up_box_reconcile(struct up_box *box, enum up_result *out_result, struct err *err);

/** up_catch_interrupts() - from here on ^C is noted, and up_is_interrupted() tells. */
void up_catch_interrupts(bool on);
bool up_is_interrupted(void);

/**
 * up_select() - the boxes that `up` is about, in the order in which they start
 * @out_specs:	borrowed from @up->spec; free() the vector
 */
int up_select(const struct up *up, const struct spec ***out_specs, size_t *out_count,
	      struct err *err);

/** up_wait_for() - what @spec depends on is as far as it has to be. @deadline_us: monotonic. */
int up_wait_for(const struct up *up, const struct spec *spec, int64_t deadline_us,
		struct err *err);

/** up_wait_healthy() - the box of @spec is healthy, if it has a healthcheck; says so. */
int up_wait_healthy(const struct up *up, const struct spec *spec, int64_t deadline_us,
		    struct err *err);

/** up_now_us() - CLOCK_MONOTONIC. */
int64_t up_now_us(void);

/** spec_box() - the short name of the box of @spec. */
static inline const char *spec_box(const struct spec *spec)
{
	return spec->service ? spec->service : DEV_BOX;
}

#endif
