#ifndef BOX_FACTS_PARTS_H
#define BOX_FACTS_PARTS_H

#include "box/facts.h"

/* The parts of box_facts_gather(), private to facts*.c; each fills in its fields of @facts. */

/** facts_nodes() - the files of the host the profile names. @err: names the line */
int facts_nodes(const struct spec *spec, struct box_facts *facts, struct err *err);

/** facts_root() - what the box's root is made of, and the account files that go with it */
int facts_root(const struct facts_request *request, struct box_facts *facts, struct strv *notes,
	       struct err *err);

/** facts_make_folder() - with its parents, and as the box's root's own when root makes it */
int facts_make_folder(const struct facts_request *request, const char *path);

/** facts_git_common() - the repository a git worktree belongs to, when it says so itself; NULL:
 * none. free() it. */
char *facts_git_common(const char *workspace);

#endif
