#include "api/api.h"

#include "util/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int find_start_dir(const char *wanted, char **out_dir, struct err *err)
{
	AUTO_FREE char *dir = realpath(wanted ? wanted : ".", NULL);
	struct stat st;

	if (!dir && !wanted) {
		(void)err_sys(err, "the current folder");
		return err_hint(err, "it was removed or closed to you: change to another one");
	}
	if (!dir)
		return err_sys(err, "folder '%s'", wanted);
	if (stat(dir, &st) < 0)
		return err_sys(err, "folder '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return err_code(err, ENOTDIR, "folder '%s'", dir);

	*out_dir = STEAL(dir);
	return 0;
}

int devbox_open(const struct devbox_options *options, struct devbox **out_devbox,
		struct err *err)
{
	struct devbox *devbox = xmalloc(sizeof(*devbox));

	devbox->options = *options;
	for (char **item = environ; item && *item; item++)
		strv_add(&devbox->env, *item);

	if (find_start_dir(options->start_dir, &devbox->start_dir, err) < 0 ||
	    host_user_get(&devbox->user, err) < 0 ||
	    dirs_get(&devbox->env, devbox->user.home, &devbox->dirs, err) < 0) {
		devbox_close(devbox);
		return -1;
	}
	*out_devbox = devbox;
	return 0;
}

void devbox_close(struct devbox *devbox)
{
	if (!devbox)
		return;

	free(devbox->start_dir);
	strv_done(&devbox->env);
	host_user_done(&devbox->user);
	dirs_done(&devbox->dirs);
	free(devbox);
}
