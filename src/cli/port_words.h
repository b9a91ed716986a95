#ifndef CLI_PORT_WORDS_H
#define CLI_PORT_WORDS_H

#include "api/status.h"
#include "util/json.h"

/* Ports of a box as words for people and as JSON. free() the texts. */

/** port_place() - where it is reached: "127.0.0.1:8080", "[::1]:53"; "-" when it is blocked. */
char *port_place(const struct port_entry *entry);
/** ports_words() - all of a box in one cell: "127.77.3.1:3000 127.0.0.1:8080->80"; "-". */
char *ports_words(const struct port_list *list);
/** port_json() - an object; @box may be NULL. */
void port_json(struct json *j, const char *box, const struct port_entry *entry);

#endif
