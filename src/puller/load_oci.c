#include "puller/load.h"

#include "puller/compose.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>

/* OCI image layout: index.json and blobs/sha256/. */

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

static int get(void *arg, const struct descriptor *what, struct fetched *out_fetched,
	       struct err *err)
{
	struct fetched fetched = {0};
	struct piece piece;

	if (source_blob(arg, what, &piece, err) < 0 ||
	    source_read(&piece, what->digest, &fetched.text, &fetched.len, err) < 0)
		return -1;
	fetched.digest = compose_digest(fetched.text, fetched.len);
	fetched.media_type = xstrdup(what->media_type);
	if (strcmp(fetched.digest, what->digest) != 0) {
		(void)err_set(err, "blob '%s' has the digest '%s'", what->digest,
			      fetched.digest);
		err->code = EBADMSG;
		fetched_done(&fetched);
		return err_hint(err, "the file was damaged; make it again");
	}
	*out_fetched = fetched;
	return 0;
}

static int find(struct puller *puller, const struct reference *reference, struct source *source,
		struct resolved *out_resolved, struct err *err)
{
	struct fetched index = {0};
	struct platform platform = {0};
	const struct resolver resolver = {
		.get_manifest = get,
		.get_config = get,
		.arg = source,
		.name = reference->tag,
		.platform = &platform,
		.is_layout = true,
		.is_exact = puller->options.platform != NULL,
	};
	struct piece piece;
	int rc;

	if (source_find(source, "index.json", &piece, err) < 0) {
		if (err->code == ENOENT)
			(void)err_hint(err, "an OCI image layout has one; 'docker-archive:' is "
					    "what 'docker save' writes, 'tar:' a bare root");
		return -1;
	}
	if (source_read(&piece, "index.json", &index.text, &index.len, err) < 0 ||
	    resolve_platform(puller->options.platform, &platform, err) < 0) {
		fetched_done(&index);
		return -1;
	}
	index.digest = compose_digest(index.text, index.len);
	index.media_type = xstrdup(INDEX_TYPE);
	rc = resolve(&resolver, &index, out_resolved, err);
	platform_done(&platform);
	return rc;
}

static int make_jobs(const struct resolved *r, struct source *source, struct layer_job *jobs,
		     struct err *err)
{
	for (size_t i = 0; i < r->document.count; i++) {
		struct piece piece;

		if (source_blob(source, &r->document.items[i], &piece, err) < 0)
			return -1;
		jobs[i] = (struct layer_job){
			.digest = r->document.items[i].digest,
			.diff_id = r->config.diff_ids.items[i],
			.size = piece.size,
			.fd = piece.fd,
			.offset = piece.offset,
		};
	}
	return 0;
}

static int bring(struct puller *puller, const struct reference *reference,
		 struct source *source, const struct resolved *r, struct err *err)
{
	struct crew crew = {
		.jobs = xmalloc((r->document.count + 1) * sizeof(struct layer_job)),
		.count = r->document.count,
	};
	AUTO_STRV struct strv names = {0};
	const struct intake intake = {
		.reference = reference,
		.index = r->index,
		.id = r->manifest.digest,
		.manifest = r->manifest.text,
		.manifest_len = r->manifest.len,
		.config_digest = r->document.config.digest,
		.config = r->config_text.text,
		.config_len = r->config_text.len,
		.platform = &r->config.platform,
		.names = &names,
	};
	int rc;

	if (r->odd_platform)
		report_warn(&puller->report, "the image is for %s", r->odd_platform);
	if (puller->options.names)
		load_name(r->name, &names);
	rc = make_jobs(r, source, crew.jobs, err);
	if (rc == 0)
		rc = intake_layers(puller, &crew, reference, err);
	if (rc == 0)
		rc = intake_publish(puller, &intake, &crew, err);
	crew_done(&crew);
	free(crew.jobs);
	return rc;
}

int load_oci(struct puller *puller, const struct reference *reference, struct source *source,
	     struct err *err)
{
	struct resolved resolved;
	int rc;

	if (find(puller, reference, source, &resolved, err) < 0)
		return err_wrap(err, "'%s'", reference->text);
	rc = bring(puller, reference, source, &resolved, err);
	resolved_done(&resolved);
	return rc;
}
