#include "box/ward.h"

#include "state/ports.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ports of the host that lead into the box: the plan's lines "port …" and "forward …". */

#define NOTES_MAX 20
#define RANGES_MAX 256

_Static_assert((int)NET_SOCKET_TCP == (int)INIT_SOCKET_TCP &&
		       (int)NET_SOCKET_UDP == (int)INIT_SOCKET_UDP &&
		       (int)NET_SOCKET_DIAG == (int)INIT_SOCKET_DIAG,
	       "kinds of sockets");

static void ask(void *arg, enum net_socket kind, int count)
{
	const struct ward *ward = arg;
	const struct init_message message = {
		.type = INIT_SOCKETS, .a = (int32_t)kind, .b = count};

	(void)send(ward->launched.process.socket, &message, sizeof(message),
		   MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void save_list(void *arg)
{
	struct ward *ward = arg;
	AUTO_FREE struct net_forward *forwards = NULL;
	size_t count = net_forwarder_list(ward->ports.forwarder, &forwards);
	struct port_list list = {0};
	struct err ignored;

	for (size_t i = 0; i < count; i++) {
		const struct net_port *port = &forwards[i].port;
		char address[NET_ADDRESS_MAX];

		port_list_add(&list,
			      forwards[i].is_published ? PORT_PUBLISHED
			      : forwards[i].is_blocked ? PORT_BLOCKED
						       : PORT_FORWARDED,
			      net_protocol_name(port->protocol),
			      net_address_text(&port->host, address),
			      net_address_port(&port->host), port->box_port);
	}
	(void)port_list_save(ward->request->project->runtime_dir, ward->record->box, &list,
			     &ignored);
	ward_event_ports(ward, &ward->ports.known, &list);
	port_list_done(&ward->ports.known);
	ward->ports.known = list;
}

/* Those who closed their end have nothing to say, so they are found when there is need. */
static void drop_gone(struct ward_ports *ports)
{
	size_t kept = 0;

	for (size_t i = 0; i < ports->watcher_count; i++) {
		struct pollfd p = {.fd = ports->watchers[i], .events = POLLIN};

		if (poll(&p, 1, 0) == 0)
			ports->watchers[kept++] = p.fd;
		else
			(void)close(p.fd);
	}
	ports->watcher_count = kept;
}

static void tell_watchers(void *arg, const char *url, uint16_t box_port)
{
	struct ward *ward = arg;
	AUTO_FREE char *text = xasprintf("port %u is at %s", box_port, url);

	drop_gone(&ward->ports);
	for (size_t i = 0; i < ward->ports.watcher_count; i++)
		(void)send(ward->ports.watchers[i], text, strlen(text),
			   MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_note(void *arg, const char *text)
{
	struct ward *ward = arg;

	if (ward->record->notes.count >= NOTES_MAX || strv_has(&ward->record->notes, text))
		return;
	strv_add(&ward->record->notes, text);
	if (ward->record->supervisor_pid)
		ward_save(ward);
}

void ward_ports_watch(struct ward *ward, int client)
{
	drop_gone(&ward->ports);
	if (ward->ports.forwarder && ward->ports.watcher_count < WARD_WATCHERS_MAX)
		ward->ports.watchers[ward->ports.watcher_count++] = client;
	else
		(void)close(client);
}

/* "forward ADDRESS[ FIRST-LAST]…" of the plan. */
static int watch(struct ward *ward, const char *text)
{
	AUTO_FREE char *line = NULL;
	struct net_range ranges[RANGES_MAX];
	struct in_addr address;
	size_t count = 0;
	char *rest, *word;

	while (text && !str_starts(text, "forward ")) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	if (!text) {
		net_forwarder_watch(ward->ports.forwarder, NULL, NULL, 0);
		return 0;
	}
	line = xstrndup(text, strcspn(text, "\n"));
	rest = line + strlen("forward ");
	word = strsep(&rest, " ");
	if (inet_pton(AF_INET, word, &address) != 1)
		return -1;
	while (count < RANGES_MAX && (word = strsep(&rest, " ")) != NULL) {
		if (sscanf(word, "%hu-%hu", &ranges[count].first, &ranges[count].last) != 2)
			return -1;
		count++;
	}
	net_forwarder_watch(ward->ports.forwarder, &address, ranges, count);
	return 0;
}

static bool is_supervisor_of(const char *dir, pid_t pid)
{
	AUTO_STRV struct strv boxes = {0};
	struct err ignored;
	bool is_it = false;

	(void)record_list(dir, &boxes, &ignored);
	for (size_t i = 0; i < boxes.count && !is_it; i++) {
		struct record record = {0};

		if (record_load(dir, boxes.items[i], &record, &ignored) < 0)
			continue;
		is_it = record.supervisor_pid == pid;
		record_done(&record);
	}
	return is_it;
}

/* The project whose supervisor @pid is. free() it; NULL: it is none. */
static char *project_of(const char *runtime, pid_t pid)
{
	AUTO_CLOSEDIR DIR *dir = opendir(runtime);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path = path_join(runtime, entry->d_name);

		if (*entry->d_name != '.' && is_supervisor_of(path, pid))
			return xstrdup(entry->d_name);
	}
	return NULL;
}

/* A port that another project has: its supervisor's name says less. */
static void name_project(const struct ward *ward, const char *text, size_t bad, struct err *err)
{
	AUTO_FREE struct net_port *ports = NULL;
	AUTO_FREE char *project = NULL;
	struct net_holder holder;
	size_t count;

	if (err->code != EADDRINUSE || net_ports_parse(text, &ports, &count) < 0 ||
	    bad >= count)
		return;
	net_port_holder(&ports[bad], &holder);
	project = holder.pid ? project_of(ward->request->dirs->runtime, holder.pid) : NULL;
	if (!project)
		return;
	(void)err_set(err, "publish port %u/%s: project '%s' has it",
		      net_address_port(&ports[bad].host),
		      net_protocol_name(ports[bad].protocol), project);
	err->code = EADDRINUSE;
	(void)err_hint(err, "devbox -p %s down, or publish another port of the host", project);
}

int ward_ports_apply(struct ward *ward, const char *text, size_t *out_bad, struct err *err)
{
	AUTO_FREE struct net_port *ports = NULL;
	size_t count = 0;

	*out_bad = SIZE_MAX;
	if (!ward->ports.forwarder)
		return err_set(err, "the box has no network to publish ports of");
	if (net_ports_parse(text, &ports, &count) < 0)
		return err_set(err, "damaged list of ports");
	if (net_forwarder_publish(ward->ports.forwarder, ports, count, out_bad, err) < 0) {
		name_project(ward, text, *out_bad, err);
		return -1;
	}
	return watch(ward, text) < 0 ? err_set(err, "damaged list of ports") : 0;
}

/* Where the profile says so, by the number of the port among all. */
static int blame(const struct spec *spec, size_t bad, struct err *err)
{
	for (size_t i = 0; i < spec->port_count; i++) {
		if (bad < spec->ports[i].count)
			return spec_at(&spec->ports[i].at, err);
		bad -= spec->ports[i].count;
	}
	return -1;
}

int ward_ports_open(struct ward *ward, struct err *err)
{
	const struct net_forward_hooks hooks = {ward, ask, save_list, tell_watchers, take_note};
	const enum net_mode mode = ward->request->spec->network_mode;
	char address[IPV4_TEXT_MAX];
	size_t bad;

	port_list_remove(ward->request->project->runtime_dir, ward->record->box);
	if (!spec_has_ports(ward->request->spec))
		return 0;
	(void)ipv4_text(ward->prepared->network.address, address);
	if (net_forwarder_new(&hooks, mode == NET_FILTERED ? NULL : address,
			      &ward->ports.forwarder, err) < 0)
		return -1;
	if (ward_ports_apply(ward, ward->prepared->plan_text, &bad, err) < 0) {
		port_list_remove(ward->request->project->runtime_dir, ward->record->box);
		return blame(ward->request->spec, bad, err);
	}
	return 0;
}

void ward_ports_close(struct ward *ward)
{
	net_forwarder_free(ward->ports.forwarder);
	ward->ports.forwarder = NULL;
	while (ward->ports.watcher_count > 0)
		(void)close(ward->ports.watchers[--ward->ports.watcher_count]);
	port_list_remove(ward->request->project->runtime_dir, ward->record->box);
	port_list_done(&ward->ports.known);
}

void ward_ports_give(struct ward *ward, const struct init_message *message, int fd)
{
	if (ward->ports.forwarder && message->a >= INIT_SOCKET_TCP &&
	    message->a <= INIT_SOCKET_DIAG)
		net_forwarder_give(ward->ports.forwarder, (enum net_socket)message->a, fd,
				   message->b);
	else
		cleanup_close(&fd);
}
