#include "api/build_parts.h"

#include "config/caches.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* From the profile to steps. */

#define WHAT_MAX 100

static const struct {
	enum packager packager;
	const char *name; /* in the profile */
	const char *path;
	const char *command; /* names follow */
} packagers[] = {
	{PACKAGER_APT, "apt", "/usr/bin/apt-get",
	 "apt-get -q update && exec apt-get -q install -y --no-install-recommends "
	 "-o Dpkg::Use-Pty=0 --"},
	{PACKAGER_APK, "apk", "/sbin/apk", "exec apk add -U --cache-dir /var/cache/apk"},
	{PACKAGER_APK, "apk", "/usr/bin/apk", "exec apk add -U --cache-dir /var/cache/apk"},
	{PACKAGER_DNF, "dnf", "/usr/bin/dnf", "exec dnf install -y --setopt=keepcache=True"},
	{PACKAGER_PACMAN, "pacman", "/usr/bin/pacman", "exec pacman -Sy --noconfirm --needed"},
};

void build_step_done(struct build_step *step)
{
	free(step->name);
	free(step->words);
	free(step->what);
	free(step->command);
	strv_done(&step->env);
	strv_done(&step->packages);
	strv_done(&step->caches);
	strv_done(&step->inputs);
	build_files_done(&step->files);
	*step = (struct build_step){0};
}

/* --- the image --- */

bool build_has_file(const struct strv *lower, const char *path)
{
	for (size_t i = 0; i < lower->count; i++) {
		AUTO_CLOSE int root = open(lower->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		AUTO_CLOSE int fd = root < 0 ? -1 : path_open_in_root(root, path, O_PATH, 0);
		struct stat st;

		/* A whiteout hides what is below it. */
		if (fd >= 0 && fstat(fd, &st) == 0)
			return S_ISREG(st.st_mode);
	}
	return false;
}

static int find_packager(const struct strv *lower)
{
	for (size_t i = 0; i < ARRAY_LEN(packagers); i++)
		if (build_has_file(lower, packagers[i].path))
			return (int)i;
	return -1;
}

enum packager build_find_packager(const struct strv *lower)
{
	int i = find_packager(lower);

	return i < 0 ? PACKAGER_ANY : packagers[i].packager;
}

/* --- packages --- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_packages(const struct spec *spec)
{
	for (size_t i = 0; i < PACKAGER_COUNT; i++)
		if (spec->packages[i].items.count)
			return true;
	return false;
}

bool api_has_build(const struct spec *spec)
{
	return has_packages(spec) || spec->build_step_count > 0;
}

/* Sorted, each once: the order in the profile means nothing. */
static void sort_packages(const struct strv *list, struct strv *out)
{
	AUTO_STRV struct strv all = {0};

	strv_add_all(&all, list);
	qsort(all.items, all.count, sizeof(char *), compare_texts);
	for (size_t i = 0; i < all.count; i++)
		if (i == 0 || strcmp(all.items[i], all.items[i - 1]) != 0)
			strv_add(out, all.items[i]);
}

static int no_packager(const struct build *build, struct err *err)
{
	const struct spec *spec = build->spec;

	(void)err_set(err, "packages: image '%s' has no package manager that is known",
		      spec->image.value);
	(void)spec_at(&spec->packages_at, err);
	return err_hint(err, "known are apt-get, apk, dnf and pacman; others can be used in "
			     "'build.steps'");
}

static int make_packages(struct build *build, struct build_step *step, struct err *err)
{
	const struct spec *spec = build->spec;
	const struct spec_list *list;
	AUTO_BUF struct buf command = {0};
	AUTO_BUF struct buf what = {0};
	int i = find_packager(&build->lower);

	if (i < 0)
		return no_packager(build, err);
	list = &spec->packages[packagers[i].packager];
	if (!list->items.count)
		list = &spec->packages[PACKAGER_ANY];
	if (!list->items.count) {
		(void)err_set(err, "packages: there is no list for '%s', which image '%s' has",
			      packagers[i].name, spec->image.value);
		(void)spec_at(&spec->packages_at, err);
		return err_hint(err, "add 'packages.%s'", packagers[i].name);
	}
	sort_packages(&list->items, &step->packages);
	buf_puts(&command, packagers[i].command);
	for (size_t p = 0; p < step->packages.count; p++) {
		buf_printf(&command, " '%s'", step->packages.items[p]);
		buf_printf(&what, "%s%s", p ? " " : "", step->packages.items[p]);
	}
	step->name = xstrdup("packages");
	step->words = xstrdup("packages");
	step->what = buf_take(&what);
	step->command = buf_take(&command);
	strv_add(&step->caches, packagers[i].name);
	step->network = true;
	step->at = spec->packages_at;
	return 0;
}

/* --- steps --- */

static char *first_line(const char *text)
{
	size_t len;
	char *line;

	text += strspn(text, " \t\n");
	len = strcspn(text, "\n");
	line = xstrndup(text, len > WHAT_MAX ? WHAT_MAX : len);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return line;
}

static int read_inputs(struct build *build, struct build_step *step, struct err *err)
{
	const struct spec_list *inputs = &step->spec->inputs;

	for (size_t i = 0; i < inputs->items.count; i++) {
		if (strv_has(&step->inputs, inputs->items.items[i]))
			continue;
		if (build_files_read(build->spec->workspace.source, inputs->items.items[i],
				     build->hashes, &step->files, err) < 0) {
			(void)err_wrap(err, "inputs of %s", step->words);
			return spec_at(&inputs->at[i], err);
		}
		strv_add(&step->inputs, inputs->items.items[i]);
	}
	return 0;
}

static int make_step(struct build *build, size_t i, struct build_step *step, struct err *err)
{
	const struct spec_build_step *from = &build->spec->build_steps[i];

	step->spec = from;
	step->number = i + 1;
	step->name = xasprintf("%zu", i + 1);
	step->words = xasprintf("step %zu", i + 1);
	step->what = first_line(from->run);
	step->command = xstrdup(from->run);
	strv_add_all(&step->env, &from->env);
	strv_add_all(&step->caches, &from->caches);
	step->network = from->network;
	step->at = from->at;
	return read_inputs(build, step, err);
}

int build_steps_make(struct build *build, struct err *err)
{
	const struct spec *spec = build->spec;

	build->steps = xmalloc((spec->build_step_count + 1) * sizeof(*build->steps));
	if (has_packages(spec) &&
	    make_packages(build, &build->steps[build->step_count++], err) < 0)
		return -1;
	for (size_t i = 0; i < spec->build_step_count; i++)
		if (make_step(build, i, &build->steps[build->step_count++], err) < 0)
			return -1;
	return 0;
}

struct build_facts build_step_facts(const struct build *build, const struct build_step *step)
{
	return (struct build_facts){
		.parent = build->parent,
		.command = step->command,
		.env = &step->env,
		.working_dir = build->spec->workspace.target,
		.user = "root",
		.platform = build->base->platform,
		.network = step->network && build->spec->network_mode != NET_NONE,
		.files = &step->files,
		.packages = &step->packages,
	};
}
