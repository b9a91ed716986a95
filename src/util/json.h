#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct json - writes one JSON text (RFC 8259) into a buffer, commas and quoting done; `= {0}`
 * begins one
 *
 * json_object_begin(j, key) etc.: @key is NULL at the top and inside arrays. Invalid UTF-8 in
 * strings becomes U+FFFD.
 */
struct json {
	struct buf text;
	bool needs_comma;
};
void json_object_begin(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_text(struct json *j, const char *key, const char *value); /* NULL value writes null */
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_none(struct json *j, const char *key);
void json_done(struct json *j);
/**
 * json_utf8_length() - bytes of the UTF-8 sequence at @s, which is not its NUL; 0 when it is
 * not one: too long for what it says, half a surrogate pair, past U+10FFFF, or cut short (a NUL
 * is no continuation byte)
 */
size_t json_utf8_length(const unsigned char *s);
#define AUTO_JSON __attribute__((cleanup(json_done)))

#endif
