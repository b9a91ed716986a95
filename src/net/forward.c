#include "net/forward_private.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>

#define EVENTS_MAX 64
/* A listener shall be there within a second of its birth. */
#define TICK_NS 900000000
#define KEPT_FDS 128 /* for everything that is no connection */
#define LINK_FDS 6   /* two sockets, and two pipes when both ways are stuck */

int forward_add(struct net_forwarder *f, int fd, uint32_t events, struct source *source)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void forward_close(struct net_forwarder *f, int *fd)
{
	if (*fd < 0)
		return;
	(void)epoll_ctl(f->epoll_fd, EPOLL_CTL_DEL, *fd, NULL);
	(void)close(*fd);
	*fd = -1;
}

void forward_bury(struct net_forwarder *f, struct source *source)
{
	source->is_dead = true;
	source->next_dead = f->dead;
	f->dead = source;
}

static void free_dead(struct net_forwarder *f)
{
	while (f->dead) {
		struct source *source = f->dead;

		f->dead = source->next_dead;
		free(source);
	}
}

void forward_note(struct net_forwarder *f, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	f->hooks.note(f->hooks.arg, text);
}

void forward_changed(struct net_forwarder *f)
{
	f->hooks.changed(f->hooks.arg);
}

static void take_time(struct net_forwarder *f)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	f->now_s = now.tv_sec;
}

static void set_ticking(struct net_forwarder *f, bool is_ticking)
{
	const struct timespec period = {.tv_nsec = is_ticking ? TICK_NS : 0};
	const struct itimerspec timer = {.it_interval = period, .it_value = period};

	if (f->is_ticking == is_ticking)
		return;
	f->is_ticking = is_ticking;
	(void)timerfd_settime(f->timer_fd, 0, &timer, NULL);
}

static bool has_gate(const struct net_forwarder *f, enum net_protocol protocol)
{
	for (size_t i = 0; i < f->published.count; i++)
		if (f->published.items[i]->port.protocol == protocol)
			return true;
	return protocol == NET_TCP && f->found.count > 0;
}

static void pause_gates(struct net_forwarder *f, const struct gates *gates)
{
	const bool is_tcp_paused = !tcp_may_accept(f);
	const bool is_udp_paused = f->stocks[1].count == 0;

	for (size_t i = 0; i < gates->count; i++)
		gate_pause(f, gates->items[i],
			   gates->items[i]->port.protocol == NET_UDP ? is_udp_paused
								     : is_tcp_paused);
}

void forward_settle(struct net_forwarder *f)
{
	stock_fill(f, NET_SOCKET_TCP, has_gate(f, NET_TCP));
	stock_fill(f, NET_SOCKET_UDP, has_gate(f, NET_UDP));
	pause_gates(f, &f->published);
	pause_gates(f, &f->found);
	set_ticking(f, (f->is_watching && f->has_begun) || f->session_count > 0 ||
			       f->is_short || f->stocks[0].wanted > STOCK_LEAST ||
			       f->stocks[1].wanted > STOCK_LEAST);
}

static void timer_ready(struct net_forwarder *f, struct source *source, uint32_t events)
{
	uint64_t times;

	(void)source;
	(void)events;
	(void)!read(f->timer_fd, &times, sizeof(times));
	f->is_short = false;
	udp_tick(f);
	watch_tick(f);
}

static int open_loop(struct net_forwarder *f, struct err *err)
{
	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	f->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	f->timer.ready = timer_ready;
	if (f->epoll_fd < 0 || f->timer_fd < 0 ||
	    forward_add(f, f->timer_fd, EPOLLIN, &f->timer) < 0)
		return err_sys(err, "forward ports");
	return 0;
}

static void set_address(struct net_forwarder *f, const char *text)
{
	struct sockaddr_storage address;

	if (!text || net_address_set(text, 0, &address) < 0)
		return;
	f->has_address = true;
	if (address.ss_family == AF_INET6) {
		f->address = ((struct sockaddr_in6 *)&address)->sin6_addr;
		return;
	}
	f->address.s6_addr[10] = f->address.s6_addr[11] = 0xff;
	memcpy(&f->address.s6_addr[12], &((struct sockaddr_in *)&address)->sin_addr, 4);
}

int net_forwarder_new(const struct net_forward_hooks *hooks, const char *address,
		      struct net_forwarder **out_forwarder, struct err *err)
{
	struct net_forwarder *f = xmalloc(sizeof(*f));

	f->hooks = *hooks;
	f->epoll_fd = f->timer_fd = f->diag_fd = -1;
	f->waiting_end = &f->waiting;
	f->stocks[0].wanted = f->stocks[1].wanted = STOCK_LEAST;
	set_address(f, address);
	take_time(f);
	if (open_loop(f, err) < 0) {
		net_forwarder_free(f);
		return -1;
	}
	*out_forwarder = f;
	return 0;
}

static void close_gates(struct net_forwarder *f, struct gates *gates)
{
	for (size_t i = 0; i < gates->count; i++)
		gate_close(f, gates->items[i]);
	free(gates->items);
	*gates = (struct gates){0};
}

void net_forwarder_free(struct net_forwarder *f)
{
	if (!f)
		return;
	close_gates(f, &f->published);
	close_gates(f, &f->found);
	tcp_done(f);
	udp_done(f);
	stock_done(f);
	watch_done(f);
	free_dead(f);
	cleanup_close(&f->timer_fd);
	cleanup_close(&f->epoll_fd);
	free(f);
}

int net_forwarder_fd(const struct net_forwarder *f)
{
	return f->epoll_fd;
}

void net_forwarder_step(struct net_forwarder *f)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(f->epoll_fd, events, EVENTS_MAX, 0);

	take_time(f);
	for (int i = 0; i < n; i++) {
		struct source *source = events[i].data.ptr;

		if (!source->is_dead)
			source->ready(f, source, events[i].events);
	}
	forward_settle(f);
	free_dead(f);
}

static size_t count_links(const struct net_forwarder *f)
{
	const size_t kept = KEPT_FDS + f->published.count + SESSIONS_MAX / 4;
	struct rlimit limit = {0};

	/* Descriptors of ours; whoever is started from now on has them too. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur > kept + LINK_FDS ? (limit.rlim_cur - kept) / LINK_FDS : 1;
}

void net_forwarder_begin(struct net_forwarder *f)
{
	f->has_begun = true;
	f->link_max = count_links(f);
	watch_tick(f);
	forward_settle(f);
}

static bool is_same_port(const struct net_port *a, const struct net_port *b)
{
	return a->protocol == b->protocol && a->box_port == b->box_port &&
	       net_address_is_same(&a->host, &b->host);
}

/* The gate that stands for this already, once. */
static struct gate *reuse(struct net_forwarder *f, const struct net_port *port)
{
	for (size_t i = 0; i < f->published.count; i++) {
		struct gate *gate = f->published.items[i];

		if (gate && is_same_port(&gate->asked, port)) {
			f->published.items[i] = NULL;
			return gate;
		}
	}
	return NULL;
}

/* Sockets for all that are new, or for none. @fds: -1 where a gate stands. */
static int listen_all(struct net_forwarder *f, struct net_port *ports, size_t count, int *fds,
		      size_t *out_bad, struct err *err)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		fds[i] = -1;
		for (j = 0; j < f->published.count; j++)
			if (is_same_port(&f->published.items[j]->asked, &ports[i]))
				break;
		if (j < f->published.count)
			continue;
		fds[i] = net_port_listen(&ports[i], err);
		if (fds[i] >= 0)
			continue;
		*out_bad = i;
		while (i-- > 0)
			cleanup_close(&fds[i]);
		return -1;
	}
	return 0;
}

int net_forwarder_publish(struct net_forwarder *f, const struct net_port *ports, size_t count,
			  size_t *out_bad, struct err *err)
{
	AUTO_FREE struct net_port *got = xmalloc((count + 1) * sizeof(*got));
	AUTO_FREE int *fds = xmalloc((count + 1) * sizeof(*fds));
	struct gates gates = {0};

	if (count > 0)
		memcpy(got, ports, count * sizeof(*got));
	if (listen_all(f, got, count, fds, out_bad, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct gate *gate = fds[i] < 0 ? reuse(f, &ports[i]) : NULL;

		if (!gate) {
			gate = gate_new(&ports[i], fds[i], &got[i]);
			gate->is_published = true;
			(void)gate_open(f, gate);
		}
		gates_add(&gates, gate);
	}
	for (size_t i = 0; i < f->published.count; i++)
		if (f->published.items[i])
			gate_close(f, f->published.items[i]);
	free(f->published.items);
	f->published = gates;
	/* Those that were found may have been published now, and the other way round. */
	watch_tick(f);
	forward_settle(f);
	forward_changed(f);
	return 0;
}

size_t net_forwarder_list(const struct net_forwarder *f, struct net_forward **out_list)
{
	const struct gates *both[] = {&f->published, &f->found};
	size_t count = 0;
	struct net_forward *list =
		xmalloc((f->published.count + f->found.count + 1) * sizeof(*list));

	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		for (size_t j = 0; j < both[i]->count; j++) {
			const struct gate *gate = both[i]->items[j];

			list[count++] = (struct net_forward){.port = gate->port,
							     .is_published = gate->is_published,
							     .is_blocked = gate->fd < 0};
		}
	}
	*out_list = list;
	return count;
}
