#include "box/ward.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The box's place in the network of a project of several boxes. */

/* It must be there when the plan mounts it; the others' names come when the box has joined. */
static int write_hosts(const struct ward *ward, struct err *err)
{
	AUTO_FREE char *path =
		hub_hosts_path(ward->request->project->runtime_dir, ward->record->box);
	const char *text = ward->prepared->facts.hosts;

	return fd_write_file(AT_FDCWD, path, text, strlen(text), 0644, err);
}

int ward_hub_enter(struct ward *ward, int *out_userns, struct err *err)
{
	*out_userns = -1;
	if (!ward->request->member)
		return 0;
	if (write_hosts(ward, err) < 0)
		return -1;
	ward->hub_fd = hub_connect(ward->request->project->runtime_dir, err);
	if (ward->hub_fd < 0)
		return -1;
	*out_userns = hub_enter(ward->hub_fd, err);
	return *out_userns < 0 ? -1 : 0;
}

static int open_namespace(pid_t pid, const char *name, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open the network to share") : fd;
}

int ward_share_network(struct ward *ward, int *out_userns, int *out_netns, struct err *err)
{
	const struct spec *spec = ward->request->spec;
	struct record record = {0};
	int rc = 0;

	*out_userns = *out_netns = -1;
	if (spec->network_mode != NET_SERVICE)
		return 0;
	if (record_load(ward->request->project->runtime_dir, spec->network_service, &record,
			err) < 0)
		return err_wrap(err, "network_mode: service '%s'", spec->network_service);
	if (!record_is_running(&record)) {
		rc = err_set(err, "network_mode: service '%s' does not run",
			     spec->network_service);
	} else {
		*out_userns = open_namespace(record.init_pid, "user", err);
		*out_netns = *out_userns < 0 ? -1 : open_namespace(record.init_pid, "net", err);
		rc = *out_netns < 0 ? -1 : 0;
		ward->record->net_pid = record.net_pid;
		ward->record->net_start = record.net_start;
	}
	record_done(&record);
	return rc;
}

int ward_hub_join(void *arg, pid_t pid, struct err *err)
{
	const struct ward *ward = arg;
	const struct box_facts *facts = &ward->prepared->facts;
	const struct hub_guest guest = {pid, ward->request->member, facts->hostname,
					facts->hosts};
	pid_t uplink;

	if (hub_join(ward->hub_fd, &guest, &uplink, err) < 0)
		return -1;
	ward->record->net_pid = uplink;
	ward->record->net_start = 0;
	if (uplink > 0)
		(void)proc_start_time(uplink, &ward->record->net_start);
	else
		ward->record->net_lost = xstrdup("slirp4netns has ended");
	return 0;
}

void ward_hub_news(struct ward *ward)
{
	char words[256];
	ssize_t n = recv(ward->hub_fd, words, sizeof(words) - 1, MSG_DONTWAIT);

	if (n < 0)
		return;
	words[n] = '\0';
	if (n == 0) {
		(void)close(ward->hub_fd);
		ward->hub_fd = -1;
	}
	ward_network_lost(ward, n > 0 ? words : "devbox-net has ended");
}
