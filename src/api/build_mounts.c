#include "api/build_parts.h"

#include "config/caches.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

/* What a step sees of outside: caches, inputs, and a few files that keep apt in order. */

#define WAIT_NS 100000000L
#define APT_FOLDER "/etc/apt/apt.conf.d"

/* Images made for Docker throw away downloads after each run: here they are kept. */
#define DOCKER_CLEAN APT_FOLDER "/docker-clean"

void build_mounts_done(struct build_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		free(mounts->volumes[i].source);
		free(mounts->volumes[i].target);
	}
	free(mounts->volumes);
	for (size_t i = 0; i < mounts->lock_count; i++) {
		/* Children may have the descriptor, too. */
		(void)flock(mounts->locks[i], LOCK_UN);
		(void)close(mounts->locks[i]);
	}
	free(mounts->locks);
	*mounts = (struct build_mounts){0};
}

/* Takes the texts. Of two on one target the first stays. */
static void add_volume(struct build_mounts *mounts, enum volume_type type, char *source,
		       char *target, const struct origin *at)
{
	for (size_t i = 0; i < mounts->count; i++) {
		if (strcmp(mounts->volumes[i].target, target) == 0) {
			free(source);
			free(target);
			return;
		}
	}
	mounts->volumes =
		xrealloc(mounts->volumes, (mounts->count + 1) * sizeof(*mounts->volumes));
	mounts->volumes[mounts->count++] = (struct spec_volume){
		.type = type,
		.source = source,
		.target = target,
		.is_read_only = type == VOLUME_BIND || type == VOLUME_TMPFS,
		.at = *at,
	};
}

/* --- caches --- */

/* Of a folder of the box: one name that is a file name, and no other folder's. */
static char *name_of_dir(const char *dir)
{
	struct buf name = {0};

	buf_puts(&name, "build-");
	for (; *dir; dir++) {
		if (*dir == '/' || *dir == '%')
			buf_printf(&name, "%%%02X", (unsigned int)*dir);
		else
			buf_putc(&name, *dir);
	}
	if (name.len > NAME_MAX) {
		char hex[SHA256_HEX_MAX];

		sha256_text(name.data, name.len, hex);
		buf_done(&name);
		buf_printf(&name, "build-%s", hex);
	}
	return buf_take(&name);
}

static int own_cache(void *arg, struct err *err)
{
	if (fchown(*(const int *)arg, 0, 0) < 0)
		return err_sys(err, "give a cache to the box");
	return 0;
}

/* Root's own files are nobody's in a box. */
static int give_cache(struct build *build, int fd, struct err *err)
{
	uint32_t uid, gid;

	if (build->devbox->user.uid != 0)
		return build_in_userns(build, own_cache, &fd, err);
	if (!host_map_to_outside(&build->maps.uid_map, 0, &uid) ||
	    !host_map_to_outside(&build->maps.gid_map, 0, &gid) || fchown(fd, uid, gid) < 0)
		return err_sys(err, "give a cache to the box");
	return 0;
}

static int wait_for_lock(int fd, const char *name, int operation, struct err *err)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};
	bool is_said = false;

	while (flock(fd, operation | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return err_sys(err, "lock cache '%s'", name);
		if (!is_said)
			log_note(" waiting for another build that uses cache '%s'", name);
		is_said = true;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* Root's in the box: pip and others use no cache that is somebody else's. */
static int open_cache(struct build *build, const char *name, bool is_exclusive,
		      struct build_mounts *mounts, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/caches/%s", build->devbox->dirs.data, name);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (path_mkdirs(path, 0755) < 0)
		return err_sys(err, "make cache '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open cache '%s'", path);
	if (st.st_uid == geteuid() && give_cache(build, fd, err) < 0)
		return -1;
	if (wait_for_lock(fd, name, is_exclusive ? LOCK_EX : LOCK_SH, err) < 0)
		return -1;
	mounts->locks =
		xrealloc(mounts->locks, (mounts->lock_count + 1) * sizeof(*mounts->locks));
	mounts->locks[mounts->lock_count++] = steal_fd(&fd);
	return 0;
}

struct cache {
	char *name;
	const char *dir;
	bool is_exclusive;
};

struct cache_list {
	struct cache *items;
	size_t count;
};

static void add_cache(struct cache_list *list, char *name, const char *dir, bool is_exclusive)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].name, name) == 0) {
			free(name);
			return;
		}
	}
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = (struct cache){name, dir, is_exclusive};
}

static void add_cache_text(struct cache_list *list, const char *text)
{
	int index = -1;
	const struct cache_word *word =
		*text == '/' ? cache_word_of_dir(text, &index) : cache_word_find(text);

	if (!word) {
		add_cache(list, name_of_dir(text), text, false);
		return;
	}
	for (int i = 0; word->dirs[i]; i++)
		if (index < 0 || index == i)
			add_cache(list, xasprintf("build-%s", word->names[i]), word->dirs[i],
				  word->is_exclusive);
}

static int compare_caches(const void *a, const void *b)
{
	return strcmp(((const struct cache *)a)->name, ((const struct cache *)b)->name);
}

/* In the order of their names: two builds never wait for each other. */
static int open_caches(struct build *build, const struct build_step *step,
		       struct build_mounts *mounts, struct err *err)
{
	struct cache_list list = {0};
	int rc = 0;

	for (size_t i = 0; i < step->caches.count; i++)
		add_cache_text(&list, step->caches.items[i]);
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_caches);
	for (size_t i = 0; i < list.count; i++) {
		if (rc == 0)
			rc = open_cache(build, list.items[i].name, list.items[i].is_exclusive,
					mounts, err);
		if (rc == 0)
			add_volume(mounts, VOLUME_CACHE, xstrdup(list.items[i].name),
				   xstrdup(list.items[i].dir), &step->at);
		free(list.items[i].name);
	}
	free(list.items);
	return rc;
}

/* --- inputs --- */

static void add_inputs(const struct build *build, const struct build_step *step,
		       struct build_mounts *mounts)
{
	const char *source = build->spec->workspace.source;
	const char *target = build->spec->workspace.target;

	for (size_t i = 0; i < step->inputs.count; i++) {
		const char *path = step->inputs.items[i];

		if (strcmp(path, source) == 0)
			mounts->has_workspace = true;
	}
	for (size_t i = 0; i < step->inputs.count && !mounts->has_workspace; i++) {
		const char *path = step->inputs.items[i];

		add_volume(mounts, VOLUME_BIND, xstrdup(path),
			   path_join(target, path + strlen(source)), &step->spec->inputs.at[0]);
	}
	for (size_t i = 0; i < step->files.hidden.count; i++)
		add_volume(mounts, VOLUME_TMPFS, NULL,
			   path_normalize(target, step->files.hidden.items[i]), &step->at);
}

/* --- apt --- */

static int add_file(const char *scratch, const char *name, const char *text, const char *target,
		    struct build_mounts *mounts, struct err *err)
{
	static const struct origin nowhere = {0};
	char *path = path_join(scratch, name);

	if (fd_write_file(AT_FDCWD, path, text, strlen(text), 0644, err) < 0) {
		free(path);
		return -1;
	}
	add_volume(mounts, VOLUME_BIND, path, xstrdup(target), &nowhere);
	return 0;
}

static int add_apt_files(const struct build *build, const char *scratch,
			 struct build_mounts *mounts, struct err *err)
{
	const struct host_map *map = &build->maps.uid_map;
	const bool is_single = map->count == 1 && map->lines[0].count == 1;

	if (build_find_packager(&build->lower) != PACKAGER_APT)
		return 0;
	if (build_has_file(&build->lower, DOCKER_CLEAN) &&
	    add_file(scratch, "docker-clean", "", DOCKER_CLEAN, mounts, err) < 0)
		return -1;
	if (!is_single)
		return 0;
	/* There is no user to become for downloads. */
	return add_file(scratch, "single-id", "APT::Sandbox::User \"root\";\n",
			APT_FOLDER "/99devbox", mounts, err);
}

int build_mounts_make(struct build *build, const struct build_step *step, const char *scratch,
		      struct build_mounts *out_mounts, struct err *err)
{
	struct build_mounts mounts = {0};

	add_inputs(build, step, &mounts);
	if (add_apt_files(build, scratch, &mounts, err) < 0 ||
	    open_caches(build, step, &mounts, err) < 0) {
		build_mounts_done(&mounts);
		return -1;
	}
	*out_mounts = mounts;
	return 0;
}
