#include "api/metrics.h"

#include "cli/cli.h"
#include "cli/select.h"
#include "util/cleanup.h"

#include <string.h>

static int parse_format(const char *text, enum metrics_format *out)
{
	*out = METRICS_OPENMETRICS;
	if (text && strcmp(text, "prometheus") == 0)
		*out = METRICS_PROMETHEUS;
	else if (text && strcmp(text, "openmetrics") != 0)
		return -1;
	return 0;
}

static int print(struct cli *cli, const char *project_id, enum metrics_format format,
		 struct err *err)
{
	AUTO_BUF struct buf text = {0};

	if (devbox_metrics(cli->devbox, project_id, format, &text, err) < 0)
		return -1;
	cli_put(text.data);
	return 0;
}

int verb_metrics(struct cli *cli)
{
	const char *listen = args_value(&cli->args, "listen");
	struct metrics_address address = {0};
	struct selection selection = {0};
	enum metrics_format format;
	struct err err = {0};
	int result = -1;

	if (parse_format(args_value(&cli->args, "format"), &format) < 0)
		return cli_value_fail(cli, "format", "openmetrics or prometheus");
	if (listen && metrics_address_parse(listen, &address, &err) < 0)
		return cli_usage(cli, &err);
	if (cli_open(cli, &err) == 0 && select_boxes(cli, &selection, &err) == 0)
		result = listen ? devbox_metrics_serve(cli->devbox, selection.project_id,
						       &address, &err)
				: print(cli, selection.project_id, format, &err);
	free(address.path);
	selection_done(&selection);
	return result < 0 ? cli_fail(cli, &err) : 0;
}
