#ifndef CONFIG_SPEC_H
#define CONFIG_SPEC_H

#include "util/cidr.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct origin - where in the user's files a value was written
 * @file:	path as the user would write it; NULL for a default or a command-line option;
 * owned by the spec
 */
struct origin {
	const char *file;
	int line;
	int column;
};

/* Values that remember whether and where they were given. */
struct spec_text {
	char *value; /* NULL: not given */
	struct origin at;
};
struct spec_number {
	bool is_set;
	int64_t value;
	struct origin at;
};
struct spec_list {
	struct strv items;
	struct origin *at; /* one for each item */
};

enum pull_policy { PULL_MISSING, PULL_ALWAYS, PULL_NEVER };

/* Whose names the packages of a list are. */
enum packager { PACKAGER_ANY, PACKAGER_APT, PACKAGER_APK, PACKAGER_DNF, PACKAGER_PACMAN };
#define PACKAGER_COUNT 5

/* HOME_IMAGE: nothing is put over the image's own, when what runs is the image's own command;
 * no profile can say so */
enum home_mode { HOME_ISOLATED, HOME_TMPFS, HOME_SHARED, HOME_IMAGE };
/* Where the services of the host's own loopback are. */
#define SPEC_HOST_GATEWAY "host-gateway"

enum net_mode { NET_PROJECT, NET_HOST, NET_NONE, NET_FILTERED, NET_SERVICE };
enum network_backend { BACKEND_AUTO, BACKEND_SLIRP, BACKEND_PASTA };
enum home_file_mode { HOME_FILE_RO, HOME_FILE_RW, HOME_FILE_COPY };
enum volume_type { VOLUME_BIND, VOLUME_NAMED, VOLUME_TMPFS, VOLUME_CACHE };

struct spec_home_file {
	char *path; /* absolute on the host, ~ expanded */
	enum home_file_mode mode;
	struct origin at;
};

/**
 * struct spec_volume - one mount the profile asks for
 * @source:	host path (VOLUME_BIND; absolute), name (VOLUME_NAMED, VOLUME_CACHE), NULL
 * (VOLUME_TMPFS)
 * @target:	absolute, normalized path in the box
 * @size_bytes:	VOLUME_TMPFS: limit, 0 = the kernel's default
 */
struct spec_volume {
	enum volume_type type;
	char *source;
	char *target;
	bool is_read_only;
	uint64_t size_bytes;
	struct origin at;
};

/**
 * struct spec_port - ports of the box that are published on the host
 * @address:	of the host, "127.0.0.1" or "::1"
 * @host_first:	0: whichever is free
 * @count:	how many from there on
 */
struct spec_port {
	bool is_udp;
	char *address;
	uint16_t host_first;
	uint16_t box_first;
	uint16_t count;
	struct origin at;
};

/* Listeners of the box that appear on the host by themselves: all, none, or those of a list. */
enum forward_mode { FORWARD_AUTO, FORWARD_OFF, FORWARD_LIST };
struct spec_forward {
	uint16_t first, last;
};

/* What is where in a subnet, counted from its first address; its last is for broadcasts. */
#define SUBNET_GATEWAY_AT 2
#define SUBNET_DNS_AT 3
#define SUBNET_ADDRESS_AT 100 /* of a box that asks for none */
#define SUBNET_BITS_MIN 8
#define SUBNET_BITS_MAX 25

/**
 * struct spec_network - the project's own network, of network_mode 'project'
 * @subnet:	bits 0: any that is free; with @address_at and without `network.subnet` the /24
 *		around the address
 * @reaches_host: the services of the host's loopback, as host.devbox
 * @address:	of the box, when @address_at.file is set
 * @allow:	of network_mode 'filtered': "name", "*.name", each perhaps with ":port"
 */
struct spec_network {
	struct cidr subnet;
	struct origin subnet_at;
	enum network_backend backend;
	struct origin backend_at;
	struct spec_number mtu;
	bool has_ipv6;
	struct origin ipv6_at;
	bool reaches_host;
	struct origin host_at;
	uint32_t address;
	struct origin address_at;
	struct spec_list allow;
	struct origin allow_at;
};

struct spec_device {
	char *source; /* /dev/… on the host */
	char *target;
	bool is_read_only;
	struct origin at;
};

struct spec_ulimit {
	int resource;  /* RLIMIT_* */
	uint64_t soft; /* UINT64_MAX: unlimited */
	uint64_t hard;
	struct origin at;
};

struct spec_sysctl {
	char *name; /* dotted */
	char *value;
	struct origin at;
};

struct spec_blkio_device {
	char *path; /* block device on the host */
	uint64_t rate;
	enum { BLKIO_READ_BPS, BLKIO_WRITE_BPS, BLKIO_READ_IOPS, BLKIO_WRITE_IOPS } kind;
	struct origin at;
};

/**
 * struct spec_build_step - one command that makes a layer
 * @run:	for /bin/sh -c
 * @caches:	folders in the box, or words of config/caches.h
 * @env:	NAME=VALUE
 * @inputs:	absolute host paths in the workspace
 */
struct spec_build_step {
	char *run;
	struct strv caches;
	struct strv env;
	struct spec_list inputs;
	bool network; /* default true */
	struct origin at;
};

/* When a box that waits for another begins: when that one runs, is healthy, or has ended well.
 */
enum dependency_kind { DEPENDS_STARTED, DEPENDS_HEALTHY, DEPENDS_COMPLETED };
struct spec_dependency {
	char *service;
	enum dependency_kind kind;
	bool is_of_network; /* it is what network_mode 'service:NAME' names */
	struct origin at;
};

enum health_kind { HEALTH_NONE, HEALTH_TEST, HEALTH_TCP, HEALTH_HTTP, HEALTH_FILE };
/**
 * struct spec_health - when the box counts as healthy
 * @argv:	of HEALTH_TEST: a command in the box
 * @port:	of HEALTH_TCP and HEALTH_HTTP, on the box's own loopback
 * @path:	of HEALTH_HTTP: what is asked for; of HEALTH_FILE: what has to be there
 * @retries:	failures in a row until it is unhealthy; without a success yet, so many
 * intervals
 * @start_period_us: and so long before that
 * @start_interval_us: between two probes until the first success
 */
struct spec_health {
	enum health_kind kind;
	struct strv argv;
	uint16_t port;
	char *path;
	uint64_t interval_us, timeout_us, start_period_us, start_interval_us;
	unsigned int retries;
	struct origin at;
};

/** struct spec_limits - resource limits; *.is_set false means no limit asked. Units as named.
 */
struct spec_limits {
	struct spec_number cpus_milli; /* cpus: 1.5 is 1500 */
	struct spec_number cpu_shares; /* 2..262144 */
	struct spec_number cpu_quota_us;
	struct spec_number cpu_period_us;
	struct spec_text cpuset; /* list format of cpuset(7), checked */
	struct spec_text cpuset_mems;
	struct spec_number mem_limit_bytes;
	struct spec_number mem_reservation_bytes;
	struct spec_number memswap_limit_bytes; /* memory + swap as in Compose; -1 unlimited */
	struct spec_number pids_limit;          /* -1 unlimited */
	struct spec_number blkio_weight;        /* 10..1000 */
	struct spec_blkio_device *blkio_devices;
	size_t blkio_device_count;
	struct spec_number oom_score_adj;
};

/**
 * struct spec - a validated profile of one project; every pointer owned, freed by spec_done()
 *
 * Texts are after interpolation. Host paths are absolute (relative ones were taken from the
 * folder of the file that named them).
 */
struct spec {
	char *project_dir;  /* folder of the profile, or the current one when there is none */
	char *profile_file; /* NULL: no profile was found */
	struct spec_text name;  /* as written; NULL: the folder's name is to be used */
	struct spec_text image; /* "host" when not given; paths in it are absolute */
	struct spec_text platform;
	enum pull_policy pull_policy;
	struct spec_list packages[PACKAGER_COUNT];
	struct origin packages_at;
	struct spec_build_step *build_steps;
	size_t build_step_count;
	struct spec_text user; /* "dev" when not given */
	enum home_mode home;
	struct origin home_at;
	struct spec_home_file *home_files;
	size_t home_file_count;
	struct {
		char *source; /* absolute host path */
		char *target; /* absolute path in the box */
		bool is_read_only;
		struct origin at;
	} workspace;
	struct spec_text working_dir; /* default: workspace target */
	struct spec_text shell;
	struct spec_list entrypoint; /* argv, empty: none */
	struct spec_list
		command; /* argv, empty: none; a string was split as a shell splits words */
	bool init;       /* default true */
	struct spec_text hostname; /* default: project name */
	bool tty;
	struct strv environment;     /* NAME=VALUE: env_files first, then environment; a name
					without value took the caller's */
	struct strv env_pass;        /* globs */
	struct spec_volume *volumes; /* volumes and tmpfs, in order */
	size_t volume_count;
	struct spec_device *devices;
	size_t device_count;
	struct spec_number shm_size_bytes;
	struct spec_ulimit *ulimits;
	size_t ulimit_count;
	struct spec_sysctl *sysctls;
	size_t sysctl_count;
	struct strv extra_hosts; /* "ADDRESS NAME" lines, with SPEC_HOST_GATEWAY for ADDRESS */
	struct origin extra_hosts_at;
	struct origin host_gateway_at; /* of the first such; file NULL: there is none */
	struct strv dns;
	struct strv dns_search;
	enum net_mode network_mode;
	struct origin network_mode_at;
	bool is_macvlan;       /* of NET_PROJECT: 'macvlan', an interface of that kind */
	char *network_service; /* whose network it shares, of NET_SERVICE */
	struct spec_network network;
	struct spec_port *ports;
	size_t port_count;
	enum forward_mode forward_mode;
	struct spec_forward *forwards;
	size_t forward_count;
	struct origin forward_at;
	struct spec_limits limits;
	bool read_only;
	struct spec_list cap_add; /* "NET_ADMIN" without CAP_, upper case, "ALL" */
	struct spec_list cap_drop;
	bool no_new_privileges;   /* default true */
	struct spec_text seccomp; /* NULL: our default profile; "unconfined"; absolute path of a
				     JSON file */
	struct spec_text stop_signal;            /* default SIGTERM */
	struct spec_number stop_grace_period_us; /* default 10 s */
	struct spec_health health;
	struct spec_dependency *dependencies;
	size_t dependency_count;
	/* The other boxes of the project, in the order in which they are started; each a spec
	 * without services. */
	struct spec *services;
	size_t service_count;
	/* Only of a service: */
	char *service; /* its name; NULL: this is the dev box */
	struct origin service_at;
	size_t service_index;    /* its place in the file, from 0 */
	struct strv profiles;    /* it starts only by name, or when one of these is asked for */
	struct strv owned_files; /* storage behind origin.file */
};

void spec_done(struct spec *spec);
/** spec_has_ports() - has it a network that ports of the host can lead into? */
static inline bool spec_has_ports(const struct spec *spec)
{
	return spec->network_mode != NET_HOST && spec->network_mode != NET_NONE;
}
/** spec_has_bridge() - is its network one of several boxes, or laid out as such? */
static inline bool spec_has_bridge(const struct spec *spec)
{
	return spec->service_count > 0 || spec->is_macvlan;
}
/** spec_service() - the service @name; NULL: there is none. */
const struct spec *spec_service(const struct spec *spec, const char *name);
/**
 * spec_use_health() - of a service whose profile says nothing about its health: what the image
 * says
 * @test:	as a list of healthcheck.test; one that is none leaves it without
 * @times_ns:	interval, timeout, start_period, start_interval; 0: the default
 */
void spec_use_health(struct spec *spec, const struct strv *test, const uint64_t times_ns[4],
		     uint64_t retries);
/** spec_drop_build() - as if there were no packages and steps. */
void spec_drop_build(struct spec *spec);

/** spec_at() - the error is about the value written at @at, if it was written. Return: -1. */
static inline int spec_at(const struct origin *at, struct err *err)
{
	if (at->file)
		(void)err_at(err, at->file, at->line, at->column);
	return -1;
}

#endif
