#ifndef API_PULLER_H
#define API_PULLER_H

#include "api/api.h"

/* devbox-image, the program that fetches, unpacks and packs. Private to this room. */

/**
 * struct puller_request - what it is to do; borrowed
 * @verb:	"pull", "load", "save"
 * @done_verb:	for people: "pulled"
 * @name:	of the image, as people write it
 * @options:	all arguments after the verb
 * @has_stdout:	its standard output is ours
 */
struct puller_request {
	const char *verb;
	const char *done_verb;
	const char *name;
	const struct strv *options;
	bool has_stdout;
};

/**
 * puller_run() - start it and wait for its end; its progress goes to devbox->progress
 * @out_id:	digest of the image, or what it said at the end; free() it
 * @err:	EINTR when the user interrupted it
 */
int puller_run(struct devbox *devbox, const struct puller_request *request, char **out_id,
	       struct err *err);

#endif
