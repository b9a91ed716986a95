#include "config/fill.h"

#include "util/cleanup.h"

#include <string.h>

#define GRACE_PERIOD_US 10000000

static int fill_nothing(struct fill *f, const char *key, const struct node *value)
{
	(void)f;
	(void)key;
	(void)value;
	return 0; /* `extends` was followed when the file was read */
}

static const struct {
	const char *key;
	fill_key *fill;
} fillers[] = {
	{"name", fill_name},
	{"extends", fill_nothing},
	{"image", fill_image},
	{"packages", fill_packages},
	{"build", fill_build},
	{"platform", fill_platform},
	{"pull_policy", fill_pull_policy},
	{"user", fill_user},
	{"home", fill_home},
	{"home_files", fill_home_files},
	{"workspace", fill_workspace},
	{"working_dir", fill_working_dir},
	{"shell", fill_shell},
	{"entrypoint", fill_entrypoint},
	{"command", fill_command},
	{"init", fill_init},
	{"hostname", fill_hostname},
	{"tty", fill_tty},
	{"stop_signal", fill_stop_signal},
	{"stop_grace_period", fill_stop_grace_period},
	/* The files come first: `environment` wins over them. */
	{"env_file", fill_env_file},
	{"environment", fill_environment},
	{"env_pass", fill_env_pass},
	{"volumes", fill_volumes},
	{"tmpfs", fill_tmpfs},
	{"devices", fill_devices},
	{"shm_size", fill_shm_size},
	{"read_only", fill_read_only},
	{"network_mode", fill_network_mode},
	{"network", fill_network},
	{"ip", fill_ip},
	{"extra_hosts", fill_extra_hosts},
	{"dns", fill_dns},
	{"dns_search", fill_dns_search},
	{"ports", fill_ports},
	{"forward_ports", fill_forward_ports},
	{"cpus", fill_cpus},
	{"cpu_shares", fill_cpu_shares},
	{"cpu_quota", fill_cpu_time},
	{"cpu_period", fill_cpu_time},
	{"cpuset", fill_cpuset},
	{"cpuset_mems", fill_cpuset},
	{"mem_limit", fill_memory},
	{"mem_reservation", fill_memory},
	{"memswap_limit", fill_memory},
	{"pids_limit", fill_pids_limit},
	{"blkio_config", fill_blkio_config},
	{"oom_score_adj", fill_oom_score_adj},
	{"ulimits", fill_ulimits},
	{"sysctls", fill_sysctls},
	{"cap_add", fill_caps},
	{"cap_drop", fill_caps},
	{"security_opt", fill_security_opt},
	{"healthcheck", fill_healthcheck},
	{"depends_on", fill_depends_on},
	{"profiles", fill_profiles},
	{"services", fill_services},
};

/* What a service has and the top of a profile has not. */
static bool is_of_service(const struct spec *spec, const char *name)
{
	AUTO_FREE char *path = xasprintf("services.%s", name);

	return spec->service && keys_find(path);
}

static int refuse_later(const struct config *config, const struct spec *spec, struct err *err)
{
	const struct node *root = config->root;

	for (size_t i = 0; i < root->count; i++) {
		const struct config_key *key = keys_find(root->keys[i].name);

		if ((key && key->is_built) || is_of_service(spec, root->keys[i].name))
			continue;
		(void)place_fail(err, &root->keys[i].at, "key '%s' is not built yet",
				 root->keys[i].name);
		return err_hint(err, "remove it, or rename it to 'x-%s' to keep it for later",
				root->keys[i].name);
	}
	return 0;
}

static void fill_defaults(const struct config *config, struct spec *spec)
{
	for (size_t i = 0; i < config->source_count; i++)
		strv_add(&spec->owned_files, config->sources[i]->shown);
	spec->project_dir = xstrdup(config->project_dir);
	spec->profile_file = xstrdup(config->profile_file);
	spec->image.value = xstrdup("host");
	spec->user.value = xstrdup("dev");
	spec->home = HOME_ISOLATED;
	spec->network_mode = NET_PROJECT;
	spec->init = true;
	spec->no_new_privileges = true;
	spec->stop_signal.value = xstrdup("SIGTERM");
	spec->stop_grace_period_us.value = GRACE_PERIOD_US;
}

/*
 * A service has nothing of the project's folder unless it asks for it; in an image of its own,
 * the home is the image's.
 */
static void derive_service(struct spec *spec)
{
	spec->home = strcmp(spec->image.value, "host") == 0 ? HOME_TMPFS : HOME_IMAGE;
	if (!spec->hostname.value)
		spec->hostname.value = xstrdup(spec->service);
	if (!spec->forward_at.file)
		spec->forward_mode = FORWARD_OFF;
}

static void fill_derived(struct spec *spec)
{
	services_need_network(spec);
	if (spec->service) {
		derive_service(spec);
		return;
	}
	if (!spec->workspace.source)
		spec->workspace.source = xstrdup(spec->project_dir);
	if (!spec->workspace.target)
		spec->workspace.target = xstrdup(spec->workspace.source);
	if (!spec->working_dir.value)
		spec->working_dir.value = xstrdup(spec->workspace.target);
}

int spec_fill(const struct config *config, struct spec *spec, struct err *err)
{
	struct fill f = {.config = config, .spec = spec, .err = err};

	fill_defaults(config, spec);
	if (refuse_later(config, spec, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
		const struct node *value = node_get(config->root, fillers[i].key);

		if (value && fillers[i].fill(&f, fillers[i].key, value) < 0)
			return -1;
	}
	fill_derived(spec);
	return spec_check(config, spec, err);
}

int config_to_spec(const struct config *config, struct spec *out_spec, struct err *err)
{
	struct spec spec = {0};

	if (spec_fill(config, &spec, err) < 0) {
		spec_done(&spec);
		return -1;
	}
	*out_spec = spec;
	return 0;
}
