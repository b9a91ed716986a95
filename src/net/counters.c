#include "net/counters.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <fcntl.h>
#include <string.h>

#define DEV_MAX ((size_t)64 * 1024)

/* Columns of a line; errs, fifo, frame, compressed and multicast are between them. */
enum {
	RX_BYTES,
	RX_PACKETS,
	RX_DROPPED = 3,
	TX_BYTES = 8,
	TX_PACKETS,
	TX_DROPPED = 11,
	COLUMNS
};

static void add_line(char *values, struct net_counters *sum)
{
	uint64_t numbers[COLUMNS];
	int count = 0;
	char *word;

	while (count < COLUMNS && (word = strsep(&values, " \t")) != NULL) {
		if (!*word)
			continue;
		if (str_to_u64(word, &numbers[count++]) < 0)
			return;
	}
	if (count < COLUMNS)
		return;
	sum->received_bytes += numbers[RX_BYTES];
	sum->received_packets += numbers[RX_PACKETS];
	sum->received_dropped += numbers[RX_DROPPED];
	sum->sent_bytes += numbers[TX_BYTES];
	sum->sent_packets += numbers[TX_PACKETS];
	sum->sent_dropped += numbers[TX_DROPPED];
}

void net_counters_parse(const char *text, struct net_counters *out_counters)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct net_counters sum = {0};
	char *rest = copy;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *values = strchr(line, ':');

		if (!values)
			continue;
		*values++ = '\0';
		if (!str_eq(str_trim(line), "lo"))
			add_line(values, &sum);
	}
	*out_counters = sum;
}

int net_counters_read(pid_t pid, struct net_counters *out_counters)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/net/dev", (int)pid);
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (fd_read_file(AT_FDCWD, path, DEV_MAX, &text, &ignored) < 0)
		return -1;
	net_counters_parse(text, out_counters);
	return 0;
}
