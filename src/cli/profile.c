#include "cli/cli.h"

#include "util/cleanup.h"

int verb_config(struct cli *cli)
{
	struct config *config;
	struct spec spec;
	struct project project;
	struct err err = {0};

	if (cli_open(cli, &err) < 0 ||
	    devbox_load(cli->devbox, true, false, &config, &spec, &project, &err) < 0)
		return cli_fail(cli, &err);

	if (cli->json) {
		AUTO_JSON struct json j = {0};

		config_print_json(config, &j);
		cli_put_json(&j);
	} else {
		AUTO_BUF struct buf text = {0};

		config_print(config, args_has(&cli->args, "origin"), &text);
		cli_put(text.len ? text.data : "");
	}
	project_done(&project);
	spec_done(&spec);
	config_free(config);
	return 0;
}

int verb_plan(struct cli *cli)
{
	AUTO_FREE char *text = NULL;
	struct err err = {0};

	if (cli_open(cli, &err) < 0 || devbox_plan(cli->devbox, &text, &err) < 0)
		return cli_fail(cli, &err);
	cli_put(text);
	return 0;
}
