#include "util/sha256.h"

/* The plain functions: EVP would bring the whole library and its start-up into every devbox. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(struct sha256) >= sizeof(SHA256_CTX), "room for libcrypto's state");

static SHA256_CTX *context(struct sha256 *s)
{
	return (SHA256_CTX *)(void *)s->state;
}

void sha256_begin(struct sha256 *s)
{
	memset(s, 0, sizeof(*s));
	(void)SHA256_Init(context(s));
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	(void)SHA256_Update(context(s), data, len);
}

void sha256_end(struct sha256 *s, char out_hex[SHA256_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[SHA256_BYTES];
	size_t i;

	(void)SHA256_Final(bytes, context(s));
	for (i = 0; i < sizeof(bytes); i++) {
		out_hex[2 * i] = digits[bytes[i] >> 4];
		out_hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	out_hex[2 * i] = '\0';
}

void sha256_text(const void *data, size_t len, char out_hex[SHA256_HEX_MAX])
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, data, len);
	sha256_end(&s, out_hex);
}
