#include "api/internal.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a profile lets a box have of the host. The profile lies in the workspace, which the box
 * can write: so what a project was once started with is kept (`<data>/projects/<id>/grants`),
 * and a profile that asks for more later is the user's to confirm. Less is fine, and so is the
 * first time: then it came from outside of any box.
 */

#define GRANTS_FILE "grants"
#define GRANTS_MAX (256 * 1024)

static void add_mounts(const struct spec *spec, struct strv *out)
{
	size_t i;

	if (spec->workspace.source && strcmp(spec->workspace.source, spec->project_dir) != 0)
		strv_addf(out, "workspace %s%s", spec->workspace.source,
			  spec->workspace.is_read_only ? "" : " (to write)");
	for (i = 0; i < spec->volume_count; i++) {
		const struct spec_volume *volume = &spec->volumes[i];

		/* What lies in the workspace is the box's anyway. */
		if (volume->type != VOLUME_BIND ||
		    path_is_below(volume->source, spec->project_dir))
			continue;
		strv_addf(out, "folder or file %s%s", volume->source,
			  volume->is_read_only ? "" : " (to write)");
	}
	for (i = 0; i < spec->home_file_count; i++)
		strv_addf(out, "home file %s%s", spec->home_files[i].path,
			  spec->home_files[i].mode == HOME_FILE_RW ? " (to write)" : "");
	for (i = 0; i < spec->device_count; i++)
		strv_addf(out, "device %s", spec->devices[i].source);
}

static void list_grants(const struct spec *spec, struct strv *out)
{
	size_t i;

	add_mounts(spec, out);
	if (spec->home == HOME_SHARED)
		strv_add(out, "your real home");
	if (spec->network_mode == NET_HOST)
		strv_add(out, "the host's network");
	for (i = 0; i < spec->env_pass.count; i++)
		strv_addf(out, "environment %s", spec->env_pass.items[i]);
	for (i = 0; i < spec->cap_add.items.count; i++)
		strv_addf(out, "capability %s", spec->cap_add.items.items[i]);
	if (spec->seccomp.value)
		strv_addf(out, "seccomp %s", spec->seccomp.value);
	if (!spec->no_new_privileges)
		strv_add(out, "new privileges");
}

/* Lines of the file, one a grant. A project that was never up has no file: *out_is_known is
 * false. */
static int read_known(const char *path, struct strv *out_known, bool *out_is_known,
		      struct err *err)
{
	AUTO_FREE char *text = NULL;
	char *line;
	char *save = NULL;

	*out_is_known = false;
	if (fd_read_file(AT_FDCWD, path, GRANTS_MAX, &text, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	*out_is_known = true;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		strv_add(out_known, line);
	return 0;
}

static int refuse(const struct spec *spec, const char *what, struct err *err)
{
	(void)err_set(err,
		      "the profile asks for more of this machine than when the box was last "
		      "started: %s",
		      what);
	if (spec->profile_file)
		(void)err_at(err, spec->profile_file, 1, 1);
	return err_hint(err, "the box itself can write to the project folder. Was it you? Then "
			     "again with -y");
}

int api_check_grants(struct devbox *devbox, const struct project *project,
		     const struct spec *spec, struct err *err)
{
	AUTO_FREE char *path = path_join(project->data_dir, GRANTS_FILE);
	AUTO_STRV struct strv wanted = {0};
	AUTO_STRV struct strv known = {0};
	AUTO_BUF struct buf more = {0};
	bool is_known;
	size_t i;

	if (read_known(path, &known, &is_known, err) < 0)
		return -1;
	list_grants(spec, &wanted);
	for (i = 0; i < wanted.count; i++) {
		if (!strv_has(&known, wanted.items[i]))
			buf_printf(&more, "%s%s", more.len ? ", " : "", wanted.items[i]);
	}
	if (is_known && more.len > 0 && !devbox->options.yes)
		return refuse(spec, more.data, err);
	return 0;
}

int api_keep_grants(const struct project *project, const struct spec *spec, struct err *err)
{
	AUTO_FREE char *path = path_join(project->data_dir, GRANTS_FILE);
	AUTO_STRV struct strv wanted = {0};
	AUTO_BUF struct buf text = {0};
	size_t i;

	list_grants(spec, &wanted);
	for (i = 0; i < wanted.count; i++)
		buf_printf(&text, "%s\n", wanted.items[i]);
	return fd_write_atomic(AT_FDCWD, path, text.data ? text.data : "", text.len, 0600, err);
}
