#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/args.h"
#include "util/str.h"

/** help_write() - help on @verb, NULL: on devbox. */
void help_write(const struct verb *verb, struct buf *out);
/** help_show() - print it. Return: the exit status. */
int help_show(const struct verb *verb);

#endif
