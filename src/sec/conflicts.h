#ifndef SEC_CONFLICTS_H
#define SEC_CONFLICTS_H

#include "sec/profile.h"

/**
 * conflicts_report() - what a profile says twice and differently, one warning each
 * The first rule of the file that matches decides; everything that only order decides is said
 * aloud.
 */
void conflicts_report(const struct profile *p, struct strv *warnings);

#endif
