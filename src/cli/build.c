#include "cli/cli.h"

#include "api/build.h"

int verb_build(struct cli *cli)
{
	const char *from = args_value(&cli->args, "from");
	struct build_options options = {
		.no_cache = args_has(&cli->args, "no-cache"),
		.debug = args_has(&cli->args, "debug"),
		.dry_run = args_has(&cli->args, "dry-run"),
		.allow_degraded = args_has(&cli->args, "allow-degraded"),
	};
	uint64_t number = 0;
	struct err err = {0};

	if (from && (str_to_u64(from, &number) < 0 || number == 0 || number > 10000))
		return cli_value_fail(cli, "from", "the number of a step, from 1");
	options.from = (size_t)number;
	if (cli_open(cli, &err) < 0 ||
	    devbox_build(cli->devbox, &options, args_has(&cli->args, "pull"), &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}
