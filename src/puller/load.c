#include "puller/load.h"

#include "puller/compose.h"
#include "util/cleanup.h"
#include "util/sha256.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int load_made(struct puller *puller, const struct intake *intake, const struct crew *crew,
	      struct err *err)
{
	AUTO_FREE struct compose_layer *layers =
		xmalloc((crew->count + 1) * sizeof(struct compose_layer));
	AUTO_FREE char *config_digest = compose_digest(intake->config, intake->config_len);
	AUTO_FREE char *manifest = NULL;
	AUTO_FREE char *id = NULL;
	AUTO_STRV struct strv digests = {0};
	struct intake whole = *intake;

	for (size_t i = 0; i < crew->count; i++)
		strv_addf(&digests, "sha256:%s", crew->jobs[i].id);
	/* As if nothing had been compressed: the same image has the same id, however it came.
	 */
	for (size_t i = 0; i < crew->count; i++)
		layers[i] = (struct compose_layer){.digest = digests.items[i],
						   .size = crew->jobs[i].tar_bytes};
	manifest = compose_manifest(config_digest, intake->config_len, layers, crew->count);
	id = compose_digest(manifest, strlen(manifest));
	whole.index = whole.id = id;
	whole.manifest = manifest;
	whole.manifest_len = strlen(manifest);
	whole.config_digest = config_digest;
	return intake_publish(puller, &whole, crew, err);
}

void load_name(const char *text, struct strv *names)
{
	struct reference reference;
	struct err ignored;

	if (!text || !strpbrk(text, "/:") ||
	    reference_parse(text, NULL, &reference, &ignored) < 0)
		return;
	if (reference.source == IMAGE_REGISTRY && !reference.digest)
		strv_add(names, reference.text);
	reference_done(&reference);
}

/* --- tar: --- */

static int open_tar(const char *path, int *out_fd, uint64_t *out_size, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' is not a file", path);
	*out_fd = steal_fd(&fd);
	*out_size = (uint64_t)st.st_size;
	return 0;
}

int load_tar(struct puller *puller, const struct reference *reference, struct err *err)
{
	AUTO_FREE char *stamp = image_source_stamp(reference);
	AUTO_FREE char *what = xasprintf("%s %s", reference->text, stamp ? stamp : "");
	AUTO_FREE char *config = NULL;
	AUTO_FREE char *diff_id = NULL;
	AUTO_CLOSE int fd = -1;
	struct platform platform = {0};
	char key[SHA256_HEX_MAX];
	struct layer_job job = {.key = key};
	struct crew crew = {.jobs = &job, .count = 1};
	int rc;

	if (open_tar(reference->path, &fd, &job.size, err) < 0 ||
	    resolve_platform(puller->options.platform, &platform, err) < 0)
		return -1;
	job.fd = fd;
	sha256_text(what, strlen(what), key);
	rc = intake_layers(puller, &crew, reference, err);
	if (rc == 0) {
		diff_id = xasprintf("sha256:%s", job.id);
		config = compose_config(&platform, diff_id, "devbox load tar:");
		rc = load_made(puller,
			       &(struct intake){.reference = reference,
						.platform = &platform,
						.config = config,
						.config_len = strlen(config)},
			       &crew, err);
	} else {
		(void)err_wrap(err, "'%s'", reference->path);
	}
	crew_done(&crew);
	platform_done(&platform);
	return rc;
}

int puller_load(struct puller *puller, const struct reference *reference, struct err *err)
{
	struct source source;
	int rc;

	if (reference->source == IMAGE_TAR)
		return load_tar(puller, reference, err);
	if (source_open(reference, puller->store.fd, &source, err) < 0)
		return -1;
	rc = reference->source == IMAGE_DOCKER_ARCHIVE
		     ? load_docker(puller, reference, &source, err)
		     : load_oci(puller, reference, &source, err);
	source_close(&source);
	return rc;
}
