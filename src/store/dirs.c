#include "store/dirs.h"

#include "store/private.h"

#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OURS "devbox"

/* A variable that is not an absolute path is ignored, says the XDG specification. */
static char *base_dir(const struct strv *env, const char *name, const char *home,
		      const char *below_home)
{
	const char *value = env_get(env, name);

	if (value && value[0] == '/')
		return path_join(value, OURS);
	return xasprintf("%s/%s/%s", home[1] ? home : "", below_home, OURS);
}

/* Return: a folder of this user; a session variable kept over `su` or `sudo` names somebody
 * else's. */
static bool is_own_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static char *session_dir(const struct strv *env)
{
	const char *value = env_get(env, "XDG_RUNTIME_DIR");
	char *path;

	if (value && value[0] == '/') {
		if (is_own_dir(value))
			return path_join(value, "");
		log_debug("XDG_RUNTIME_DIR '%s' is not a folder of this user: not used", value);
	}
	path = xasprintf("/run/user/%u", (unsigned)geteuid());
	if (!is_own_dir(path)) {
		free(path);
		return NULL;
	}
	return path;
}

int dir_check_private(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(err, "folder '%s'", path);
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;

	(void)err_set(err, "folder '%s' is not this user's own", path);
	err->code = EPERM;
	return err_hint(
		err,
		"remove it, or set XDG_RUNTIME_DIR to a folder of your own with mode 0700");
}

int dir_make_private(const char *path, struct err *err)
{
	if (path_mkdirs(path, 0700) < 0)
		return err_sys(err, "make folder '%s'", path);
	return dir_check_private(path, err);
}

int dirs_get(const struct strv *env, const char *home, struct dirs *out_dirs, struct err *err)
{
	struct dirs dirs = {0};

	if (!home || home[0] != '/') {
		(void)err_set(err, "home folder '%s' is not an absolute path",
			      home ? home : "");
		return err_hint(err, "set HOME");
	}

	dirs.xdg_runtime = session_dir(env);
	if (dirs.xdg_runtime)
		dirs.runtime = path_join(dirs.xdg_runtime, OURS);
	else
		dirs.runtime = xasprintf("/tmp/" OURS "-%u", (unsigned)geteuid());
	/* In /tmp anybody may have been first. */
	if (access(dirs.runtime, F_OK) == 0 && dir_check_private(dirs.runtime, err) < 0) {
		dirs_done(&dirs);
		return -1;
	}

	dirs.config = base_dir(env, "XDG_CONFIG_HOME", home, ".config");
	dirs.data = base_dir(env, "XDG_DATA_HOME", home, ".local/share");
	dirs.state = base_dir(env, "XDG_STATE_HOME", home, ".local/state");
	dirs.cache = base_dir(env, "XDG_CACHE_HOME", home, ".cache");
	*out_dirs = dirs;
	return 0;
}

void dirs_done(struct dirs *dirs)
{
	free(dirs->config);
	free(dirs->data);
	free(dirs->state);
	free(dirs->cache);
	free(dirs->runtime);
	free(dirs->xdg_runtime);
	*dirs = (struct dirs){0};
}
