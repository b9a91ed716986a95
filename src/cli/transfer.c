#include "cli/cli.h"

#include "api/transfer.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>

/* pull, load, save */

struct brought {
	struct strv names;
	struct strv ids;
};

static void brought_done(struct brought *brought)
{
	strv_done(&brought->names);
	strv_done(&brought->ids);
}

static void put_brought(const struct cli *cli, const struct brought *brought)
{
	AUTO_JSON struct json j = {0};

	if (!cli->json) {
		for (size_t i = 0; i < brought->ids.count; i++) {
			cli_put(brought->ids.items[i]);
			cli_put("\n");
		}
		return;
	}
	json_array_begin(&j, NULL);
	for (size_t i = 0; i < brought->ids.count; i++) {
		json_object_begin(&j, NULL);
		json_text(&j, "name", brought->names.items[i]);
		json_text(&j, "digest", brought->ids.items[i]);
		json_object_end(&j);
	}
	json_array_end(&j);
	cli_put_json(&j);
}

int verb_pull(struct cli *cli)
{
	const struct pull_options options = {
		.platform = args_value(&cli->args, "platform"),
		.insecure = args_has(&cli->args, "insecure"),
	};
	struct brought brought = {0};
	struct err err = {0};
	int status = 0;

	if (cli_open(cli, &err) < 0)
		return cli_fail(cli, &err);
	/* One that fails does not keep the others from coming. */
	for (size_t i = 0; i < cli->args.words.count; i++) {
		const char *name = cli->args.words.items[i];
		char *id = NULL;

		err = (struct err){0};
		if (devbox_pull_image(cli->devbox, name, &options, &id, &err) == 0) {
			strv_add(&brought.names, name);
			strv_take(&brought.ids, id);
			continue;
		}
		status = cli_fail(cli, &err);
		if (err.code == EINTR)
			break;
	}
	put_brought(cli, &brought);
	brought_done(&brought);
	return status;
}

static int no_source(const struct cli *cli)
{
	struct err err = {0};

	(void)err_set(&err, "load: either a source or --input, not both");
	return cli_usage(cli, &err);
}

int verb_load(struct cli *cli)
{
	const char *source = cli->args.words.count ? cli->args.words.items[0] : NULL;
	const char *input = args_value(&cli->args, "input");
	struct brought brought = {0};
	struct err err = {0};
	char *id = NULL;

	if (source && input)
		return no_source(cli);
	source = source ? source : input ? input : "-";
	if (cli_open(cli, &err) < 0 ||
	    devbox_load_image(cli->devbox, source, args_value(&cli->args, "platform"), &id,
			      &err) < 0)
		return cli_fail(cli, &err);
	strv_add(&brought.names, source);
	strv_take(&brought.ids, id);
	put_brought(cli, &brought);
	brought_done(&brought);
	return 0;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; text && words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return !text;
}

int verb_save(struct cli *cli)
{
	static const char *const formats[] = {"oci-archive", "oci", "docker-archive", NULL};
	static const char *const compressions[] = {"gzip", "zstd", "none", NULL};
	const char *output = args_value(&cli->args, "output");
	const struct save_options options = {
		.output = output ? output : "-",
		.format = args_value(&cli->args, "format"),
		.compress = args_value(&cli->args, "compress"),
	};
	struct err err = {0};

	if (!is_one_of(options.format, formats))
		return cli_value_fail(cli, "format", "oci-archive, oci or docker-archive");
	if (!is_one_of(options.compress, compressions))
		return cli_value_fail(cli, "compress", "gzip, zstd or none");
	if (cli_open(cli, &err) < 0 ||
	    devbox_save_images(cli->devbox, &cli->args.words, &options, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}
