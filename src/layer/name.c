#include "layer/name.h"

#include <stdbool.h>
#include <string.h>

#define SAY_FRONT 120
#define SAY_GAP "..."

const char *name_say(const char *text, char out[NAME_SAY_MAX])
{
	size_t len = strlen(text);
	size_t used = len;
	char *c;

	if (len < NAME_SAY_MAX) {
		memcpy(out, text, len);
	} else {
		const size_t gap = strlen(SAY_GAP);
		const size_t back = NAME_SAY_MAX - 1 - SAY_FRONT - gap;

		memcpy(out, text, SAY_FRONT);
		memcpy(out + SAY_FRONT, SAY_GAP, gap);
		memcpy(out + SAY_FRONT + gap, text + len - back, back);
		used = NAME_SAY_MAX - 1;
	}
	out[used] = '\0';
	for (c = out; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return out;
}

static int refuse(const char *text, const char *why, struct err *err)
{
	char say[NAME_SAY_MAX];

	return err_set(err, "the name '%s' of an entry %s", name_say(text, say), why);
}

static bool is_dots(const char *text, size_t len, size_t dots)
{
	return len == dots && memcmp(text, "..", dots) == 0;
}

/* Append @part to the name. */
static int add(struct name *name, const char *part, size_t len, const char *text,
	       struct err *err)
{
	if (is_dots(part, len, 2))
		return refuse(text, "leads out of its folder by '..'", err);
	if (len > NAME_MAX)
		return refuse(text, "has a part of more than 255 bytes", err);
	if (name->len + 1 + len >= sizeof(name->path))
		return refuse(text, "is longer than 4095 bytes", err);

	name->parent_len = name->len;
	if (name->len)
		name->path[name->len++] = '/';
	memcpy(name->path + name->len, part, len);
	name->len += len;
	name->path[name->len] = '\0';
	return 0;
}

int name_set(struct name *name, const char *text, struct err *err)
{
	const char *at = text;
	unsigned depth = 0;

	name->path[0] = '\0';
	name->len = name->parent_len = 0;
	while (*at) {
		size_t len = strcspn(at, "/");

		if (len > 0 && !is_dots(at, len, 1)) {
			if (++depth > NAME_DEPTH_MAX)
				return refuse(text, "is more than 256 folders deep", err);
			if (add(name, at, len, text, err) < 0)
				return -1;
		}
		at += len + (at[len] == '/');
	}
	return 0;
}
