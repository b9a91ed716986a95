#include "config/spec.h"

#include <stdlib.h>
#include <string.h>

static void list_done(struct spec_list *list)
{
	strv_done(&list->items);
	free(list->at);
}

static void mounts_done(struct spec *spec)
{
	for (size_t i = 0; i < spec->home_file_count; i++)
		free(spec->home_files[i].path);
	for (size_t i = 0; i < spec->volume_count; i++) {
		free(spec->volumes[i].source);
		free(spec->volumes[i].target);
	}
	for (size_t i = 0; i < spec->device_count; i++) {
		free(spec->devices[i].source);
		free(spec->devices[i].target);
	}
	free(spec->home_files);
	free(spec->volumes);
	free(spec->devices);
	free(spec->workspace.source);
	free(spec->workspace.target);
}

static void kernel_done(struct spec *spec)
{
	for (size_t i = 0; i < spec->sysctl_count; i++) {
		free(spec->sysctls[i].name);
		free(spec->sysctls[i].value);
	}
	for (size_t i = 0; i < spec->limits.blkio_device_count; i++)
		free(spec->limits.blkio_devices[i].path);
	free(spec->sysctls);
	free(spec->ulimits);
	free(spec->limits.blkio_devices);
	free(spec->limits.cpuset.value);
	free(spec->limits.cpuset_mems.value);
	list_done(&spec->cap_add);
	list_done(&spec->cap_drop);
	list_done(&spec->network.allow);
}

void spec_drop_build(struct spec *spec)
{
	for (size_t i = 0; i < PACKAGER_COUNT; i++)
		list_done(&spec->packages[i]);
	for (size_t i = 0; i < spec->build_step_count; i++) {
		free(spec->build_steps[i].run);
		strv_done(&spec->build_steps[i].caches);
		strv_done(&spec->build_steps[i].env);
		list_done(&spec->build_steps[i].inputs);
	}
	free(spec->build_steps);
	memset(spec->packages, 0, sizeof(spec->packages));
	spec->build_steps = NULL;
	spec->build_step_count = 0;
}

static void ports_done(struct spec *spec)
{
	for (size_t i = 0; i < spec->port_count; i++)
		free(spec->ports[i].address);
	free(spec->ports);
	free(spec->forwards);
}

/* Services have none of their own. */
static void services_done(struct spec *spec)
{
	for (size_t i = 0; i < spec->dependency_count; i++)
		free(spec->dependencies[i].service);
	for (size_t i = 0; i < spec->service_count; i++)
		spec_done(&spec->services[i]);
	free(spec->dependencies);
	free(spec->services);
	free(spec->service);
	free(spec->network_service);
	strv_done(&spec->health.argv);
	free(spec->health.path);
	strv_done(&spec->profiles);
}

void spec_done(struct spec *spec)
{
	services_done(spec);
	free(spec->project_dir);
	free(spec->profile_file);
	free(spec->name.value);
	free(spec->image.value);
	free(spec->platform.value);
	free(spec->user.value);
	free(spec->working_dir.value);
	free(spec->shell.value);
	free(spec->hostname.value);
	free(spec->seccomp.value);
	free(spec->stop_signal.value);
	list_done(&spec->entrypoint);
	list_done(&spec->command);
	strv_done(&spec->environment);
	strv_done(&spec->env_pass);
	strv_done(&spec->extra_hosts);
	strv_done(&spec->dns);
	strv_done(&spec->dns_search);
	spec_drop_build(spec);
	ports_done(spec);
	mounts_done(spec);
	kernel_done(spec);
	strv_done(&spec->owned_files);
	*spec = (struct spec){0};
}
