#include "box/health.h"

#include "util/str.h"

void health_begin(const struct spec_health *spec, int64_t now_us, struct health *out_health)
{
	*out_health = (struct health){.spec = spec, .began_us = now_us, .next_us = now_us};
}

/*
 * Until the first success probes follow each other fast, and one that fails says little: it has
 * as long as @retries probes of the usual pace take.
 */
static enum health_state judge(struct health *health, bool is_good, int64_t now_us)
{
	const struct spec_health *spec = health->spec;
	const uint64_t patience_us = spec->start_period_us + spec->retries * spec->interval_us;

	if (is_good) {
		health->failures = 0;
		health->was_healthy = true;
		return HEALTH_HEALTHY;
	}
	health->failures++;
	if (!health->was_healthy)
		return (uint64_t)(now_us - health->began_us) < patience_us ? HEALTH_STARTING
									   : HEALTH_UNHEALTHY;
	return health->failures >= spec->retries ? HEALTH_UNHEALTHY : health->state;
}

bool health_result(struct health *health, bool is_good, int64_t now_us)
{
	const struct spec_health *spec = health->spec;
	const enum health_state before = health->state;

	health->state = judge(health, is_good, now_us);
	health->next_us =
		now_us + (int64_t)(health->state == HEALTH_STARTING ? spec->start_interval_us
								    : spec->interval_us);
	return health->state != before;
}

const char *health_word(enum health_state state)
{
	static const char *const words[] = {"starting", "healthy", "unhealthy"};

	return words[state];
}

char *health_describe(const struct spec_health *spec)
{
	switch (spec->kind) {
	case HEALTH_TCP:
		return xasprintf("tcp %u", spec->port);
	case HEALTH_HTTP:
		return xasprintf("http %u%s", spec->port, spec->path);
	case HEALTH_FILE:
		return xasprintf("file %s", spec->path);
	case HEALTH_TEST:
	case HEALTH_NONE:
	default:
		return xstrdup("test");
	}
}
