#include "config/parts.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* One loading of a profile with everything it is made of. */
struct loader {
	const struct config_request *request;
	struct config *config;
	struct interpolation vars;
	const struct source
		*open[CONFIG_FILES_MAX]; /* files whose `extends` is being followed */
	size_t open_count;
};

static void warn_unset(void *arg, const char *name, size_t offset)
{
	const struct node *node = arg;

	(void)offset;
	log_warn("%s:%d:%d: variable '%s' is not set: taken as empty",
		 node->at.source ? node->at.source->shown : "", node->at.line, node->at.column,
		 name);
}

static int read_text(const char *path, const char *shown, char **out_text, size_t *out_len,
		     struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_sys(err, "open '%s'", shown);
	if (fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", shown);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "open '%s': not a regular file", shown);
	if (fd_read_all(fd, CONFIG_FILE_MAX, out_text, out_len, err) == 0)
		return 0;
	if (err->code != EFBIG)
		return err_wrap(err, "read '%s'", shown);
	return err_set(err, "read '%s': larger than 1 MiB, too large for a profile", shown);
}

static const struct source *source_add(struct loader *l, const char *path, char *shown)
{
	struct config *config = l->config;
	struct source *source = xmalloc(sizeof(*source));

	source->path = xstrdup(path);
	source->shown = shown;
	source->base_dir = find_project_dir(path);
	source->index = config->source_count;
	config->sources =
		xrealloc(config->sources, (config->source_count + 1) * sizeof(struct source *));
	config->sources[config->source_count++] = source;
	return source;
}

static int read_tree(const struct source *source, struct node **out_root, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;

	if (read_text(source->path, source->shown, &text, &len, err) < 0)
		return -1;
	return tree_read(text, len, source, out_root, err);
}

static int add_file(struct loader *l, const struct source *source, struct node *base,
		    struct err *err);

/* "shop.yaml -> base.yaml -> shop.yaml" */
static int fail_cycle(const struct loader *l, const struct source *again,
		      const struct place *at, struct err *err)
{
	AUTO_BUF struct buf way = {0};
	size_t first = 0;

	while (strcmp(l->open[first]->path, again->path) != 0)
		first++;
	for (size_t i = first; i < l->open_count; i++)
		buf_printf(&way, "%s -> ", l->open[i]->shown);
	return place_fail(err, at, "profiles extend one another in a circle: %s%s", way.data,
			  l->open[first]->shown);
}

static int resolve_extends(struct loader *l, const struct node *name, char **out_path,
			   struct err *err)
{
	const char *text = name->text;
	AUTO_FREE char *path = NULL;

	if (!strchr(text, '/') && !str_ends(text, ".yaml") && !str_ends(text, ".yml")) {
		if (find_named(l->request, text, &path, err) < 0)
			return err_at(err, name->at.source->shown, name->at.line,
				      name->at.column);
	} else if (str_starts(text, "~/")) {
		path = path_normalize(l->request->home, text + 1 + strspn(text + 1, "/"));
	} else {
		path = path_normalize(name->at.source->base_dir, text);
	}
	*out_path = STEAL(path);
	return 0;
}

static int extend_one(struct loader *l, const struct node *name, struct node *base,
		      struct err *err)
{
	AUTO_FREE char *path = NULL;
	const struct source *source;
	struct stat st;

	if (name->kind != NODE_SCALAR || !*name->text)
		return place_fail(
			err, &name->at,
			"extends must be the name of a profile, a path, or a list of these");
	if (l->config->source_count >= CONFIG_FILES_MAX)
		return place_fail(err, &name->at, "extends: more than %d files",
				  CONFIG_FILES_MAX);
	if (resolve_extends(l, name, &path, err) < 0)
		return -1;
	if (stat(path, &st) < 0)
		return place_fail(err, &name->at, "extends: open '%.200s': %s", path,
				  strerror(errno));

	source = source_add(l, path, find_shown(path, l->request->start_dir, l->request->home));
	for (size_t i = 0; i < l->open_count; i++)
		if (strcmp(l->open[i]->path, source->path) == 0)
			return fail_cycle(l, source, &name->at, err);
	return add_file(l, source, base, err);
}

static int follow_extends(struct loader *l, struct node *root, struct node *base,
			  struct err *err)
{
	ssize_t index = node_index(root, "extends");
	AUTO_NODE struct node *extends = NULL;

	if (index < 0)
		return 0;
	extends = node_take(root, (size_t)index);
	if (extends->kind == NODE_NULL || extends->merge == NODE_RESETS)
		return 0;
	if (extends->kind != NODE_LIST)
		return extend_one(l, extends, base, err);
	for (size_t i = 0; i < extends->count; i++)
		if (extend_one(l, extends->items[i], base, err) < 0)
			return -1;
	return 0;
}

/* Check and interpolate the tree of a file and put it, and below it what it extends, on top of
 * @base. */
static int add_tree(struct loader *l, const struct source *source, struct node *root,
		    struct node *base, struct err *err)
{
	int result;

	if (keys_check(root, err) < 0 || interpolate_tree(&l->vars, root, err) < 0)
		return -1;

	l->open[l->open_count++] = source;
	result = follow_extends(l, root, base, err);
	l->open_count--;
	if (result < 0)
		return -1;
	merge_into(base, root);
	return 0;
}

static int add_file(struct loader *l, const struct source *source, struct node *base,
		    struct err *err)
{
	AUTO_NODE struct node *root = NULL;

	if (read_tree(source, &root, err) < 0)
		return -1;
	return add_tree(l, source, root, base, err);
}

/* The user's config.yaml: `defaults:` and nothing else for now. */
static int add_defaults(struct loader *l, struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_NODE struct node *root = NULL;
	const struct config_request *request = l->request;
	const struct source *source;
	struct stat st;

	if (!request->config_dir)
		return 0;
	path = path_join(request->config_dir, "config.yaml");
	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;

	source = source_add(l, path, find_shown(path, request->start_dir, request->home));
	if (read_tree(source, &root, err) < 0)
		return -1;
	for (size_t i = 0; i < root->count; i++) {
		struct node *value = root->items[i];

		if (str_starts(root->keys[i].name, "x-"))
			continue;
		if (strcmp(root->keys[i].name, "defaults") != 0) {
			(void)place_fail(err, &root->keys[i].at, "unknown key '%.100s'",
					 root->keys[i].name);
			return err_hint(err, "keys of a profile go below 'defaults:'");
		}
		if (value->kind == NODE_MAP &&
		    add_tree(l, source, value, l->config->root, err) < 0)
			return -1;
		if (value->kind != NODE_MAP && value->kind != NODE_NULL)
			return place_fail(err, &value->at, "defaults must be a map of keys");
	}
	return 0;
}

static int add_given(struct loader *l, struct err *err)
{
	const struct config_request *request = l->request;

	for (size_t i = 0; i < request->files->count; i++) {
		const char *given = request->files->items[i];
		AUTO_FREE char *path = path_normalize(request->start_dir, given);
		const struct source *source;

		if (l->config->source_count >= CONFIG_FILES_MAX)
			return err_set(err, "more than %d profile files", CONFIG_FILES_MAX);
		source = source_add(l, path, xstrdup(given));
		if (i == 0) {
			l->config->profile_file = xstrdup(path);
			l->config->project_dir = find_project_dir(path);
		}
		if (add_file(l, source, l->config->root, err) < 0)
			return -1;
	}
	return 0;
}

static int fail_no_profile(const char *start_dir, struct err *err)
{
	AUTO_FREE char *yml = path_join(start_dir, "devbox.yml");
	struct stat st;

	(void)err_set(err, "no devbox.yaml in '%s' or a folder above it", start_dir);
	if (stat(yml, &st) == 0)
		return err_hint(err, "the file is named devbox.yml: rename it to devbox.yaml");
	return err_hint(err, "write one, an empty file will do, or name one with -f");
}

static int add_found(struct loader *l, struct err *err)
{
	const struct config_request *request = l->request;
	struct found found = {0};
	const char *files[2];
	int result = 0;

	if (find_profile(request->start_dir, &found, err) < 0)
		return -1;

	files[0] = found.profile;
	files[1] = found.local;
	if (!found.profile && request->require)
		result = fail_no_profile(request->start_dir, err);
	for (size_t i = 0; i < ARRAY_LEN(files) && files[i] && result == 0; i++) {
		char *shown = find_shown(files[i], request->start_dir, request->home);

		result = add_file(l, source_add(l, files[i], shown), l->config->root, err);
	}
	l->config->profile_file = STEAL(found.profile);
	l->config->project_dir = STEAL(found.project_dir);
	found_done(&found);
	return result;
}

int config_load(const struct config_request *request, struct config **out_config,
		struct err *err)
{
	struct config *config = xmalloc(sizeof(*config));
	struct loader l = {
		.request = request,
		.config = config,
		.vars = {.env = &config->env,
			 .budget = CONFIG_EXPANDED_MAX,
			 .warn = warn_unset},
	};
	int result;

	config->root = node_new(NODE_MAP, &(struct place){0});
	config->home = xstrdup(request->home);
	if (request->env)
		strv_add_all(&config->env, request->env);

	result = add_defaults(&l, err);
	if (result == 0)
		result = request->files && request->files->count ? add_given(&l, err)
								 : add_found(&l, err);
	if (result < 0) {
		config_free(config);
		return -1;
	}
	*out_config = config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;

	node_free(config->root);
	for (size_t i = 0; i < config->source_count; i++) {
		free(config->sources[i]->shown);
		free(config->sources[i]->path);
		free(config->sources[i]->base_dir);
		free(config->sources[i]);
	}
	free(config->sources);
	strv_done(&config->env);
	free(config->home);
	free(config->project_dir);
	free(config->profile_file);
	free(config);
}
