#include "sec/filter.h"

#include "sec/cache.h"
#include "sec/compile.h"
#include "sec/source.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <string.h>
#include <sys/utsname.h>

/* Change it whenever the same profile compiles to other bytes. */
#define COMPILER_REVISION 1U

static void key_add(struct buf *key, const void *data, size_t len)
{
	uint64_t len64 = len;

	buf_add(key, &len64, sizeof(len64));
	buf_add(key, data, len);
}

static void key_add_text(struct buf *key, const char *text)
{
	key_add(key, text, strlen(text));
}

static void make_key(const struct filter_request *request, const char *name, const char *text,
		     const char *kernel, struct buf *key)
{
	uint32_t revision = COMPILER_REVISION;
	uint32_t arch = syscalls_native();
	char explain = request->explain && request->path ? 'e' : '-';
	char library[32];

	key_add(key, &revision, sizeof(revision));
	key_add(key, &arch, sizeof(arch));
	key_add(key, &explain, 1);
	key_add(key, &request->bounding, sizeof(request->bounding));
	key_add_text(key, syscalls_library(library));
	key_add_text(key, kernel);
	key_add_text(key, name);
	key_add_text(key, text);
}

static int compile(const struct filter_request *request, const char *text,
		   const struct profile_facts *facts, struct filter *out_filter,
		   struct strv *warnings, struct err *err)
{
	AUTO_PROFILE struct profile profile = {0};
	AUTO_RULESET struct ruleset ruleset = {0};

	if (source_parse(request->path, text, facts, &profile, warnings, err) < 0)
		return -1;
	ruleset_build(&profile, &ruleset);
	return compile_ruleset(&ruleset, request->explain && request->path, out_filter, err);
}

int filter_get(const struct filter_request *request, struct filter *out_filter,
	       struct strv *warnings, struct err *err)
{
	AUTO_FREE char *loaded = NULL;
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf key = {0};
	AUTO_STRV struct strv found = {0};
	struct filter filter = {0};
	struct utsname uts;
	struct err ignored;

	if (source_load(request->path, &loaded, err) < 0)
		return -1;
	if (uname(&uts) < 0)
		return err_sys(err, "read kernel release");

	make_key(request, source_name(request->path), loaded, uts.release, &key);
	if (!request->cache_dir ||
	    !cache_find(request->cache_dir, &key, &path, &filter, &found)) {
		struct profile_facts facts = {request->bounding, uts.release};

		if (compile(request, loaded, &facts, &filter, &found, err) < 0)
			return -1;
		if (path && cache_write(path, &key, &filter, &found, &ignored) == 0)
			filter.file = STEAL(path);
		else if (path)
			log_debug("seccomp: %s", ignored.message);
	}

	strv_add_all(warnings, &found);
	*out_filter = filter;
	return 0;
}

void filter_done(struct filter *filter)
{
	free(filter->program);
	free(filter->file);
	*filter = (struct filter){0};
}
