#include "api/transfer.h"
#include "api/images_parts.h"

#include "api/puller.h"
#include "image/platform.h"
#include "image/reference.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPOOL_BLOCK (256 * 1024)

static int add_platform(const char *text, struct strv *options, struct err *err)
{
	struct platform platform = {0};

	if (!text)
		return 0;
	if (platform_parse(text, &platform, err) < 0)
		return -1;
	strv_add(options, "--platform");
	strv_take(options, platform_words(&platform));
	platform_done(&platform);
	return 0;
}

static int refuse_source(const struct reference *reference, struct err *err)
{
	(void)err_set(err, "image '%s' needs no store: it is used where it is",
		      reference->text);
	err->code = EINVAL;
	return -1;
}

static int bring(struct devbox *devbox, const struct reference *reference, struct strv *options,
		 char **out_id, struct err *err)
{
	AUTO_FREE char *name = reference_short(reference);
	const bool is_remote = reference->source == IMAGE_REGISTRY;
	const struct puller_request request = {
		.verb = is_remote ? "pull" : "load",
		.done_verb = is_remote ? "pulled" : "loaded",
		.name = name,
		.options = options,
	};

	if (reference->source == IMAGE_HOST || reference->source == IMAGE_ROOTFS)
		return refuse_source(reference, err);
	strv_add(options, "--always");
	/* Only a short name may be an alias of registries.conf. */
	strv_add(options, reference->is_short ? name : reference->text);
	return puller_run(devbox, &request, out_id, err);
}

int devbox_pull_image(struct devbox *devbox, const char *reference,
		      const struct pull_options *options, char **out_id, struct err *err)
{
	AUTO_REFERENCE struct reference ref = {0};
	AUTO_STRV struct strv arguments = {0};

	if (reference_parse(reference, devbox->start_dir, &ref, err) < 0)
		return -1;
	if (options->insecure)
		strv_add(&arguments, "--insecure");
	if (add_platform(options->platform, &arguments, err) < 0)
		return -1;
	return bring(devbox, &ref, &arguments, out_id, err);
}

/* --- load --- */

static int load_as(struct devbox *devbox, const char *text, const char *platform, char **out_id,
		   struct err *err)
{
	AUTO_REFERENCE struct reference ref = {0};
	AUTO_STRV struct strv arguments = {0};

	if (reference_parse(text, devbox->start_dir, &ref, err) < 0)
		return -1;
	strv_add(&arguments, "--names");
	if (add_platform(platform, &arguments, err) < 0)
		return -1;
	return bring(devbox, &ref, &arguments, out_id, err);
}

static bool has_scheme(const char *source)
{
	static const char *const schemes[] = {
		"oci:", "oci-archive:", "docker-archive:", "tar:", "rootfs:"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_starts(source, schemes[i]))
			return true;
	return false;
}

/* What is compressed is mostly Docker's; what it is not, the other kind may be. */
static int load_compressed(struct devbox *devbox, const char *path, const char *platform,
			   char **out_id, struct err *err)
{
	static const char *const kinds[] = {"docker-archive", "oci-archive", "tar"};
	struct err first = {0};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_FREE char *text = xasprintf("%s:%s", kinds[i], path);

		if (load_as(devbox, text, platform, out_id, i ? err : &first) == 0)
			return 0;
		if ((i ? err : &first)->code == EINTR)
			break;
	}
	*err = first;
	return -1;
}

static int load_path(struct devbox *devbox, const char *path, const char *platform,
		     char **out_id, struct err *err)
{
	AUTO_FREE char *text = NULL;
	const char *kind;

	if (transfer_kind(path, &kind, err) < 0)
		return -1;
	if (!kind)
		return load_compressed(devbox, path, platform, out_id, err);
	text = xasprintf("%s%s", kind, path);
	return load_as(devbox, text, platform, out_id, err);
}

static int spool(int to, struct err *err)
{
	AUTO_FREE char *block = xmalloc(SPOOL_BLOCK);

	for (;;) {
		ssize_t n = read(STDIN_FILENO, block, SPOOL_BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read standard input");
		if (n == 0)
			return 0;
		if (fd_write_all(to, block, (size_t)n) < 0)
			return err_sys(err, "keep standard input in a file");
	}
}

/* An archive is read here and there: what comes through a pipe is kept in a file meanwhile. */
static int load_stdin(struct devbox *devbox, const char *platform, char **out_id,
		      struct err *err)
{
	AUTO_FREE char *path = path_join(devbox->dirs.cache, "load-XXXXXX");
	AUTO_CLOSE int fd = -1;
	int rc;

	if (isatty(STDIN_FILENO)) {
		(void)err_set(err,
			      "nothing to load: no source, and standard input is a terminal");
		return err_hint(err, "devbox load FILE");
	}
	if (path_mkdirs(devbox->dirs.cache, 0700) < 0)
		return err_sys(err, "make '%s'", devbox->dirs.cache);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "make a file in '%s'", devbox->dirs.cache);
	rc = spool(fd, err);
	if (rc == 0)
		rc = load_path(devbox, path, platform, out_id, err);
	(void)unlink(path);
	return rc;
}

int devbox_load_image(struct devbox *devbox, const char *source, const char *platform,
		      char **out_id, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (strcmp(source, "-") == 0)
		return load_stdin(devbox, platform, out_id, err);
	if (has_scheme(source))
		return load_as(devbox, source, platform, out_id, err);
	path = path_normalize(devbox->start_dir, source);
	if (load_path(devbox, path, platform, out_id, err) == 0)
		return 0;
	if (err->code == ENOENT && !err->hint[0])
		return err_hint(err, "an image of a registry is fetched by 'devbox pull %s'",
				source);
	return -1;
}

/* --- save --- */

static int check_output(const struct save_options *options, const char *path, bool *out_is_dir,
			struct err *err)
{
	struct stat st;
	const bool is_there = stat(path, &st) == 0;

	*out_is_dir = (is_there && S_ISDIR(st.st_mode)) || str_ends(options->output, "/");
	if (options->format && *out_is_dir && strcmp(options->format, "oci") != 0) {
		(void)err_set(err, "'%s' is a folder, and format '%s' is a file", path,
			      options->format);
		return err_hint(err, "name a file, or use --format oci");
	}
	return 0;
}

/* Names as they are known in the store, else digests. */
static int add_images(struct devbox *devbox, const struct strv *images, struct strv *arguments,
		      struct err *err)
{
	struct shelf shelf;
	int rc = 0;

	if (shelf_open(devbox, &shelf, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < images->count; i++) {
		struct found_image found;

		rc = shelf_find(devbox, &shelf, images->items[i], &found, err);
		if (rc == 0)
			strv_add(arguments, found.reference
						    ? found.reference
						    : shelf.list.images[found.index].id);
	}
	shelf_close(&shelf);
	return rc;
}

int devbox_save_images(struct devbox *devbox, const struct strv *images,
		       const struct save_options *options, struct err *err)
{
	AUTO_FREE char *path = path_normalize(devbox->start_dir, options->output);
	const bool is_stdout = strcmp(options->output, "-") == 0;
	AUTO_STRV struct strv arguments = {0};
	AUTO_FREE char *id = NULL;
	const struct puller_request request = {
		.verb = "save",
		.done_verb = "saved",
		.name = images->items[0],
		.options = &arguments,
		.has_stdout = is_stdout,
	};
	bool is_dir = false;

	if (is_stdout && isatty(STDOUT_FILENO)) {
		(void)err_set(err, "an archive is nothing for a terminal");
		return err_hint(err, "write it to a file: -o FILE");
	}
	if (!is_stdout && check_output(options, path, &is_dir, err) < 0)
		return -1;
	strv_add(&arguments, "--format");
	strv_add(&arguments, options->format ? options->format
			     : is_dir        ? "oci"
					     : "oci-archive");
	if (options->compress) {
		strv_add(&arguments, "--compress");
		strv_add(&arguments, options->compress);
	}
	strv_add(&arguments, "--output");
	strv_add(&arguments, is_stdout ? "-" : path);
	if (add_images(devbox, images, &arguments, err) < 0)
		return -1;
	return puller_run(devbox, &request, &id, err);
}
