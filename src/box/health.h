#ifndef BOX_HEALTH_H
#define BOX_HEALTH_H

#include "config/spec.h"

#include <stdbool.h>
#include <stdint.h>

enum health_state { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

/**
 * struct health - what the probes of a box have shown; pure, times are the caller's
 * @failures:	in a row, those that count
 * @next_us:	when the next probe is due
 */
struct health {
	const struct spec_health *spec;
	enum health_state state;
	bool was_healthy;
	unsigned int failures;
	int64_t began_us, next_us;
};

/** health_begin() - the box has started, and the first probe is due at once. */
void health_begin(const struct spec_health *spec, int64_t now_us, struct health *out_health);
/** health_result() - a probe has ended. Return: the state is another one. */
bool health_result(struct health *health, bool is_good, int64_t now_us);
/** health_word() - "starting", "healthy", "unhealthy". */
const char *health_word(enum health_state state);
/** health_describe() - "tcp 5432", for people. free() it. */
char *health_describe(const struct spec_health *spec);

#endif
