#include "sec/source.h"

#include "sec/conflicts.h"
#include "sec/filter.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>

/* default_blob.S */
extern const char sec_default_profile_start[];
extern const char sec_default_profile_end[];

const char *filter_default_json(size_t *out_len)
{
	*out_len = (size_t)(sec_default_profile_end - sec_default_profile_start);
	return sec_default_profile_start;
}

const char *source_name(const char *path)
{
	return path ? path : "default seccomp profile";
}

int source_load(const char *path, char **out_text, struct err *err)
{
	size_t len;

	if (!path) {
		const char *text = filter_default_json(&len);

		*out_text = xstrndup(text, len);
		return 0;
	}

	if (fd_read_file(AT_FDCWD, path, PROFILE_MAX_BYTES, out_text, err) < 0)
		return err_wrap(err, "seccomp profile");
	return 0;
}

int source_parse(const char *path, const char *text, const struct profile_facts *facts,
		 struct profile *out, struct strv *warnings, struct err *err)
{
	if (profile_parse(source_name(path), text, facts, out, warnings, err) < 0)
		return -1;
	if (path)
		conflicts_report(out, warnings);
	return 0;
}
