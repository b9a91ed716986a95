#ifndef CLI_IMAGE_WORDS_H
#define CLI_IMAGE_WORDS_H

#include "api/images.h"
#include "util/json.h"

/* Images as words for people and as JSON. free() the texts. */

/** created_ms() - CLOCK_REALTIME of an RFC 3339 text; 0: NULL, or not to be understood. */
int64_t created_ms(const char *text);
/** id_words() - the first twelve digits of a digest or of a layer's id. */
char *id_words(const char *id);
/** json_list() - an array of texts. */
void json_list(struct json *j, const char *key, const struct strv *list);
/** json_created() - two members: "created" as the image says, "created_ms". */
void json_created(struct json *j, const char *created);
/** image_describe() - all of an image as one JSON text. */
char *image_describe(const struct image_details *details);

#endif
