#include "store/dirs.h"

#include "util/cleanup.h"

#include <string.h>

#define NAME_LEN_MAX 63

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_proper(const char *name)
{
	if (!is_alnum(*name) || strlen(name) > NAME_LEN_MAX)
		return false;
	for (; *name; name++)
		if (!is_alnum(*name) && *name != '_' && *name != '-')
			return false;
	return true;
}

char *project_name_from(const char *folder_name)
{
	struct buf b = {0};

	for (; *folder_name && b.len < NAME_LEN_MAX; folder_name++) {
		char c = *folder_name;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (is_alnum(c) || (c == '_' && b.len))
			buf_putc(&b, c);
		else if (b.len && b.data[b.len - 1] != '-')
			buf_putc(&b, '-');
	}
	while (b.len && !is_alnum(b.data[b.len - 1]))
		b.data[--b.len] = '\0';
	if (b.len == 0)
		buf_puts(&b, "project");
	return buf_take(&b);
}

int project_name_check(const char *name, struct err *err)
{
	AUTO_FREE char *proper = NULL;

	if (is_proper(name))
		return 0;

	proper = project_name_from(name);
	(void)err_set(
		err,
		"project name '%s' is not made of a-z, 0-9, '_' and '-', at most %d of them, "
		"a letter or digit first",
		name, NAME_LEN_MAX);
	return err_hint(err, "a proper name would be '%s'", proper);
}
