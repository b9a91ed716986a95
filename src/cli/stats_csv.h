#ifndef CLI_STATS_CSV_H
#define CLI_STATS_CSV_H

#include "api/status.h"

/** stats_put_csv_head() - the names of the columns. */
void stats_put_csv_head(void);
/** stats_put_csv() - a line for each box; what is not known, or not limited, is empty. @before
 * is the reading that rates begin at. */
void stats_put_csv(const struct box_list *before, const struct box_list *list);

#endif
