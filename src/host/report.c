#include "host/host.h"

#include <stdlib.h>

void host_report_take(struct host_report *report, const struct host_check *check)
{
	report->checks =
		xrealloc(report->checks, (report->count + 1) * sizeof(*report->checks));
	report->checks[report->count++] = *check;
}

void host_report_done(struct host_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->checks[i].found);
		free(report->checks[i].lost);
		free(report->checks[i].mend);
	}
	free(report->checks);
	*report = (struct host_report){0};
}
