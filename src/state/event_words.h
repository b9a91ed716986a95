#ifndef STATE_EVENT_WORDS_H
#define STATE_EVENT_WORDS_H

#include "state/event.h"

/** event_words() - what an event says beyond its name, for people. free() it. */
char *event_words(const struct event *event);

#endif
