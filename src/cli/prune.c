#include "cli/cli.h"

#include "api/images.h"
#include "cli/report.h"
#include "util/cleanup.h"

static void put_words(const struct collected *collected, bool dry_run)
{
	AUTO_BUF struct buf text = {0};
	AUTO_BUF struct buf clean = {0};
	char size[STR_SIZE_MAX];

	for (size_t i = 0; i < collected->words.count; i++)
		buf_printf(&text, "%s\n", collected->words.items[i]);
	buf_printf(&text, dry_run ? "%s would be freed" : "%s freed",
		   str_format_size(collected->bytes, size));
	if (collected->in_use)
		buf_printf(&text, "; %zu layer%s in use", collected->in_use,
			   collected->in_use == 1 ? " is" : "s are");
	buf_putc(&text, '\n');
	text_put_clean(&clean, text.data);
	cli_put(clean.data);
}

static void put_json(const struct collected *collected, bool dry_run)
{
	AUTO_JSON struct json j = {0};

	json_object_begin(&j, NULL);
	json_array_begin(&j, "removed");
	for (size_t i = 0; i < collected->words.count; i++)
		json_text(&j, NULL, collected->words.items[i]);
	json_array_end(&j);
	json_u64(&j, "freed_bytes", collected->bytes);
	json_u64(&j, "layers_in_use", collected->in_use);
	json_bool(&j, "dry_run", dry_run);
	json_object_end(&j);
	cli_put_json(&j);
}

int verb_prune(struct cli *cli)
{
	const struct prune_options options = {
		.all = args_has(&cli->args, "all"),
		.builds = args_has(&cli->args, "builds"),
		.dry_run = args_has(&cli->args, "dry-run"),
	};
	struct collected collected;
	struct err err = {0};

	if (cli_open(cli, &err) < 0 ||
	    devbox_prune(cli->devbox, &options, &collected, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->json)
		put_json(&collected, options.dry_run);
	else
		put_words(&collected, options.dry_run);
	collected_done(&collected);
	return 0;
}
