#ifndef PULLER_CREW_JOB_H
#define PULLER_CREW_JOB_H

#include "puller/crew.h"

/* One layer on its way, for crew.c. */

/** crew_find() - see whether the layer is here, and lease it. */
void crew_find(struct crew *crew, struct layer_job *job);
/** crew_start() - begin to unpack, or find that it is here by now (JOB_DONE) or made by another
 * process (JOB_ELSEWHERE). */
int crew_start(struct crew *crew, struct layer_job *job, struct err *err);
/** crew_publish() - begin to give it its name. crew_publish_step() - see whether it has it;
 * crew_publish_end() - wait for that, whatever comes of it. */
int crew_publish(struct crew *crew, struct layer_job *job, struct err *err);
int crew_publish_step(struct crew *crew, struct layer_job *job, struct err *err);
void crew_publish_end(struct layer_job *job);
/** crew_published() - it is in the store: lease it, and be done. */
int crew_published(struct crew *crew, struct layer_job *job, struct err *err);
/** crew_step() - after something happened: take what there is, and publish it when it is whole.
 */
int crew_step(struct crew *crew, struct layer_job *job, struct err *err);
/** crew_drop() - end it, whatever its state, and forget what it made. */
void crew_drop(struct crew *crew, struct layer_job *job);
/** crew_name() - what to call it in a message: the digest of the blob or the layer's. */
const char *crew_name(const struct layer_job *job);

#endif
