#include "box/facts.h"

#include "box/facts_parts.h"
#include "net/filter.h"
#include "net/net.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESOLV_MAX (64 * 1024)

static const char *const mask_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
	"/sys/fs/selinux",
};

void box_facts_done(struct box_facts *facts)
{
	size_t i;

	host_user_done(&facts->user);
	free(facts->image);
	strv_done(&facts->lower);
	free(facts->upper_dir);
	free(facts->work_dir);
	free(facts->home_dir);
	free(facts->home_in_box);
	free(facts->git_common);
	for (i = 0; i < facts->entry_count; i++) {
		free(facts->entries[i].name);
		free(facts->entries[i].link);
	}
	free(facts->entries);
	free(facts->nodes);
	strv_done(&facts->volume_dirs);
	strv_done(&facts->masks);
	free(facts->hostname);
	free(facts->resolv_conf);
	free(facts->hosts);
	free(facts->hosts_file);
	free(facts->passwd);
	free(facts->group);
	free(facts->passwd_line);
	free(facts->group_line);
	free(facts->fuse_program);
	memset(facts, 0, sizeof(*facts));
}

/* Made by root, a folder of a box is nobody's in it: it is given to the box's root. */
int facts_make_folder(const struct facts_request *request, const char *path)
{
	uint32_t uid, gid;

	if (path_mkdirs(path, 0755) < 0)
		return -1;
	if (request->user->uid != 0 || !host_map_to_outside(request->uid_map, 0, &uid) ||
	    !host_map_to_outside(request->gid_map, 0, &gid))
		return 0;
	return lchown(path, uid, gid);
}

static int make_volumes(const struct facts_request *request, struct box_facts *facts,
			struct err *err)
{
	size_t i;

	for (i = 0; i < request->spec->volume_count; i++) {
		const struct spec_volume *volume = &request->spec->volumes[i];
		char *path = NULL;

		if (volume->type == VOLUME_NAMED)
			path = xasprintf("%s/volumes/%s/%s", request->dirs->data,
					 request->project->id, volume->source);
		else if (volume->type == VOLUME_CACHE)
			path = xasprintf("%s/caches/%s", request->dirs->data, volume->source);
		strv_take(&facts->volume_dirs, path ? path : xstrdup(""));
		if (path && facts_make_folder(request, path) < 0) {
			(void)err_sys(err, "make volume '%s'", path);
			return spec_at(&volume->at, err);
		}
	}
	return 0;
}

static void device_facts(struct box_facts *facts)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(plan_device_names); i++) {
		AUTO_FREE char *path = path_join("/dev", plan_device_names[i]);
		struct stat st;

		facts->has_dev[i] = stat(path, &st) == 0 && S_ISCHR(st.st_mode);
	}
}

/* free() it; NULL: the host is not reached. */
static char *host_gateway(const struct spec *spec, const struct net_layout *network)
{
	char gateway[IPV4_TEXT_MAX];

	if (spec->network_mode == NET_HOST)
		return xstrdup("127.0.0.1");
	return network && network->reaches_host ? xstrdup(ipv4_text(network->gateway, gateway))
						: NULL;
}

static void put_hosts(const struct spec *spec, const char *gateway, struct strv *out)
{
	for (size_t i = 0; i < spec->extra_hosts.count; i++) {
		const char *line = spec->extra_hosts.items[i];

		if (!str_starts(line, SPEC_HOST_GATEWAY " "))
			strv_add(out, line);
		else if (gateway)
			strv_addf(out, "%s%s", gateway, strchr(line, ' '));
	}
}

static void text_facts(const struct facts_request *request, struct box_facts *facts)
{
	const struct spec *spec = request->spec;
	const struct net_layout *network = request->network;
	AUTO_FREE char *host_text = NULL;
	AUTO_FREE char *gateway = host_gateway(spec, network);
	AUTO_STRV struct strv extra = {0};
	char dns[IPV4_TEXT_MAX], address[IPV4_TEXT_MAX];
	struct err ignored;
	size_t i;

	facts->hostname =
		xstrdup(spec->hostname.value ? spec->hostname.value : request->project->id);
	/* A box that is filtered asks for nothing but what it means. */
	if (spec->network_mode == NET_FILTERED ||
	    fd_read_file(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &host_text, &ignored) < 0)
		host_text = xstrdup("");
	facts->resolv_conf =
		net_resolv_conf(host_text, &spec->dns, &spec->dns_search,
				spec->network_mode == NET_FILTERED ? NET_FILTER_ADDRESS
				: network ? ipv4_text(network->dns, dns)
					  : NULL);
	put_hosts(spec, gateway, &extra);
	facts->hosts = net_hosts(
		facts->hostname,
		network && request->member ? ipv4_text(network->address, address) : NULL,
		network ? gateway : NULL, &extra);
	facts->hosts_file = request->member ? xstrdup(request->hosts_file) : NULL;
	for (i = 0; i < ARRAY_LEN(mask_paths); i++) {
		if (access(mask_paths[i], F_OK) == 0)
			strv_add(&facts->masks, mask_paths[i]);
	}
	facts->has_cgroup2 = true;
	facts->nested = true;
}

static void copy_user(struct host_user *to, const struct host_user *from)
{
	*to = (struct host_user){
		.uid = from->uid,
		.gid = from->gid,
		.name = xstrdup(from->name),
		.group = xstrdup(from->group),
		.home = xstrdup(from->home),
		.shell = xstrdup(from->shell),
	};
}

static int gather(const struct facts_request *request, struct box_facts *facts,
		  struct strv *notes, struct err *err)
{
	const struct spec *spec = request->spec;

	copy_user(&facts->user, request->user);
	facts->uid_map = *request->uid_map;
	facts->gid_map = *request->gid_map;
	facts->is_single_id =
		request->uid_map->count == 1 && request->uid_map->lines[0].count == 1;
	facts->is_root_caller = request->user->uid == 0;
	facts->image = xstrdup(spec->image.value ? spec->image.value : "host");
	facts->home_dir = xstrdup(request->home_dir);
	facts->home_in_box = xstrdup(request->identity->home);
	facts->is_build = request->upper_dir != NULL;
	if (spec->workspace.source && !facts->is_build)
		facts->git_common = facts_git_common(spec->workspace.source);
	if (facts->is_root_caller && spec->workspace.source && !facts->is_build)
		strv_add(notes, "you are root, whom no box knows: it can read your files, and "
				"write only what belongs to "
				"its subordinate ids");
	if (facts_nodes(spec, facts, err) < 0 || make_volumes(request, facts, err) < 0)
		return -1;
	if (facts_root(request, facts, notes, err) < 0)
		return -1;
	device_facts(facts);
	text_facts(request, facts);
	return facts->home_dir ? box_home_prepare(request, facts, err) : 0;
}

int box_facts_gather(const struct facts_request *request, struct box_facts *out_facts,
		     struct strv *notes, struct err *err)
{
	struct box_facts facts = {0};

	if (gather(request, &facts, notes, err) < 0) {
		box_facts_done(&facts);
		return -1;
	}
	*out_facts = facts;
	return 0;
}
