#ifndef PULLER_PULLER_H
#define PULLER_PULLER_H

#include "image/store.h"
#include "puller/crew.h"
#include "puller/options.h"
#include "puller/report.h"
#include "puller/resolve.h"

/** struct puller - what all verbs of devbox-image have in common; @env: the caller's */
struct puller {
	struct puller_options options;
	struct report report;
	struct image_store store;
	struct strv env;
	char *home;
};

int puller_pull(struct puller *puller, const struct reference *reference, struct err *err);
int puller_load(struct puller *puller, const struct reference *reference, struct err *err);
int puller_save(struct puller *puller, struct err *err);

/**
 * struct intake - an image on its way in; borrowed
 * @reference:	the name it gets
 * @index:	digest of what the name means at its source
 * @manifest, @config: the documents, of the digests @id and @config_digest
 * @names:	more names for it, canonical; may be NULL
 */
struct intake {
	const struct reference *reference;
	const char *index;
	const char *id;
	const char *manifest;
	size_t manifest_len;
	const char *config_digest;
	const char *config;
	size_t config_len;
	const struct platform *platform;
	const struct strv *names;
};

/** intake_here() - report that the name is known and its image whole, if that is so. Return: 1
 * done, 0 not, -1. */
int intake_here(struct puller *puller, const struct reference *reference, struct err *err);
/** intake_layers() - crew_run() that ends with signals */
int intake_layers(struct puller *puller, struct crew *crew, const struct reference *reference,
		  struct err *err);
/** intake_publish() - the layers of @crew are there: documents, image, names, last report. */
int intake_publish(struct puller *puller, const struct intake *intake, const struct crew *crew,
		   struct err *err);

#endif
