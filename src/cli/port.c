#include "cli/cli.h"

#include "cli/port_words.h"
#include "cli/select.h"
#include "cli/table.h"
#include "util/cleanup.h"

static void add_rows(struct table *table, const struct box_status *status)
{
	for (size_t i = 0; i < status->ports.count; i++) {
		const struct port_entry *e = &status->ports.items[i];
		struct strv *row = table_row(table);

		strv_add(row, status->name);
		strv_addf(row, "%u/%s", e->box_port, e->protocol);
		strv_take(row, port_place(e));
		if (e->kind == PORT_BLOCKED)
			strv_add(row, "not forwarded: the host has no number for it");
		else if (e->kind == PORT_FORWARDED && e->host_port != e->box_port)
			strv_addf(row, "forwarded; %u cannot be had there", e->box_port);
		else
			strv_add(row, port_kind_name(e->kind));
	}
}

static void put_table(const struct box_list *list)
{
	static const char *const titles[] = {"BOX", "PORT", "AT", "HOW"};
	AUTO_TABLE struct table table = {0};
	struct strv *head = table_row(&table);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		strv_add(head, titles[i]);
	for (size_t i = 0; i < list->count; i++)
		add_rows(&table, &list->items[i]);
	table_print(&table);
}

static void put_json(const struct box_list *list)
{
	AUTO_JSON struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < list->items[i].ports.count; k++)
			port_json(&j, list->items[i].name, &list->items[i].ports.items[k]);
	json_array_end(&j);
	cli_put_json(&j);
}

int verb_port(struct cli *cli)
{
	struct selection selection = {0};
	struct box_list list = {0};
	struct err err = {0};
	int result = -1;

	if (cli_open(cli, &err) == 0 && select_boxes(cli, &selection, &err) == 0)
		result = select_read(cli, &selection, &list, &err);
	if (result == 0 && cli->json)
		put_json(&list);
	else if (result == 0)
		put_table(&list);
	box_list_done(&list);
	selection_done(&selection);
	return result < 0 ? cli_fail(cli, &err) : 0;
}
