#ifndef BOX_WARD_H
#define BOX_WARD_H

#include "box/health.h"
#include "box/launch.h"
#include "box/logfile.h"
#include "box/probe.h"
#include "box/supervise.h"
#include "cgroup/oom.h"
#include "net/forward.h"
#include "state/event.h"
#include "state/ports.h"

#define WARD_CLIENTS_MAX 64
#define WARD_KILL_MS 5000 /* from a kill to the end of the last process */

/* The box in the care of supervise(): private to supervise.c and ward_*.c. */

#define WARD_WATCHERS_MAX 16

/** struct ward_ports - what leads into it; @known: as of the last event; @watchers: connections
 * that hear of new ones */
struct ward_ports {
	struct net_forwarder *forwarder; /* NULL: it has no network of its own */
	int watchers[WARD_WATCHERS_MAX];
	size_t watcher_count;
	struct port_list known;
};

#define WARD_HEALTH_WORDS 1024

/** struct ward_health - its probes; @epoll_fd -1: it has none. @words: the last of what the
 * probe said */
struct ward_health {
	struct health health;
	int epoll_fd;
	int timer_fd;
	struct probe probe;
	char words[WARD_HEALTH_WORDS];
	size_t words_len;
};

/** struct ward - the box in our care */
struct ward {
	const struct supervise_request *request;
	struct prepared *prepared;
	struct record *record;
	struct launched launched;
	struct logfile log;
	struct logstream streams[2];
	int output[2]; /* reading ends of its stdout and stderr, or [0] its terminal */
	int clients[WARD_CLIENTS_MAX]; /* who waits for its end */
	size_t client_count;
	struct ward_ports ports;
	struct ward_health health;
	int hub_fd; /* to the project's network; -1: it has none of several boxes */
	int listen_fd;
	int signal_fd;
	int cgroup_fd;
	struct oom_watch oom;
	int64_t oom_ms;  /* when somebody was killed for memory; 0: never */
	int throttle_fd; /* a timer; -1: there is no processor limit */
	struct cgroup_stats throttle_before;
	int64_t throttle_said_ms;
	int64_t kill_at_ms; /* monotonic; 0: nobody asked it to end */
	char *refused;      /* calls the seccomp profile refused */
	bool is_over;
	bool has_status;
	int status;
};

/** ward_set_up() - log, socket, group and box. On failure the box may stand half: box_end()
 * it. */
int ward_set_up(struct ward *ward, bool *out_refused, struct err *err);

/** ward_loop_once() - wait for what happens next, and do what it asks for; is_over after the
 * last time */
void ward_loop_once(struct ward *ward);

/** ward_end() - the box has ended or has to: reap it, explain, record, answer who waits. Frees
 * nothing. */
void ward_end(struct ward *ward);

/** ward_hub_enter() - reach the project's network. @out_userns: the user namespace to be born
 * in; -1: there is no such network. */
int ward_hub_enter(struct ward *ward, int *out_userns, struct err *err);
/** ward_share_network() - open the namespaces of the box whose network is shared; -1 each:
 * none is. */
int ward_share_network(struct ward *ward, int *out_userns, int *out_netns, struct err *err);
/** ward_hub_join() - for struct launch_options.connect. */
int ward_hub_join(void *ward, pid_t pid, struct err *err);
/** ward_hub_news() - the network has something to say. */
void ward_hub_news(struct ward *ward);

/** ward_ports_open() - have the ports of the host before the box begins. */
int ward_ports_open(struct ward *ward, struct err *err);
/** ward_ports_close() - with all connections. */
void ward_ports_close(struct ward *ward);
/**
 * ward_ports_apply() - these are the ports from now on: all that were, when one cannot be had
 * @text:	lines "port …" and "forward …" of a plan
 * @out_bad:	which port it was, SIZE_MAX: none
 */
int ward_ports_apply(struct ward *ward, const char *text, size_t *out_bad, struct err *err);
/** ward_ports_watch() - @client wants to hear of new ones; taken over. */
void ward_ports_watch(struct ward *ward, int client);
/** ward_ports_give() - a socket of the box's network from its init, or none. */
void ward_ports_give(struct ward *ward, const struct init_message *message, int fd);

void ward_save(struct ward *ward);
void ward_kill(struct ward *ward);
/** ward_keep_refused() - what the profile refused, before the listener goes */
void ward_keep_refused(struct ward *ward);
int64_t ward_realtime_ms(void);

/** ward_network_ended() - what led outside has ended: say so everywhere. */
void ward_network_ended(struct ward *ward);
/** ward_network_lost() - the same of what is not our child; @how: "… was killed by signal 9" */
void ward_network_lost(struct ward *ward, const char *how);

/** ward_health_open() - begin to probe, as its profile says. */
void ward_health_open(struct ward *ward);
void ward_health_step(struct ward *ward);
void ward_health_close(struct ward *ward);

/* What happens to the box, for `devbox events`. */
/** ward_box_name() - the full name. free() it. */
char *ward_box_name(const struct ward *ward);
void ward_event_created(const struct ward *ward);
void ward_event_started(const struct ward *ward);
void ward_event_ended(const struct ward *ward);
/** ward_event_ports() - what has come and gone of those that were found. */
void ward_event_ports(const struct ward *ward, const struct port_list *before,
		      const struct port_list *now);
/** ward_watch_open() - what is to be told of memory and the processor limit */
void ward_watch_open(struct ward *ward);
void ward_watch_close(struct ward *ward);
/** ward_watch_limits() - they have changed */
void ward_watch_limits(struct ward *ward);
/** ward_watch_memory() - the box is at its memory limit, or over: who was killed? */
void ward_watch_memory(struct ward *ward);
/** ward_watch_throttle() - the timer has run out */
void ward_watch_throttle(struct ward *ward);
/** ward_event() - write @event and be done with it. */
void ward_event(const struct ward *ward, struct event *event);

#endif
