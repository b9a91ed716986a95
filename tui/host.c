#include "tui/source.h"

#include "util/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Only the first lines are of interest. */
#define STAT_BYTES 512
#define MEMINFO_BYTES 512

static const char *const pressure_names[PRESSURE_COUNT] = {
	"/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io"};

void host_open(struct source *source, struct model *model)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	source->proc_stat = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	source->meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < PRESSURE_COUNT; i++)
		source->pressure[i] = open(pressure_names[i], O_RDONLY | O_CLOEXEC);
	model->host.cpus = cpus > 0 ? (int)cpus : 1;
}

void host_close(struct source *source)
{
	cleanup_close(&source->proc_stat);
	cleanup_close(&source->meminfo);
	for (int i = 0; i < PRESSURE_COUNT; i++)
		cleanup_close(&source->pressure[i]);
}

/* "cpu  USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL": ticks that were not idle. */
static bool busy_ticks(const char *text, uint64_t *out)
{
	unsigned long long user, nice, system, idle, wait, irq, soft, steal;

	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
		   &idle, &wait, &irq, &soft, &steal) != 8)
		return false;
	*out = user + nice + system + irq + soft + steal;
	return true;
}

static void sample_cpu(struct source *source, struct model *model)
{
	const double ticks_per_second = (double)sysconf(_SC_CLK_TCK);
	char text[STAT_BYTES];
	uint64_t busy;

	if (file_text(source->proc_stat, text, sizeof(text)) < 0 || !busy_ticks(text, &busy))
		return;
	if (source->host_ns && model->now_ns > source->host_ns && busy >= source->host_busy) {
		const double seconds = (double)(model->now_ns - source->host_ns) / 1e9;

		model->host.cpu =
			(double)(busy - source->host_busy) / ticks_per_second / seconds * 100;
	}
	source->host_busy = busy;
	source->host_ns = model->now_ns;
}

/* "MemTotal:   16270404 kB" */
static double meminfo_bytes(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	unsigned long long kilobytes;

	if (!at || sscanf(at + strlen(key), ": %llu kB", &kilobytes) != 1)
		return UNKNOWN;
	return (double)kilobytes * 1024;
}

void host_sample(struct source *source, struct model *model)
{
	char text[MEMINFO_BYTES];

	sample_cpu(source, model);
	if (file_text(source->meminfo, text, sizeof(text)) >= 0) {
		model->host.memory_total = meminfo_bytes(text, "MemTotal");
		model->host.memory_used =
			model->host.memory_total - meminfo_bytes(text, "MemAvailable");
	}
	for (int i = 0; i < PRESSURE_COUNT; i++) {
		struct pressure pressure;

		memset(&pressure, 0xff, sizeof(pressure));
		if (source->pressure[i] < 0 ||
		    file_text(source->pressure[i], text, sizeof(text)) < 0)
			continue;
		parse_pressure(text, &pressure);
		if (pressure.some.avg10 != STAT_UNKNOWN)
			model->host.stalled[i] = (double)pressure.some.avg10 / 100;
	}
}
