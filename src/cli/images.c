#include "cli/cli.h"

#include "api/images.h"
#include "cli/format.h"
#include "cli/image_words.h"
#include "cli/table.h"
#include "util/cleanup.h"

static void put_ids(const struct image_rows *rows)
{
	AUTO_STRV struct strv seen = {0};
	AUTO_BUF struct buf text = {0};

	/* An image with two names is one. */
	for (size_t i = 0; i < rows->count; i++) {
		AUTO_FREE char *id = id_words(rows->items[i].id);

		if (strv_has(&seen, rows->items[i].id))
			continue;
		strv_add(&seen, rows->items[i].id);
		buf_printf(&text, "%s\n", id);
	}
	if (text.data)
		cli_put(text.data);
}

static void put_table(const struct image_rows *rows)
{
	static const char *const titles[] = {"IMAGE", "ID", "PLATFORM", "CREATED", "SIZE"};
	AUTO_TABLE struct table table = {0};
	const int64_t now = now_ms();
	struct strv *line = table_row(&table);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		strv_add(line, titles[i]);
	for (size_t i = 0; i < rows->count; i++) {
		const struct image_row *row = &rows->items[i];

		line = table_row(&table);
		strv_add(line, row->name ? row->name : "-");
		strv_take(line, id_words(row->id));
		strv_add(line, row->platform);
		strv_take(line, age_words(created_ms(row->created), now));
		strv_take(line, size_words(row->bytes));
	}
	table_print(&table);
}

static void put_json(const struct image_rows *rows)
{
	AUTO_JSON struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = 0; i < rows->count; i++) {
		const struct image_row *row = &rows->items[i];

		json_object_begin(&j, NULL);
		json_text(&j, "name", row->name);
		json_text(&j, "reference", row->reference);
		json_text(&j, "id", row->id);
		json_text(&j, "platform", row->platform);
		json_created(&j, row->created);
		json_i64(&j, "stored_ms", row->stored_ms);
		json_u64(&j, "layers", row->layer_count);
		json_u64(&j, "size_bytes", row->bytes);
		json_u64(&j, "unique_bytes", row->unique_bytes);
		json_u64(&j, "shared_bytes", row->shared_bytes);
		json_list(&j, "boxes", &row->boxes);
		json_object_end(&j);
	}
	json_array_end(&j);
	cli_put_json(&j);
}

int verb_images(struct cli *cli)
{
	struct image_rows rows;
	struct err err = {0};

	if (cli_open(cli, &err) < 0 ||
	    devbox_images(cli->devbox, args_has(&cli->args, "all"), &rows, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->json)
		put_json(&rows);
	else if (cli->quiet)
		put_ids(&rows);
	else
		put_table(&rows);
	image_rows_done(&rows);
	return 0;
}

int verb_rmi(struct cli *cli)
{
	struct err err = {0};

	if (cli_open(cli, &err) < 0 ||
	    devbox_rmi(cli->devbox, &cli->args.words, args_has(&cli->args, "force"), &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}
