#ifndef BOX_KEEP_H
#define BOX_KEEP_H

#include "box/start.h"

/*
 * The kept user namespace. newuidmap and newgidmap cost more than everything else of a start;
 * so the first box of a user leaves a small process behind that holds a user namespace with the
 * usual map, and later boxes are born in that one. It ends by itself when no box was started
 * for some minutes. Nothing depends on it: without it each box maps its own.
 */

/** struct kept - a user namespace that was found; whether it fits is another question */
struct kept {
	int fd; /* for setns(2); -1: none */
	pid_t pid;
	uint64_t start_ticks;
};

/** keep_find() - what is kept for the caller, whatever its maps are. Its @fd is -1 when there
 * is none; else keep_done(). */
struct kept keep_find(const char *runtime_dir);
void keep_done(struct kept *kept);

/** keep_fits() - whether it has exactly the maps of @maps; only then a box may stay in it. That
 * it is used now is noted. */
bool keep_fits(const struct kept *kept, const char *runtime_dir, const struct box_start *maps);

/** keep_open() - the kept user namespace of the caller, made when there is none
 * @runtime_dir:	"$XDG_RUNTIME_DIR/devbox"
 * @maps:		the maps it must have, and the helpers that write them
 *
 * What is found is believed only when it runs, belongs to us and has exactly these maps.
 * Return: descriptor for setns(2), or -1: do without.
 */
int keep_open(const char *runtime_dir, const struct box_start *maps);

/** keep_drop() - end the process that keeps it; boxes that live in it are not touched */
void keep_drop(const char *runtime_dir);

#endif
