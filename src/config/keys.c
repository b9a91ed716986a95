#include "config/parts.h"

#include "util/cleanup.h"

#include <string.h>

#define BUILT true, false
#define LIVE true, true
#define LATER false, false

/* One line a key, in the order of the manual page; nested ones after their map. */
static const struct config_key table[] = {
	{"name", "string", BUILT, "name of the project"},
	{"extends", "string or list", BUILT, "profiles this one builds on"},
	{"image", "string", BUILT, "root file system: host, rootfs:DIR or an image"},
	{"platform", "string", BUILT, "architecture of the image"},
	{"pull_policy", "string", BUILT, "when to pull the image: missing, always or never"},
	{"packages", "list or map", BUILT, "packages to install into the image"},
	{"packages.apt", "list", BUILT, "names of Debian and its like"},
	{"packages.apk", "list", BUILT, "names of Alpine"},
	{"packages.dnf", "list", BUILT, "names of Fedora and its like"},
	{"packages.pacman", "list", BUILT, "names of Arch and its like"},
	{"build", "map", BUILT, "what is added to the image"},
	{"build.steps", "list", BUILT, "commands, each a layer that is kept"},
	{"build.steps.run", "string", BUILT, "the command"},
	{"build.steps.cache", "string or list", BUILT, "folders of downloads, shared by all"},
	{"build.steps.env", "map or list", BUILT, "variables of the step"},
	{"build.steps.inputs", "path or list", BUILT, "files of the workspace it reads"},
	{"build.steps.network", "boolean", BUILT, "it has the network of the profile"},
	{"build.dockerfile", "path", LATER, "a Dockerfile instead of an image"},
	{"build.context", "path", LATER, "folder of the Dockerfile"},
	{"build.target", "string", LATER, "stage of the Dockerfile"},
	{"build.args", "map", LATER, "arguments of the Dockerfile"},
	{"user", "string", BUILT, "who the box runs as: dev, root, a name or uid[:gid]"},
	{"home", "string", BUILT, "isolated, tmpfs or shared"},
	{"home_files", "list", BUILT, "single files of the real home"},
	{"workspace", "string or map", BUILT, "project folder in the box"},
	{"workspace.source", "path", BUILT, "folder on the host"},
	{"workspace.target", "path", BUILT, "folder in the box"},
	{"workspace.read_only", "boolean", BUILT, "the box cannot write to it"},
	{"working_dir", "path", BUILT, "folder commands start in"},
	{"shell", "path", BUILT, "login shell in the box"},
	{"entrypoint", "string or list", BUILT, "program that gets the command as arguments"},
	{"command", "string or list", BUILT, "program the box runs"},
	{"init", "boolean", BUILT, "a small init is process 1"},
	{"hostname", "string", BUILT, "host name in the box"},
	{"tty", "boolean", BUILT, "the command gets a terminal"},
	{"stop_signal", "signal", BUILT, "signal that asks the command to end"},
	{"stop_grace_period", "duration", BUILT, "time it has until it is killed"},
	{"environment", "map or list", BUILT, "variables of the box"},
	{"env_file", "path or list", BUILT, "files of variables"},
	{"env_file.path", "path", BUILT, "the file"},
	{"env_file.required", "boolean", BUILT, "fail when the file is missing"},
	{"env_pass", "list", BUILT, "variables of the caller that come along"},
	{"volumes", "list", BUILT, "folders and files mounted in the box"},
	{"volumes.type", "string", BUILT, "bind, volume, tmpfs or cache"},
	{"volumes.source", "path or name", BUILT, "what is mounted"},
	{"volumes.target", "path", BUILT, "where in the box"},
	{"volumes.read_only", "boolean", BUILT, "the box cannot write to it"},
	{"volumes.size", "size", BUILT, "limit of a tmpfs"},
	{"tmpfs", "string or list", BUILT, "folders in memory"},
	{"devices", "list", BUILT, "devices of the host"},
	{"shm_size", "size", BUILT, "size of /dev/shm"},
	{"read_only", "boolean", BUILT, "the root file system cannot be written to"},
	{"network_mode", "string", BUILT,
	 "project, filtered, host, none, service:NAME or macvlan"},
	{"network", "map", BUILT, "how the project's network is laid out"},
	{"network.subnet", "CIDR", BUILT, "addresses of the network"},
	{"network.backend", "string", BUILT, "what leads outside: auto, slirp4netns or pasta"},
	{"network.mtu", "integer", BUILT, "size of the largest packet"},
	{"network.ipv6", "boolean", BUILT, "the box has IPv6 too"},
	{"network.host", "boolean", BUILT, "the host's own services are at host.devbox"},
	{"network.allow", "list", BUILT, "hosts that a filtered box reaches"},
	{"ip", "address", BUILT, "fixed address of the box"},
	{"extra_hosts", "map or list", BUILT, "lines of /etc/hosts"},
	{"dns", "string or list", BUILT, "name servers"},
	{"dns_search", "string or list", BUILT, "search domains"},
	{"ports", "list", LIVE, "ports published on the host"},
	{"ports.target", "port", LIVE, "port in the box"},
	{"ports.published", "port", LIVE, "port of the host"},
	{"ports.host_ip", "address", LIVE, "address of the host"},
	{"ports.protocol", "string", LIVE, "tcp or udp"},
	{"forward_ports", "string or list", LIVE, "listeners that appear on the host"},
	{"cpus", "number", LIVE, "processors the box may use"},
	{"cpu_shares", "integer", LIVE, "weight among busy boxes"},
	{"cpu_quota", "microseconds", LIVE, "processor time in a period"},
	{"cpu_period", "microseconds", LIVE, "length of a period"},
	{"cpuset", "list of numbers", LIVE, "processors the box runs on"},
	{"cpuset_mems", "list of numbers", LIVE, "memory nodes the box uses"},
	{"mem_limit", "size", LIVE, "memory the box may use"},
	{"mem_reservation", "size", LIVE, "memory kept for the box under pressure"},
	{"memswap_limit", "size", LIVE, "memory and swap together"},
	{"pids_limit", "integer", LIVE, "processes and threads"},
	{"blkio_config", "map", LIVE, "block device limits"},
	{"blkio_config.weight", "integer", LIVE, "weight among busy boxes"},
	{"blkio_config.weight_device", "list", LATER, "weight for a device"},
	{"blkio_config.device_read_bps", "list", LIVE, "bytes read in a second"},
	{"blkio_config.device_read_bps.path", "path", LIVE, "the device"},
	{"blkio_config.device_read_bps.rate", "size", LIVE, "the limit"},
	{"blkio_config.device_write_bps", "list", LIVE, "bytes written in a second"},
	{"blkio_config.device_write_bps.path", "path", LIVE, "the device"},
	{"blkio_config.device_write_bps.rate", "size", LIVE, "the limit"},
	{"blkio_config.device_read_iops", "list", LIVE, "reads in a second"},
	{"blkio_config.device_read_iops.path", "path", LIVE, "the device"},
	{"blkio_config.device_read_iops.rate", "integer", LIVE, "the limit"},
	{"blkio_config.device_write_iops", "list", LIVE, "writes in a second"},
	{"blkio_config.device_write_iops.path", "path", LIVE, "the device"},
	{"blkio_config.device_write_iops.rate", "integer", LIVE, "the limit"},
	{"oom_score_adj", "integer", BUILT, "who is killed first when memory ends"},
	{"ulimits", "map", BUILT, "resource limits of each process"},
	{"ulimits.soft", "integer", BUILT, "limit in force"},
	{"ulimits.hard", "integer", BUILT, "limit a process may raise it to"},
	{"sysctls", "map or list", BUILT, "kernel parameters of the box"},
	{"cap_add", "list", BUILT, "capabilities beyond the default"},
	{"cap_drop", "list", BUILT, "capabilities taken away"},
	{"security_opt", "list", BUILT, "no-new-privileges and seccomp"},
	{"secrets", "map", LATER, "files below /run/secrets"},
	{"desktop", "map", LATER, "access to the desktop session"},
	{"exports", "map", LATER, "programs of the box on the host"},
	{"hooks", "map", LATER, "commands run at certain moments"},
	{"tasks", "map", LATER, "named commands"},
	{"services", "map", BUILT, "the other boxes of the project"},
	{"services.profiles", "string or list", BUILT, "starts only with one of these"},
	{"depends_on", "list or map", BUILT, "services that come first"},
	{"depends_on.condition", "string", BUILT, "what is waited for"},
	{"healthcheck", "map", BUILT, "when the box counts as healthy"},
	{"healthcheck.test", "string or list", BUILT, "a command in the box that succeeds"},
	{"healthcheck.tcp", "integer", BUILT, "a port of the box that is listened on"},
	{"healthcheck.http", "string", BUILT, "a page of the box that is there"},
	{"healthcheck.file", "path", BUILT, "a file in the box that is there"},
	{"healthcheck.interval", "duration", BUILT, "between two probes"},
	{"healthcheck.timeout", "duration", BUILT, "a probe that takes longer has failed"},
	{"healthcheck.retries", "integer", BUILT, "failures in a row that make it unhealthy"},
	{"healthcheck.start_period", "duration", BUILT, "failures do not count so long"},
	{"healthcheck.start_interval", "duration", BUILT, "between probes until one succeeds"},
	{"healthcheck.disable", "boolean", BUILT, "no probes"},
	{"restart", "string", LATER, "what to do when the command ends"},
	{"snapshots", "map", LATER, "automatic snapshots"},
	{"idle_stop", "duration", LATER, "stop the box when it is idle"},
	{NULL, NULL, false, false, NULL},
};

/* Maps whose keys the user invents. */
static const char *const free_maps[] = {"environment", "sysctls",    "extra_hosts",
					"ulimits",     "depends_on", NULL};

/* What people write for a key of ours that is spelled quite differently. */
static const struct {
	const char *word;
	const char *key;
} other_words[] = {
	{"memory", "mem_limit"},
	{"mem", "mem_limit"},
	{"swap", "memswap_limit"},
	{"cpu", "cpus"},
	{"pids", "pids_limit"},
	{"env", "environment"},
	{"variables", "environment"},
	{"mounts", "volumes"},
	{"binds", "volumes"},
	{"workdir", "working_dir"},
	{"cwd", "working_dir"},
	{"cmd", "command"},
	{"from", "image"},
	{"rootfs", "image"},
	{"hosts", "extra_hosts"},
	{"publish", "ports"},
	{"expose", "ports"},
	{"forward", "forward_ports"},
	{"forwardPorts", "forward_ports"},
	{"dotfiles", "home_files"},
	{"capabilities", "cap_add"},
	{"seccomp", "security_opt"},
	{"inherits", "extends"},
	{"project", "name"},
};

const struct config_key *config_keys(void)
{
	return table;
}

const struct config_key *keys_find(const char *name)
{
	for (const struct config_key *key = table; key->name; key++)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

static bool is_free_map(const char *name)
{
	for (size_t i = 0; free_maps[i]; i++)
		if (strcmp(free_maps[i], name) == 0)
			return true;
	return false;
}

/* The last part of @name when it is a key directly below @parent ("" is the top), else NULL. */
static const char *below(const char *name, const char *parent)
{
	size_t len = strlen(parent);

	if (len && (strncmp(name, parent, len) != 0 || name[len] != '.'))
		return NULL;
	name += len ? len + 1 : 0;
	return strchr(name, '.') ? NULL : name;
}

static const char *nearest_key(const char *word, const char *parent)
{
	const char *candidates[ARRAY_LEN(table) + ARRAY_LEN(other_words)];
	size_t count = 0;
	const char *nearest;

	for (const struct config_key *key = table; key->name; key++)
		if (below(key->name, parent))
			candidates[count++] = below(key->name, parent);
	for (size_t i = 0; !*parent && i < ARRAY_LEN(other_words); i++)
		candidates[count++] = other_words[i].word;
	candidates[count] = NULL;

	nearest = str_nearest(word, candidates);
	for (size_t i = 0; nearest && !*parent && i < ARRAY_LEN(other_words); i++)
		if (strcmp(nearest, other_words[i].word) == 0)
			return other_words[i].key;
	return nearest;
}

static int fail_unknown(const struct node_key *key, const char *parent, struct err *err)
{
	const char *nearest = nearest_key(key->name, parent);

	if (*parent)
		(void)place_fail(err, &key->at, "unknown key '%.100s' in '%s'", key->name,
				 parent);
	else
		(void)place_fail(err, &key->at, "unknown key '%.100s'", key->name);
	if (nearest)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(err, "see devbox.yaml(5); keys of your own begin with 'x-'");
}

static bool has_children(const char *name)
{
	for (const struct config_key *key = table; key->name; key++)
		if (below(key->name, name))
			return true;
	return false;
}

static int check_below(struct node *value, const char *name, struct err *err);

/* A service has the keys of the top, and some of its own. */
static int check_service(struct node *map, struct err *err)
{
	for (size_t i = 0; i < map->count;) {
		const char *key = map->keys[i].name;
		AUTO_FREE char *own = xasprintf("services.%s", key);

		if (str_starts(key, "x-")) {
			node_free(node_take(map, i));
			continue;
		}
		if (strchr(key, '.') || (!keys_find(key) && !keys_find(own)))
			return fail_unknown(&map->keys[i], "", err);
		if (has_children(key) && check_below(map->items[i], key, err) < 0)
			return -1;
		i++;
	}
	return 0;
}

static int check_services(struct node *services, struct err *err)
{
	for (size_t i = 0; services->kind == NODE_MAP && i < services->count;) {
		if (str_starts(services->keys[i].name, "x-")) {
			node_free(node_take(services, i));
			continue;
		}
		if (services->items[i]->kind == NODE_MAP &&
		    check_service(services->items[i], err) < 0)
			return -1;
		i++;
	}
	return 0;
}

static int check_map(struct node *map, const char *name, struct err *err)
{
	for (size_t i = 0; i < map->count;) {
		AUTO_FREE char *path =
			xasprintf("%s%s%s", name, *name ? "." : "", map->keys[i].name);

		if (str_starts(map->keys[i].name, "x-")) {
			node_free(node_take(map, i));
			continue;
		}
		if (!below(path, name) || !keys_find(path))
			return fail_unknown(&map->keys[i], name, err);
		if (has_children(path) && check_below(map->items[i], path, err) < 0)
			return -1;
		i++;
	}
	return 0;
}

/* A map is checked; so is each map in a list, or in a map whose keys are free. */
static int check_below(struct node *value, const char *name, struct err *err)
{
	bool is_free = is_free_map(name);

	if (strcmp(name, "services") == 0)
		return check_services(value, err);
	if (value->kind == NODE_MAP && !is_free)
		return check_map(value, name, err);

	for (size_t i = 0; i < value->count; i++)
		if (value->items[i]->kind == NODE_MAP &&
		    check_map(value->items[i], name, err) < 0)
			return -1;
	return 0;
}

int keys_check(struct node *root, struct err *err)
{
	return check_map(root, "", err);
}
