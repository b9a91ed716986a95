#ifndef CONFIG_FILL_H
#define CONFIG_FILL_H

#include "config/parts.h"
#include "config/spec.h"

/* Private to config: from the merged tree to a struct spec. */

/** struct fill - what every fill_* function works on; all borrowed */
struct fill {
	const struct config *config;
	struct spec *spec;
	struct err *err;
};

/** struct range - the whole numbers a key takes; @accepted says so in words */
struct range {
	int64_t min;
	int64_t max;
	bool takes_minus_one;
	const char *accepted;
};

/*
 * Values. @what names the key in messages. All return 0, or -1 with an error at the value that
 * says what is accepted; outputs are written on success only.
 */
struct origin value_origin(const struct fill *f, const struct node *node);
int value_refuse(const struct fill *f, const char *what, const struct node *node,
		 const char *accepted);
/** value_fail() - an error at an origin of the spec. Return: -1. */
int origin_fail(struct err *err, const struct origin *at, const char *format, ...)
	ERR_PRINTF(3, 4);
/** value_text() - a scalar that is not empty; borrowed from @node. */
int value_text(const struct fill *f, const char *what, const struct node *node,
	       const char *accepted, const char **out_text);
/** value_keep() - put @text, taking it, into *out with the origin of @node. */
void value_keep(const struct fill *f, const struct node *node, char *text,
		struct spec_text *out);
int value_bool(const struct fill *f, const char *what, const struct node *node, bool *out);
int value_integer(const struct fill *f, const char *what, const struct node *node,
		  const struct range *range, struct spec_number *out);
int value_size(const struct fill *f, const char *what, const struct node *node, uint64_t *out);
/** value_choice() - index of the text in the NULL-terminated @choices; the nearest is the hint.
 */
int value_choice(const struct fill *f, const char *what, const struct node *node,
		 const char *const *choices, size_t *out_index);
/** value_host_path() - absolute path of @text, which @node holds: ~ is the home, others start
 * at its file. */
int value_host_path(const struct fill *f, const char *what, const struct node *node,
		    const char *text, char **out_path);
/** value_box_path() - absolute normalized path in the box. */
int value_box_path(const struct fill *f, const char *what, const struct node *node,
		   const char *text, char **out_path);
/** value_box_target() - as value_box_path(), for a place to mount on: not / or in /proc, /sys,
 * /dev. */
int value_box_target(const struct fill *f, const char *what, const struct node *node,
		     const char *text, char **out_path);

/**
 * value_each() - call @one for each item of a list; a text alone is a list of one when
 * @takes_text
 */
typedef int fill_one(struct fill *f, const char *what, const struct node *item);
int value_each(struct fill *f, const char *what, const struct node *node, bool takes_text,
	       fill_one *one);

/* One key each: @key is its name. */
typedef int fill_key(struct fill *f, const char *key, const struct node *value);
fill_key fill_image, fill_platform, fill_pull_policy;
fill_key fill_name, fill_user, fill_home, fill_home_files, fill_working_dir, fill_shell,
	fill_hostname, fill_init, fill_tty, fill_read_only, fill_stop_signal,
	fill_stop_grace_period;
fill_key fill_packages, fill_build;
fill_key fill_healthcheck, fill_services, fill_depends_on, fill_profiles;
fill_key fill_entrypoint, fill_command;
fill_key fill_environment, fill_env_file, fill_env_pass;
fill_key fill_workspace, fill_volumes, fill_tmpfs, fill_devices, fill_shm_size;
fill_key fill_network_mode, fill_extra_hosts, fill_dns, fill_dns_search, fill_ports,
	fill_network, fill_ip, fill_forward_ports;
fill_key fill_cpus, fill_cpu_shares, fill_cpu_time, fill_cpuset, fill_memory, fill_pids_limit,
	fill_blkio_config, fill_oom_score_adj;
fill_key fill_ulimits, fill_sysctls, fill_caps, fill_security_opt;

/** env_file_read() - add the variables of an env file to @out. @shown is its path for messages.
 */
int env_file_read(const struct strv *caller_env, const char *path, const char *shown,
		  struct strv *out, struct err *err);
/** env_file_parse() - as env_file_read(), from text. */
int env_file_parse(const struct strv *caller_env, const char *text, const char *shown,
		   struct strv *out, struct err *err);
/** env_is_name() - true for what may stand before '='. */
bool env_is_name(const char *name, size_t len);

/** is_host_name() - RFC 1123; "a.b" allowed, at most @max letters. */
bool is_host_name(const char *name, size_t max);

/** words_split() - words as a shell splits them, without expansions; operators are refused. */
int words_split(const char *text, struct strv *out_words, struct err *err);

/** spec_fill() - the defaults, the keys of @config and what follows from them; spec_done()
 * *spec also when it fails. With spec->service it is that of a service. */
int spec_fill(const struct config *config, struct spec *spec, struct err *err);
/** services_order() - each service after those it waits for; they cannot wait for each other.
 */
int services_order(struct spec *spec, struct err *err);
/** services_need_network() - who shares the network of a service depends on it. */
void services_need_network(struct spec *spec);
/** services_check() - what the dev box waits for is there, and whose network is shared has one;
 * who shares it has its host name. */
int services_check(struct spec *spec, struct err *err);

/** build_check() - what `packages` and `build` need of other keys. */
int build_check(const struct spec *spec, struct err *err);

/** network_check() - what `network` and `ip` need of other keys. */
int network_check(struct spec *spec, struct err *err);
/** network_check_gateway() - SPEC_HOST_GATEWAY is reached from the box of @spec: @top or one of
 * its services. */
int network_check_gateway(const struct spec *top, const struct spec *spec, struct err *err);

/** spec_check() - what a single key cannot know: contradictions between keys. */
int spec_check(const struct config *config, struct spec *spec, struct err *err);

#endif
