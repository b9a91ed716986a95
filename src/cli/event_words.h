#ifndef CLI_EVENT_WORDS_H
#define CLI_EVENT_WORDS_H

#include "api/events.h"

/** event_words() - what an event says beyond its name, for people. free() it. */
char *event_words(const struct event *event);

#endif
