#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "store/dirs.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A home of its own, with folders for projects in it. */
struct home {
	char *top;
	struct strv env;
	struct dirs dirs;
};

static inline int home_make(void **state)
{
	const char *base = getenv("TMPDIR");
	struct home *home = xmalloc(sizeof(*home));
	struct err err;

	home->top = xasprintf("%s/devbox-home-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(home->top));
	strv_addf(&home->env, "XDG_RUNTIME_DIR=%s", home->top);
	assert_int_equal(dirs_get(&home->env, home->top, &home->dirs, &err), 0);
	*state = home;
	return 0;
}

static inline int home_remove(void **state)
{
	struct home *home = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", home->top);

	assert_int_equal(system(command), 0);
	dirs_done(&home->dirs);
	strv_done(&home->env);
	free(home->top);
	free(home);
	return 0;
}

/* TOP/@path, made; free() it. */
static inline char *home_folder(const struct home *home, const char *path)
{
	char *folder = path_join(home->top, path);

	assert_int_equal(path_mkdirs(folder, 0755), 0);
	return folder;
}

#define IN_HOME(f) cmocka_unit_test_setup_teardown(f, home_make, home_remove)

#endif
