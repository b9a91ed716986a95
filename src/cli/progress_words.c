#include "cli/progress.h"

#include "util/cleanup.h"

#include <string.h>

char *progress_bytes(uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t i = 0;

	while (value >= 999.95 && i + 1 < ARRAY_LEN(units)) {
		value /= 1000;
		i++;
	}
	return i == 0 ? xasprintf("%u B", (unsigned int)bytes)
		      : xasprintf("%.1f %s", value, units[i]);
}

static char *seconds(uint64_t us)
{
	const unsigned int s = (unsigned int)(us / 1000000);

	if (s < 60)
		return xasprintf("%.1f s", (double)us / 1e6);
	return s < 3600 ? xasprintf("%um%02us", s / 60, s % 60)
			: xasprintf("%uh%02um", s / 3600, s % 3600 / 60);
}

static const char *state_word(const struct progress_event *layer)
{
	switch (layer->state) {
	case PROGRESS_HERE:
		return "here";
	case PROGRESS_FETCHES:
		return layer->total && layer->done >= layer->total ? "unpacking" : "fetching";
	case PROGRESS_UNPACKED:
		return "done";
	case PROGRESS_ELSEWHERE:
		return "awaited";
	case PROGRESS_WAITS:
	default:
		return "waiting";
	}
}

/* " 12.1 MB/s  4.2 s left" */
static void put_rate(const struct progress_event *layer, uint64_t rate, struct buf *out)
{
	AUTO_FREE char *bytes = progress_bytes(rate);
	AUTO_FREE char *left = NULL;

	if (rate == 0 || layer->state != PROGRESS_FETCHES || layer->done >= layer->total)
		return;
	left = seconds((layer->total - layer->done) * 1000 / rate * 1000);
	buf_printf(out, "  %8s/s  %s left", bytes, left);
}

char *progress_line(const struct progress_event *layer, uint64_t rate, size_t width)
{
	struct buf out = {0};
	AUTO_FREE char *done = progress_bytes(layer->done);
	AUTO_FREE char *total = progress_bytes(layer->total);

	buf_printf(&out, "  %-12.12s  %-9s", layer->text ? layer->text : "", state_word(layer));
	if (layer->state == PROGRESS_FETCHES)
		buf_printf(&out, "  %8s / %8s", done, total);
	else if (layer->total)
		buf_printf(&out, "  %19s", total);
	put_rate(layer, rate, &out);
	if (out.len > width)
		out.data[width] = '\0';
	return buf_take(&out);
}

char *progress_summary(const struct progress_event *done, uint64_t took_us)
{
	struct buf out = {0};
	AUTO_FREE char *bytes = progress_bytes(done->total);
	AUTO_FREE char *took = seconds(took_us);

	buf_printf(&out, " %-16s %-8s", done->name, done->verb);
	if (done->total)
		buf_printf(&out, " %s in %s", bytes, took);
	else
		buf_printf(&out, " nothing new in %s", took);
	buf_printf(&out, "   (%zu layer%s", done->count, done->count == 1 ? "" : "s");
	if (done->index && done->index == done->count)
		buf_puts(&out, done->count == 1 ? ", already here" : ", all already here");
	else if (done->index)
		buf_printf(&out, ", %zu already here", done->index);
	buf_putc(&out, ')');
	return buf_take(&out);
}
