#include "puller/text.h"

#include "util/str.h"

#include <stdio.h>
#include <string.h>

void text_clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			*text = '?';
	}
}

const char *text_short(const char *digest, char out[TEXT_SHORT_MAX])
{
	const char *colon = strchr(digest, ':');

	(void)snprintf(out, TEXT_SHORT_MAX, "%s", colon ? colon + 1 : digest);
	return out;
}
