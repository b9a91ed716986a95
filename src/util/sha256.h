#ifndef UTIL_SHA256_H
#define UTIL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX_MAX 65

/**
 * struct sha256 - a running SHA-256 (FIPS 180-4), by libcrypto; one thread at a time. Plain
 * memory: a copy of it is a second stream that goes on from there.
 */
struct sha256 {
	uint64_t state[16];
};
void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/** sha256_end() - 64 lower-case hexadecimal digits and NUL. */
void sha256_end(struct sha256 *s, char out_hex[SHA256_HEX_MAX]);
/** sha256_text() - of @len bytes at once. */
void sha256_text(const void *data, size_t len, char out_hex[SHA256_HEX_MAX]);

#endif
