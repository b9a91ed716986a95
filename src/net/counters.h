#ifndef NET_COUNTERS_H
#define NET_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

/** struct net_counters - what went through the network of a box since it started, without what
 * it said to itself on loopback */
struct net_counters {
	uint64_t received_bytes, received_packets, received_dropped;
	uint64_t sent_bytes, sent_packets, sent_dropped;
};

/** net_counters_read() - in the network namespace of @pid. Return: 0, or -1: it is gone, or
 * not ours to see. */
int net_counters_read(pid_t pid, struct net_counters *out_counters);
/** net_counters_parse() - the text of /proc/PID/net/dev; what is no line of it is skipped. */
void net_counters_parse(const char *text, struct net_counters *out_counters);

#endif
