#include "api/api.h"

#include "config/parts.h"
#include "state/record.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Shipped profiles lie beside the program: in its share folder, or in the tree it was built in.
 */
static void find_data_dirs(struct strv *out_dirs)
{
	AUTO_FREE char *program = realpath("/proc/self/exe", NULL);
	AUTO_FREE char *dir = NULL;

	if (!program)
		return;
	dir = xstrndup(program, (size_t)(last_name(program) - program));
	strv_addf(out_dirs, "%s../share/%s", dir, last_name(program));
	dir[strlen(dir) - 1] = '\0';
	if (str_starts(last_name(dir), "build"))
		strv_addf(out_dirs, "%s/..", dir);
}

static int load_spec(struct devbox *devbox, bool require, struct config **out_config,
		     struct spec *out_spec, struct err *err)
{
	AUTO_STRV struct strv data_dirs = {0};
	const struct config_request request = {
		.start_dir = devbox->start_dir,
		.files = &devbox->options.files,
		.env = &devbox->env,
		.home = devbox->user.home,
		.config_dir = devbox->dirs.config,
		.data_dirs = &data_dirs,
		.require = require,
	};
	struct config *config;

	find_data_dirs(&data_dirs);
	if (config_load(&request, &config, err) < 0)
		return -1;
	if (config_to_spec(config, out_spec, err) < 0) {
		config_free(config);
		return -1;
	}
	*out_config = config;
	return 0;
}

static int find_by_spec(struct devbox *devbox, const struct spec *spec, bool create,
			struct project *out_project, struct err *err)
{
	const char *asked = devbox->options.project;
	AUTO_FREE char *name = NULL;

	if (asked)
		name = xstrdup(asked);
	else if (spec->name.value)
		name = xstrdup(spec->name.value);
	else
		name = project_name_from(last_name(spec->project_dir));

	if (!asked && spec->name.value && project_name_check(name, err) < 0)
		return spec_at(&spec->name.at, err);
	return project_find(&devbox->dirs, name, spec->project_dir, asked != NULL, create,
			    out_project, err);
}

/* NOLINTNEXTLINE(readability-function-size): two flags and three results, said once a verb. */
int devbox_load(struct devbox *devbox, bool require, bool create, struct config **out_config,
		struct spec *out_spec, struct project *out_project, struct err *err)
{
	struct config *config;
	struct spec spec = {0};

	if (load_spec(devbox, require, &config, &spec, err) < 0)
		return -1;
	if (find_by_spec(devbox, &spec, create, out_project, err) < 0) {
		spec_done(&spec);
		config_free(config);
		return -1;
	}
	*out_config = config;
	*out_spec = spec;
	return 0;
}

/* The folder that claimed @id, NULL when none did; free() it. */
static char *claimed_folder(const struct devbox *devbox, const char *id)
{
	AUTO_FREE char *path = xasprintf("%s/projects/%s/folder", devbox->dirs.data, id);
	char *folder = NULL;
	struct err ignored;

	(void)fd_read_file(AT_FDCWD, path, PATH_MAX, &folder, &ignored);
	return folder;
}

static void fill_project(const struct devbox *devbox, const char *id, const char *folder,
			 struct project *out_project)
{
	*out_project = (struct project){
		.id = xstrdup(id),
		.folder = xstrdup(folder),
		.data_dir = xasprintf("%s/projects/%s", devbox->dirs.data, id),
		.runtime_dir = path_join(devbox->dirs.runtime, id),
		.state_dir = path_join(devbox->dirs.state, id),
		.lock_fd = -1,
	};
}

static int no_project(const struct devbox *devbox, const char *id, struct err *err)
{
	AUTO_STRV struct strv ids = {0};
	const char *nearest = NULL;
	struct err ignored;

	(void)err_set(err, "there is no project '%s'", id);
	err->code = ENOENT;
	if (project_list(&devbox->dirs, &ids, &ignored) == 0 && ids.count)
		nearest = str_nearest(id, (const char *const *)ids.items);
	if (nearest)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(err, "'devbox ps -a' shows those that there are");
}

/* A project by its id, from wherever the user is. */
static int find_by_id(const struct devbox *devbox, const char *id, struct project *out_project,
		      struct err *err)
{
	AUTO_FREE char *folder = NULL;
	AUTO_FREE char *runtime = NULL;

	if (project_name_check(id, err) < 0)
		return -1;
	folder = claimed_folder(devbox, id);
	runtime = path_join(devbox->dirs.runtime, id);
	if (!folder && access(runtime, F_OK) < 0)
		return no_project(devbox, id, err);
	fill_project(devbox, id, folder ? folder : "", out_project);
	return 0;
}

/* Ids that the folder @dir has, which are several after its name changed. */
static int find_claims(const struct devbox *devbox, const char *dir, struct strv *out_ids,
		       struct err *err)
{
	AUTO_STRV struct strv ids = {0};

	if (project_list(&devbox->dirs, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		AUTO_FREE char *folder = claimed_folder(devbox, ids.items[i]);

		if (folder && path_is_same(folder, dir))
			strv_add(out_ids, ids.items[i]);
	}
	return 0;
}

static bool has_boxes(const struct devbox *devbox, const char *id)
{
	AUTO_FREE char *runtime = path_join(devbox->dirs.runtime, id);
	AUTO_STRV struct strv boxes = {0};
	struct err ignored;

	return record_list(runtime, &boxes, &ignored) == 0 && boxes.count > 0;
}

/* The folder a profile would make the project's; the current one when there is no profile. */
static int find_folder(const struct devbox *devbox, char **out_dir, struct err *err)
{
	struct found found = {0};

	if (devbox->options.files.count) {
		AUTO_FREE char *file =
			path_normalize(devbox->start_dir, devbox->options.files.items[0]);

		*out_dir = find_project_dir(file);
		return 0;
	}
	if (find_profile(devbox->start_dir, &found, err) < 0)
		return -1;
	*out_dir = xstrdup(found.project_dir ? found.project_dir : devbox->start_dir);
	found_done(&found);
	return 0;
}

/* What the profile says, or a claim or the folder's name where the profile is broken. */
static int find_by_profile(struct devbox *devbox, const char *dir, const struct strv *claims,
			   struct project *out_project, struct err *err)
{
	AUTO_FREE char *name = NULL;
	struct config *config;
	struct spec spec = {0};
	struct err ignored;
	int result;

	if (load_spec(devbox, false, &config, &spec, &ignored) == 0) {
		result = find_by_spec(devbox, &spec, false, out_project, err);
		spec_done(&spec);
		config_free(config);
		return result;
	}
	for (size_t i = 0; i < claims->count; i++) {
		if (i + 1 < claims->count && !has_boxes(devbox, claims->items[i]))
			continue;
		fill_project(devbox, claims->items[i], dir, out_project);
		return 0;
	}
	name = project_name_from(last_name(dir));
	return project_find(&devbox->dirs, name, dir, false, false, out_project, err);
}

int devbox_project(struct devbox *devbox, struct project *out_project, struct err *err)
{
	AUTO_FREE char *dir = NULL;
	AUTO_STRV struct strv claims = {0};

	if (devbox->options.project)
		return find_by_id(devbox, devbox->options.project, out_project, err);
	if (find_folder(devbox, &dir, err) < 0 || find_claims(devbox, dir, &claims, err) < 0)
		return -1;

	/* The usual case needs no YAML, and a profile that was broken meanwhile does not
	 * keep anybody from stopping the box. */
	if (claims.count == 1 && has_boxes(devbox, claims.items[0])) {
		fill_project(devbox, claims.items[0], dir, out_project);
		return 0;
	}
	return find_by_profile(devbox, dir, &claims, out_project, err);
}

/* The names a user may have meant by @name. */
static int no_box(const struct devbox *devbox, const struct project *project, const char *name,
		  struct err *err)
{
	AUTO_STRV struct strv names = {0};
	AUTO_STRV struct strv ids = {0};
	const char *nearest = NULL;
	struct err ignored;

	(void)err_set(err, "there is no box '%s'", name);
	err->code = ENOENT;
	(void)record_list(project->runtime_dir, &names, &ignored);
	strv_add(&names, project->id);
	if (project_list(&devbox->dirs, &ids, &ignored) == 0)
		strv_add_all(&names, &ids);
	nearest = str_nearest(name, (const char *const *)names.items);
	if (nearest)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(err, "'devbox ps -a' shows those that there are");
}

static bool is_box_name(const char *name)
{
	return *name && *name != '.' && *name != '-' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

static int find_in_project(struct devbox *devbox, const char *name, struct project *out_project,
			   char **out_box, struct err *err)
{
	AUTO_FREE char *id = xstrndup(name, strcspn(name, "/"));
	const char *box = strchr(name, '/') + 1;

	if (!is_box_name(box)) {
		(void)err_set(err, "'%s' is no name of a box", name);
		return err_hint(err, "a box is named PROJECT or PROJECT/SERVICE");
	}
	if (find_by_id(devbox, id, out_project, err) < 0)
		return -1;
	*out_box = xstrdup(box);
	return 0;
}

/* A service that has not been started yet has no record. */
static bool is_service(struct devbox *devbox, const char *name)
{
	struct config *config;
	struct spec spec = {0};
	struct err ignored;
	bool is_one;

	if (devbox->options.project || load_spec(devbox, false, &config, &spec, &ignored) < 0)
		return false;
	is_one = spec_service(&spec, name) != NULL;
	spec_done(&spec);
	config_free(config);
	return is_one;
}

int devbox_find_box(struct devbox *devbox, const char *name, struct project *out_project,
		    char **out_box, struct err *err)
{
	AUTO_STRV struct strv boxes = {0};
	struct project project;
	struct err ignored;
	int result;

	if (name && strchr(name, '/'))
		return find_in_project(devbox, name, out_project, out_box, err);
	if (devbox_project(devbox, &project, err) < 0)
		return -1;
	(void)record_list(project.runtime_dir, &boxes, &ignored);
	if (!name || strcmp(name, project.id) == 0 || strcmp(name, DEV_BOX) == 0 ||
	    strv_has(&boxes, name) || is_service(devbox, name)) {
		*out_box = xstrdup(!name || strcmp(name, project.id) == 0 ? DEV_BOX : name);
		*out_project = project;
		return 0;
	}

	result = is_box_name(name) ? find_by_id(devbox, name, out_project, &ignored) : -1;
	if (result == 0)
		*out_box = xstrdup(DEV_BOX);
	else
		(void)no_box(devbox, &project, name, err);
	project_done(&project);
	return result;
}
