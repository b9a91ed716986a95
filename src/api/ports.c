#include "api/ports.h"

#include "api/live.h"
#include "box/control.h"
#include "net/port.h"
#include "state/ports.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define ADDRESS_FILE "address"
#define ADDRESS_TRIES 1000
#define ANSWER_MS 10000
#define SAID_MAX 8 /* published ports that `up` lists one by one */

/* --- the project's address --- */

/* The address in @dir, a project's folder; NULL: none that can be used. */
static char *read_address(const char *dir)
{
	AUTO_FREE char *path = path_join(dir, ADDRESS_FILE);
	AUTO_FREE char *text = NULL;
	struct in_addr address;
	struct err ignored;

	if (fd_read_file(AT_FDCWD, path, 64, &text, &ignored) < 0 ||
	    inet_pton(AF_INET, text, &address) != 1 || ntohl(address.s_addr) >> 24 != 127)
		return NULL;
	return STEAL(text);
}

static void list_taken(const char *projects, const char *own, struct strv *out)
{
	AUTO_CLOSEDIR DIR *dir = opendir(projects);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path = path_join(projects, entry->d_name);
		char *address =
			*entry->d_name == '.' || str_eq(path, own) ? NULL : read_address(path);

		if (address)
			strv_take(out, address);
	}
}

static char *choose(const char *folder, const struct strv *taken)
{
	char text[INET_ADDRSTRLEN] = "";

	for (unsigned i = 0; i < ADDRESS_TRIES; i++) {
		struct in_addr address = net_loopback_address(folder, i);

		(void)inet_ntop(AF_INET, &address, text, sizeof(text));
		if (!strv_has(taken, text))
			break;
	}
	return xstrdup(text);
}

int api_loopback(const struct devbox *devbox, const struct project *project, bool keep,
		 char **out_address, struct err *err)
{
	AUTO_FREE char *projects = path_join(devbox->dirs.data, "projects");
	AUTO_FREE char *path = path_join(project->data_dir, ADDRESS_FILE);
	AUTO_FREE char *address = read_address(project->data_dir);
	AUTO_CLOSE int lock = -1;
	AUTO_STRV struct strv taken = {0};

	if (address) {
		*out_address = STEAL(address);
		return 0;
	}
	/* Of two that choose at once the second shall see what the first took. */
	lock = open(projects, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (keep && (lock < 0 || flock(lock, LOCK_EX) < 0))
		return err_sys(err, "lock '%s'", projects);
	list_taken(projects, project->data_dir, &taken);
	address = choose(project->folder, &taken);
	if (keep && fd_write_atomic(AT_FDCWD, path, address, strlen(address), 0600, err) < 0)
		return -1;
	*out_address = STEAL(address);
	return 0;
}

/* --- a box that runs --- */

/* "WHICH\nMESSAGE\nHINT", the answer of the supervisor, as an error at the profile's line. */
static int explain(const struct spec *spec, struct err *err)
{
	AUTO_FREE char *answer = xstrdup(err->message);
	char *rest = answer;
	char *number = strsep(&rest, "\n");
	char *message = strsep(&rest, "\n");
	uint64_t which;

	if (!message)
		return -1;
	(void)err_set(err, "%s", message);
	if (rest && *rest)
		(void)err_hint(err, "%s", rest);
	if (str_to_u64(number, &which) < 0)
		return -1;
	for (size_t i = 0; i < spec->port_count; i++) {
		if (which < spec->ports[i].count)
			return spec_at(&spec->ports[i].at, err);
		which -= spec->ports[i].count;
	}
	return -1;
}

int api_apply_ports(const struct project *project, const char *box, const struct spec *spec,
		    const char *plan, struct err *err)
{
	AUTO_FREE char *ports = live_ports(plan);
	AUTO_FREE char *request = xasprintf("ports %s\n%s", box, ports);

	if (control_ask(project->runtime_dir, request, ANSWER_MS, err) == 0)
		return 0;
	return explain(spec, err);
}

static char *describe(const struct port_entry *e)
{
	bool is_v6 = strchr(e->address, ':') != NULL;

	return xasprintf("%s%s%s:%u -> %u/%s", is_v6 ? "[" : "", e->address, is_v6 ? "]" : "",
			 e->host_port, e->box_port, e->protocol);
}

void api_say_ports(const struct project *project, const char *box, const char *loopback)
{
	struct port_list list;
	struct err ignored;
	size_t said = 0, more = 0;

	if (port_list_load(project->runtime_dir, box, &list, &ignored) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		AUTO_FREE char *words = describe(&list.items[i]);

		if (list.items[i].kind != PORT_PUBLISHED)
			continue;
		if (said++ < SAID_MAX)
			log_note(" %-16s port     %s", "", words);
		else
			more++;
	}
	if (more > 0)
		log_note(" %-16s port     and %zu more: devbox port lists them", "", more);
	if (loopback)
		log_note(" %-16s port     what listens in it appears at %s", "", loopback);
	port_list_done(&list);
}
