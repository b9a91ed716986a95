#ifndef PULLER_LOAD_H
#define PULLER_LOAD_H

#include "puller/puller.h"
#include "puller/source.h"

/* The kinds of files that images lie in; between the files of load. */

int load_oci(struct puller *puller, const struct reference *reference, struct source *source,
	     struct err *err);
int load_docker(struct puller *puller, const struct reference *reference, struct source *source,
		struct err *err);
int load_tar(struct puller *puller, const struct reference *reference, struct err *err);

/** load_name() - add the canonical form of a whole name, "localhost/app:dev"; others, as
 * "latest" or none, are not taken */
void load_name(const char *text, struct strv *names);
/** load_made() - publish an image whose manifest is made here, of layers that are done
 * @intake:	all of it but the manifest and the digests */
int load_made(struct puller *puller, const struct intake *intake, const struct crew *crew,
	      struct err *err);

#endif
