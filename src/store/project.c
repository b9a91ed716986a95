#include "store/dirs.h"

#include "store/private.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_FILE "folder"
#define ID_LEN_MAX 63
/* Digits of the folder's hash behind a name: as few as tell the folders apart. */
#define SUFFIX_FIRST 4
#define SUFFIX_LAST 16
#define CLAIM_TRIES 8

/* Whom an id belongs to. */
enum owner { OWNER_NONE, OWNER_US, OWNER_OTHER };

struct search {
	const struct dirs *dirs;
	const char *name;
	const char *folder;
	bool exact;
	bool create;
};

static char *id_dir(const struct dirs *dirs, const char *id)
{
	return xasprintf("%s/projects/%s", dirs->data, id);
}

/* The folder an id was claimed for: NULL when nobody did. */
static int read_folder(const struct dirs *dirs, const char *id, char **out_folder,
		       struct err *err)
{
	AUTO_FREE char *dir = id_dir(dirs, id);
	AUTO_FREE char *path = path_join(dir, FOLDER_FILE);
	char *folder;

	if (fd_read_file(AT_FDCWD, path, PATH_MAX, &folder, err) < 0) {
		if (err->code != ENOENT)
			return err_wrap(err, "project '%s'", id);
		*out_folder = NULL;
		return 0;
	}
	*out_folder = folder;
	return 0;
}

static int owner_of(const struct search *search, const char *id, enum owner *out_owner,
		    struct err *err)
{
	AUTO_FREE char *folder = NULL;

	if (read_folder(search->dirs, id, &folder, err) < 0)
		return -1;
	if (!folder)
		*out_owner = OWNER_NONE;
	else if (path_is_same(folder, search->folder))
		*out_owner = OWNER_US;
	else
		*out_owner = OWNER_OTHER;
	return 0;
}

/*
 * Claim @id: the file appears whole, or it was there already (EEXIST). Of two that claim at
 * once one wins.
 */
static int claim(const struct search *search, const char *id, struct err *err)
{
	AUTO_FREE char *dir = id_dir(search->dirs, id);
	AUTO_FREE char *path = path_join(dir, FOLDER_FILE);
	AUTO_FREE char *draft = xasprintf("%s.%d.new", path, (int)getpid());
	int result = 0;

	if (path_mkdirs(dir, 0700) < 0)
		return err_sys(err, "make folder '%s'", dir);
	if (fd_write_file(AT_FDCWD, draft, search->folder, strlen(search->folder), 0600, err) <
	    0)
		return err_wrap(err, "project '%s'", id);

	if (link(draft, path) < 0)
		result = err_sys(err, "claim project name '%s' in '%s'", id, dir);
	(void)unlink(draft);
	return result;
}

/* A project whose folder is gone leaves its id to the one who asks for it by name. */
static int take_over(const struct search *search, const char *id, struct err *err)
{
	AUTO_FREE char *dir = id_dir(search->dirs, id);
	AUTO_FREE char *path = path_join(dir, FOLDER_FILE);
	AUTO_FREE char *folder = NULL;

	if (read_folder(search->dirs, id, &folder, err) < 0)
		return -1;
	if (folder && (access(folder, F_OK) == 0 || errno != ENOENT)) {
		(void)err_set(err, "project name '%s' belongs to '%s'", id, folder);
		err->code = EEXIST;
		return err_hint(err, "choose another name with -p, or leave -p out");
	}
	if (!search->create)
		return 0;
	return fd_write_atomic(AT_FDCWD, path, search->folder, strlen(search->folder), 0600,
			       err);
}

static char *suffixed_id(const struct search *search, int digits)
{
	uint64_t hash = str_hash(search->folder, strlen(search->folder), STR_HASH_SEED);
	AUTO_FREE char *hex = xasprintf("%016" PRIx64, hash);

	return xasprintf("%.*s-%.*s", ID_LEN_MAX - 1 - digits, search->name, digits, hex);
}

static int choose_id(const struct search *search, char **out_id, enum owner *out_owner,
		     struct err *err)
{
	enum owner plain, owner;

	if (owner_of(search, search->name, &plain, err) < 0)
		return -1;
	if (search->exact || plain == OWNER_US) {
		*out_id = xstrdup(search->name);
		*out_owner = plain;
		return 0;
	}

	/* A folder that once got a suffix keeps it, or its box would be another one when the
	 * first project goes. */
	for (int digits = SUFFIX_FIRST; digits <= SUFFIX_LAST; digits += 4) {
		AUTO_FREE char *id = suffixed_id(search, digits);

		if (owner_of(search, id, &owner, err) < 0)
			return -1;
		if (owner == OWNER_OTHER)
			continue;
		if (owner == OWNER_NONE && plain == OWNER_NONE)
			break;
		*out_id = STEAL(id);
		*out_owner = owner;
		return 0;
	}
	*out_id = xstrdup(search->name);
	*out_owner = plain;
	return 0;
}

/* Choose and, when asked, claim. Return: 1 when somebody claimed the id meanwhile. */
static int find_once(const struct search *search, char **out_id, struct err *err)
{
	AUTO_FREE char *id = NULL;
	enum owner owner;

	if (choose_id(search, &id, &owner, err) < 0)
		return -1;
	if (owner == OWNER_OTHER && take_over(search, id, err) < 0)
		return -1;
	if (owner == OWNER_NONE && search->create && claim(search, id, err) < 0)
		return err->code == EEXIST ? 1 : -1;
	*out_id = STEAL(id);
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): two flags and two results, said once a verb. */
int project_find(const struct dirs *dirs, const char *name, const char *folder, bool exact,
		 bool create, struct project *out_project, struct err *err)
{
	const struct search search = {dirs, name, folder, exact, create};
	char *id = NULL;
	int result = 1;

	if (project_name_check(name, err) < 0)
		return -1;
	for (int tries = 0; result == 1 && tries < CLAIM_TRIES; tries++)
		result = find_once(&search, &id, err);
	if (result)
		return -1;

	*out_project = (struct project){
		.id = id,
		.folder = xstrdup(folder),
		.data_dir = id_dir(dirs, id),
		.runtime_dir = path_join(dirs->runtime, id),
		.state_dir = path_join(dirs->state, id),
		.lock_fd = -1,
	};
	return 0;
}

void project_done(struct project *project)
{
	if (project->id)
		project_unlock(project);
	free(project->id);
	free(project->folder);
	free(project->data_dir);
	free(project->runtime_dir);
	free(project->state_dir);
	*project = (struct project){.lock_fd = -1};
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Folders of @dir that hold a file @mark. */
static int add_marked(const char *dir, const char *mark, struct strv *ids, struct err *err)
{
	AUTO_CLOSEDIR DIR *stream = opendir(dir);
	const struct dirent *entry;

	if (!stream)
		return errno == ENOENT ? 0 : err_sys(err, "read folder '%s'", dir);

	while ((entry = readdir(stream))) {
		AUTO_FREE char *path = xasprintf("%s/%s", entry->d_name, mark);

		if (entry->d_name[0] != '.' && !strv_has(ids, entry->d_name) &&
		    faccessat(dirfd(stream), path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			strv_add(ids, entry->d_name);
	}
	return 0;
}

int project_list(const struct dirs *dirs, struct strv *out_ids, struct err *err)
{
	AUTO_FREE char *projects = path_join(dirs->data, "projects");
	AUTO_STRV struct strv ids = {0};

	if (add_marked(projects, FOLDER_FILE, &ids, err) < 0 ||
	    add_marked(dirs->runtime, LOCK_FILE, &ids, err) < 0)
		return -1;

	if (ids.count)
		qsort(ids.items, ids.count, sizeof(*ids.items), compare);
	*out_ids = ids;
	ids = (struct strv){0};
	return 0;
}
