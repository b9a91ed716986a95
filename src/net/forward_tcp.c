#include "net/forward_private.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#define ACCEPTS_MAX 64 /* at a time, so that links get their turn */
#define WAITING_MAX 64 /* links without a socket inside; others stay in the backlog */
#define PIPE_BYTES (256 * 1024)
#define TURNS_MAX 16 /* of one flow at a time */

bool tcp_may_accept(const struct net_forwarder *f)
{
	return f->has_begun && !f->is_short && f->link_count < f->link_max &&
	       f->waiting_count < WAITING_MAX;
}

/* --- pipes: only a flow that is stuck keeps one --- */

static int pipe_get(struct net_forwarder *f, struct flow *flow)
{
	if (flow->pipe[0] >= 0)
		return 0;
	if (f->spare_count > 0) {
		memcpy(flow->pipe, f->spare[--f->spare_count], sizeof(flow->pipe));
		return 0;
	}
	if (pipe2(flow->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	/* More than a user may have: then it is as it is. */
	(void)fcntl(flow->pipe[0], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static void pipe_close(int ends[2])
{
	cleanup_close(&ends[0]);
	cleanup_close(&ends[1]);
	ends[0] = ends[1] = -1;
}

static void pipe_put(struct net_forwarder *f, struct flow *flow)
{
	if (flow->pipe[0] < 0)
		return;
	if (flow->held > 0 || f->spare_count == SPARE_PIPES) {
		pipe_close(flow->pipe);
		return;
	}
	memcpy(f->spare[f->spare_count++], flow->pipe, sizeof(flow->pipe));
	flow->pipe[0] = flow->pipe[1] = -1;
}

/* --- links --- */

static void set_reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* @is_reset: something failed, and both sides shall see that it did not end well. */
static void link_close(struct net_forwarder *f, struct link *link, bool is_reset)
{
	for (int i = 0; i < 2; i++) {
		if (is_reset)
			set_reset(link->ends[i].fd);
		forward_close(f, &link->ends[i].fd);
		pipe_put(f, &link->flows[i]);
		link->ends[i].source.is_dead = true;
	}
	if (link->previous)
		link->previous->next = link->next;
	else
		f->links = link->next;
	if (link->next)
		link->next->previous = link->previous;
	f->link_count--;
	f->is_short = false;
	forward_bury(f, &link->ends[0].source);
}

/* Nobody reads it any more. What the other side wrote before is still passed on. */
static void flow_end(struct net_forwarder *f, struct flow *flow)
{
	pipe_put(f, flow);
	flow->held = 0;
	flow->has_ended = true;
}

/* Return: 0, or -1 when the end that is read was reset. */
static int pump(struct net_forwarder *f, struct link *link, int from)
{
	struct flow *flow = &link->flows[from];
	const int in = link->ends[from].fd, out = link->ends[!from].fd;
	const unsigned flags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				    .data.ptr = &link->ends[from].source};
	ssize_t n;

	for (int i = 0; i < TURNS_MAX && !flow->has_ended; i++) {
		if (flow->held == 0) {
			if (pipe_get(f, flow) < 0)
				return -1;
			n = splice(in, NULL, flow->pipe[1], NULL, PIPE_BYTES, flags);
			if (n < 0) {
				pipe_put(f, flow);
				return errno == EAGAIN ? 0 : -1;
			}
			if (n == 0) {
				flow_end(f, flow);
				(void)shutdown(out, SHUT_WR);
				return 0;
			}
			flow->held = (size_t)n;
		}
		n = splice(flow->pipe[0], NULL, out, NULL, flow->held, flags);
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			flow_end(f, flow);
		else
			flow->held -= (size_t)n;
	}
	if (flow->has_ended)
		return 0;
	/* There is more, but it is somebody else's turn: have the event again. */
	return epoll_ctl(f->epoll_fd, EPOLL_CTL_MOD, in, &event);
}

static void link_work(struct net_forwarder *f, struct link *link)
{
	if (pump(f, link, 0) < 0 || pump(f, link, 1) < 0)
		link_close(f, link, true);
	else if (link->flows[0].has_ended && link->flows[1].has_ended)
		link_close(f, link, false);
}

static void link_connect(struct net_forwarder *f, struct link *link);

static void link_open(struct net_forwarder *f, struct link *link)
{
	const uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	struct epoll_event event = {.events = events, .data.ptr = &link->ends[1].source};
	int rc;

	if (link->state == LINK_CONNECTING)
		rc = epoll_ctl(f->epoll_fd, EPOLL_CTL_MOD, link->ends[1].fd, &event);
	else
		rc = forward_add(f, link->ends[1].fd, events, &link->ends[1].source);
	link->state = LINK_OPEN;
	if (rc < 0 || forward_add(f, link->ends[0].fd, events, &link->ends[0].source) < 0)
		link_close(f, link, true);
}

static void end_ready(struct net_forwarder *f, struct source *source, uint32_t events)
{
	struct link *link = ((struct link_end *)source)->link;
	socklen_t len = sizeof(int);
	int code = 0;

	(void)events;
	if (link->state == LINK_OPEN) {
		link_work(f, link);
		return;
	}
	if (getsockopt(link->ends[1].fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code == 0) {
		link_open(f, link);
		return;
	}
	link_connect(f, link);
}

static void link_wait(struct net_forwarder *f, struct link *link)
{
	link->state = LINK_WAITING;
	link->next_waiting = NULL;
	if (!f->waiting)
		f->waiting_end = &f->waiting;
	*f->waiting_end = link;
	f->waiting_end = &link->next_waiting;
	f->waiting_count++;
}

/* Return: 1 when it is connected, 0 when that takes a while, -1 when nobody is there. On
 * loopback the answer is there before connect(2) is back, although it does not say so. */
static int try_connect(int fd, const struct sockaddr_in6 *to)
{
	if (inner_connect(fd, to) == 0)
		return 1;
	if (errno != EINPROGRESS)
		return -1;
	if (inner_connect(fd, to) == 0 || errno == EISCONN)
		return 1;
	return errno == EALREADY || errno == EINPROGRESS ? 0 : -1;
}

/* The next target, and those after it. */
static void link_connect(struct net_forwarder *f, struct link *link)
{
	struct link_end *inner = &link->ends[1];
	struct sockaddr_in6 to;
	size_t index;
	int rc;

	while (gate_target(f, link->gate, link->tries, &to, &index)) {
		forward_close(f, &inner->fd);
		inner->fd = stock_take(f, NET_SOCKET_TCP);
		if (inner->fd < 0) {
			link_wait(f, link);
			return;
		}
		link->tries++;
		rc = try_connect(inner->fd, &to);
		if (rc < 0)
			continue;
		link->state = LINK_WAITING;
		if (rc == 0) {
			rc = forward_add(f, inner->fd, EPOLLOUT, &inner->source);
			link->state = LINK_CONNECTING;
			if (rc < 0)
				link_close(f, link, true);
			return;
		}
		link->gate->target = index;
		link_open(f, link);
		return;
	}
	link_close(f, link, true);
}

static void link_new(struct net_forwarder *f, struct gate *gate, int fd)
{
	struct link *link = xmalloc(sizeof(*link));

	for (int i = 0; i < 2; i++) {
		link->ends[i].source.ready = end_ready;
		link->ends[i].link = link;
		link->ends[i].fd = -1;
		link->flows[i].pipe[0] = link->flows[i].pipe[1] = -1;
	}
	link->ends[0].fd = fd;
	link->gate = gate;
	link->next = f->links;
	if (f->links)
		f->links->previous = link;
	f->links = link;
	f->link_count++;
	link_connect(f, link);
}

static void say_short(struct net_forwarder *f)
{
	if (f->is_said)
		return;
	f->is_said = true;
	forward_note(f,
		     "ports: %zu connections at once are all that the limit of open files "
		     "allows (ulimit -Hn); others wait",
		     f->link_count);
}

void tcp_ready(struct net_forwarder *f, struct source *source, uint32_t events)
{
	struct gate *gate = (struct gate *)source;

	(void)events;
	for (int i = 0; i < ACCEPTS_MAX && tcp_may_accept(f); i++) {
		int fd = accept4(gate->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			link_new(f, gate, fd);
			continue;
		}
		/* It stays in the backlog until something is closed. */
		f->is_short = errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			      errno == ENOMEM;
		break;
	}
	if (f->is_short || f->link_count >= f->link_max)
		say_short(f);
}

static struct link *waiting_pop(struct net_forwarder *f)
{
	struct link *link = f->waiting;

	f->waiting = link->next_waiting;
	if (!f->waiting)
		f->waiting_end = &f->waiting;
	f->waiting_count--;
	return link;
}

void tcp_serve(struct net_forwarder *f)
{
	while (f->waiting && f->stocks[0].count > 0)
		link_connect(f, waiting_pop(f));
}

void tcp_fail(struct net_forwarder *f)
{
	while (f->waiting)
		link_close(f, waiting_pop(f), true);
}

static void drop_waiting(struct net_forwarder *f, const struct gate *gate)
{
	struct link **at = &f->waiting;

	f->waiting_end = &f->waiting;
	while (*at) {
		if ((*at)->gate == gate) {
			*at = (*at)->next_waiting;
			f->waiting_count--;
		} else {
			at = &(*at)->next_waiting;
			f->waiting_end = at;
		}
	}
}

void tcp_forget(struct net_forwarder *f, struct gate *gate)
{
	struct link *next;

	drop_waiting(f, gate);
	for (struct link *link = f->links; link; link = next) {
		next = link->next;
		if (link->gate != gate)
			continue;
		link->gate = NULL;
		if (link->state != LINK_OPEN)
			link_close(f, link, true);
	}
}

void tcp_done(struct net_forwarder *f)
{
	f->waiting = NULL;
	while (f->links)
		link_close(f, f->links, false);
	while (f->spare_count > 0)
		pipe_close(f->spare[--f->spare_count]);
}
