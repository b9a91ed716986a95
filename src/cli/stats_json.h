#ifndef CLI_STATS_JSON_H
#define CLI_STATS_JSON_H

#include "api/status.h"
#include "util/json.h"

/** stats_put_array() - one array of all boxes. */
void stats_put_array(const struct box_list *before, const struct box_list *list);
/** stats_put_lines() - one object a line. */
void stats_put_lines(const struct box_list *before, const struct box_list *list);
/** stats_write() - one reading as an object; @before NULL: no rates. */
void stats_write(struct json *j, const char *key, const struct box_status *before,
		 const struct box_status *now);

#endif
