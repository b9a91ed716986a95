#include "cli/cli.h"

#include "api/inspect.h"
#include "api/status.h"
#include "cli/format.h"
#include "cli/port_words.h"
#include "cli/table.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <string.h>

#define HOST_NAME "host.devbox"

static void put_row(struct table *table, const char *title, const char *text)
{
	struct strv *row = table_row(table);

	strv_add(row, title);
	strv_add(row, text ? text : "-");
}

static char *backend_words(const struct record *record)
{
	if (record->net_lost)
		return xasprintf("gone: %s; 'devbox restart' brings it back", record->net_lost);
	return xasprintf("%s, process %d", record->net_backend, (int)record->net_pid);
}

static void put_backend(struct table *table, const struct record *record)
{
	AUTO_FREE char *backend = backend_words(record);

	put_row(table, "backend", backend);
}

static bool is_in_project(const char *mode)
{
	return str_eq(mode, "project") || str_eq(mode, "macvlan");
}

/* The other boxes of its network: who is here, and how it is called. */
static bool is_neighbour(const struct box_status *box, const struct box_status *other)
{
	return strcmp(other->box, box->box) != 0 && str_eq(other->subnet, box->subnet) &&
	       other->subnet && is_in_project(other->network) && !other->has_exit &&
	       other->init_pid > 0;
}

static const char *name_in_network(const struct box_status *box)
{
	return strchr(box->name, '/') ? box->box : box->project;
}

static void put_layout(struct table *table, const struct record *record)
{
	AUTO_FREE char *mtu = xasprintf("%d", record->net_mtu);

	put_row(table, "subnet", record->net_subnet);
	put_row(table, "gateway", record->net_gateway);
	put_row(table, "dns", record->net_dns);
	put_row(table, "mtu", mtu);
	put_row(table, "ipv6", record->net_ipv6 ? "yes" : "no");
	put_backend(table, record);
	put_row(table, record->hostname, record->net_address);
	if (record->net_host)
		put_row(table, HOST_NAME, record->net_gateway);
}

static void put_port(struct table *table, const struct port_entry *entry)
{
	AUTO_FREE char *place = port_place(entry);
	AUTO_FREE char *text = xasprintf("%s -> %u/%s, %s", place, entry->box_port,
					 entry->protocol, port_kind_name(entry->kind));

	put_row(table, "port", text);
}

static void put_table(const struct record *record, const struct box_status *status,
		      const struct box_list *all)
{
	AUTO_TABLE struct table table = {0};

	put_row(&table, "box", status->name);
	put_row(&table, "mode", record->network);
	if (record->net_subnet)
		put_layout(&table, record);
	else if (record->net_backend)
		put_backend(&table, record);
	for (size_t i = 0; i < all->count; i++)
		if (is_neighbour(status, &all->items[i]))
			put_row(&table, name_in_network(&all->items[i]), all->items[i].address);
	for (size_t i = 0; i < status->ports.count; i++)
		put_port(&table, &status->ports.items[i]);
	table_print(&table);
}

static void put_name(struct json *j, const char *name, const char *address)
{
	json_object_begin(j, NULL);
	json_text(j, "name", name);
	json_text(j, "address", address);
	json_object_end(j);
}

static void put_numbers(struct json *j, const struct record *record)
{
	const bool has_own = record->net_subnet != NULL;

	json_stat(j, "mtu", has_own ? (uint64_t)record->net_mtu : STAT_UNKNOWN);
	json_bool(j, "ipv6", record->net_ipv6);
	json_bool(j, "host", record->net_host);
	json_text(j, "backend", record->net_backend);
	json_stat(j, "backend_pid",
		  record->net_pid > 0 ? (uint64_t)record->net_pid : STAT_UNKNOWN);
	json_text(j, "lost", record->net_lost);
}

static void put_json(const struct record *record, const struct box_status *status,
		     const struct box_list *all)
{
	AUTO_JSON struct json j = {0};

	json_object_begin(&j, NULL);
	json_text(&j, "box", status->name);
	json_text(&j, "mode", record->network);
	json_text(&j, "subnet", record->net_subnet);
	json_text(&j, "gateway", record->net_gateway);
	json_text(&j, "dns", record->net_dns);
	json_text(&j, "address", record->net_address);
	put_numbers(&j, record);
	json_array_begin(&j, "names");
	if (record->net_subnet)
		put_name(&j, record->hostname, record->net_address);
	if (record->net_host)
		put_name(&j, HOST_NAME, record->net_gateway);
	for (size_t i = 0; i < all->count; i++)
		if (is_neighbour(status, &all->items[i]))
			put_name(&j, name_in_network(&all->items[i]), all->items[i].address);
	json_array_end(&j);
	json_array_begin(&j, "ports");
	for (size_t i = 0; i < status->ports.count; i++)
		port_json(&j, NULL, &status->ports.items[i]);
	json_array_end(&j);
	json_object_end(&j);
	cli_put_json(&j);
}

static int show(struct cli *cli, const char *name, struct err *err)
{
	struct record record = {0};
	struct box_status status = {0};
	struct box_list all = {0};
	struct err ignored;
	int result = 0;

	if (devbox_inspect(cli->devbox, name, &record, &status, err) < 0)
		return -1;
	(void)box_list_read(cli->devbox->dirs.runtime, status.project, false, &all, &ignored);
	if (!record_is_running(&record)) {
		(void)err_set(err, "box '%s' is not running", status.name);
		result = err_hint(err, "'devbox up' starts it");
	} else if (cli->json) {
		put_json(&record, &status, &all);
	} else {
		put_table(&record, &status, &all);
	}
	box_list_done(&all);
	box_status_done(&status);
	record_done(&record);
	return result;
}

int verb_network(struct cli *cli)
{
	const char *name = cli->args.words.count ? cli->args.words.items[0] : NULL;
	struct err err = {0};

	if (cli_open(cli, &err) < 0 || show(cli, name, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}
