#ifndef IMAGE_PLATFORM_H
#define IMAGE_PLATFORM_H

#include "util/err.h"
#include "util/str.h"

/** struct platform - "linux/arm64/v8" of the OCI image index; owned texts, @variant may be NULL
 */
struct platform {
	char *os;
	char *architecture;
	char *variant;
};
void platform_done(struct platform *platform);

/** platform_parse() - "linux/amd64", "linux/arm/v7", "arm64"; words of uname (x86_64, aarch64)
 * are understood. */
int platform_parse(const char *text, struct platform *out_platform, struct err *err);
/** platform_host() - of this machine; with the level of the processor for amd64 ("v1".."v4").
 */
void platform_host(struct platform *out_platform);
/** platform_rank() - how well @offered serves @wanted: 0 not at all, the highest is the best. A
 * variant that is weaker than the wanted one serves, a stronger one does not; none serves
 * always. */
int platform_rank(const struct platform *wanted, const struct platform *offered);
/** platform_words() - "linux/arm/v7". free() it. */
char *platform_words(const struct platform *platform);

#endif
