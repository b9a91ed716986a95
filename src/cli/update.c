#include "api/update.h"

#include "cli/cli.h"
#include "util/cleanup.h"

int verb_update(struct cli *cli)
{
	struct update update = {0};
	struct err err = {0};
	bool has_any = false;

	for (int i = 0; i < UPDATE_COUNT; i++) {
		const struct update_info *info = update_info((enum update_limit)i);
		struct cgroup_limits ignored = {0};

		update.values[i] = args_value(&cli->args, info->option);
		if (update.values[i] &&
		    update_parse((enum update_limit)i, update.values[i], &ignored) < 0)
			return cli_value_fail(cli, info->option, info->accepted);
		has_any = has_any || update.values[i];
	}
	if (!has_any) {
		(void)err_set(&err, "update needs a limit to change");
		(void)err_hint(&err, "such as 'devbox update --memory 2g'; "
				     "'devbox help update' lists them");
		return cli_usage(cli, &err);
	}
	if (cli_open(cli, &err) < 0 ||
	    devbox_update(cli->devbox, &cli->args.words, &update, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}
