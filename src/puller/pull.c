#include "puller/puller.h"

#include "fetch/fetch.h"
#include "util/cleanup.h"

struct registry {
	struct puller *puller;
	struct fetch *fetch;
	const struct reference *reference;
	bool has_failed; /* and said of which image */
};

static void note(void *arg, const char *text)
{
	report_note(arg, text);
}

/* What is here needs no request. */
static int read_here(struct registry *registry, const struct descriptor *what,
		     struct fetched *out_fetched)
{
	struct err ignored;

	if (blob_read(&registry->puller->store, what->digest, &out_fetched->text,
		      &out_fetched->len, &ignored) < 0)
		return -1;
	out_fetched->media_type = xstrdup(what->media_type);
	out_fetched->digest = xstrdup(what->digest);
	return 0;
}

static int get_manifest(void *arg, const struct descriptor *what, struct fetched *out_fetched,
			struct err *err)
{
	struct registry *registry = arg;

	if (read_here(registry, what, out_fetched) == 0)
		return 0;
	if (fetch_manifest(registry->fetch, registry->reference, what->digest, out_fetched,
			   err) == 0)
		return 0;
	registry->has_failed = true;
	return -1;
}

static int get_config(void *arg, const struct descriptor *what, struct fetched *out_fetched,
		      struct err *err)
{
	struct registry *registry = arg;

	if (read_here(registry, what, out_fetched) == 0)
		return 0;
	if (fetch_small(registry->fetch, registry->reference, what, out_fetched, err) == 0)
		return 0;
	registry->has_failed = true;
	return -1;
}

static int find(struct registry *registry, struct resolved *out_resolved, struct err *err)
{
	const struct puller_options *options = &registry->puller->options;
	struct platform platform = {0};
	struct resolver resolver = {
		.get_manifest = get_manifest,
		.get_config = get_config,
		.arg = registry,
		.platform = &platform,
		.is_exact = options->platform != NULL,
	};
	struct fetched first;
	int rc;

	if (resolve_platform(options->platform, &platform, err) < 0)
		return -1;
	rc = fetch_manifest(registry->fetch, registry->reference, NULL, &first, err);
	if (rc == 0 && resolve(&resolver, &first, out_resolved, err) < 0) {
		rc = -1;
		if (!registry->has_failed)
			(void)err_wrap(err, "image '%s'", registry->reference->text);
	}
	platform_done(&platform);
	return rc;
}

static int bring(struct registry *registry, const struct resolved *r, struct err *err)
{
	struct puller *puller = registry->puller;
	struct crew crew = {
		.fetch = registry->fetch,
		.reference = registry->reference,
		.jobs = xmalloc((r->document.count + 1) * sizeof(struct layer_job)),
		.count = r->document.count,
	};
	const struct intake intake = {
		.reference = registry->reference,
		.index = r->index,
		.id = r->manifest.digest,
		.manifest = r->manifest.text,
		.manifest_len = r->manifest.len,
		.config_digest = r->document.config.digest,
		.config = r->config_text.text,
		.config_len = r->config_text.len,
		.platform = &r->config.platform,
	};
	int rc;

	if (r->odd_platform)
		report_warn(&puller->report, "the image is for %s", r->odd_platform);
	for (size_t i = 0; i < crew.count; i++)
		crew.jobs[i] = (struct layer_job){
			.digest = r->document.items[i].digest,
			.diff_id = r->config.diff_ids.items[i],
			.size = r->document.items[i].size,
			.fd = -1,
		};
	rc = intake_layers(puller, &crew, registry->reference, err);
	if (rc == 0)
		rc = intake_publish(puller, &intake, &crew, err);
	crew_done(&crew);
	free(crew.jobs);
	return rc;
}

int puller_pull(struct puller *puller, const struct reference *reference, struct err *err)
{
	struct registry registry = {.puller = puller, .reference = reference};
	const struct fetch_options options = {
		.env = &puller->env,
		.home = puller->home,
		.insecure = puller->options.insecure,
		.note = note,
		.arg = &puller->report,
	};
	struct resolved resolved;
	int rc;

	if (fetch_open(&options, &registry.fetch, err) < 0)
		return -1;
	rc = find(&registry, &resolved, err);
	if (rc == 0) {
		rc = bring(&registry, &resolved, err);
		resolved_done(&resolved);
	}
	fetch_close(registry.fetch);
	return rc;
}
