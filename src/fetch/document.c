#include "fetch/job.h"
#include "util/cleanup.h"
#include "util/sha256.h"

#include <errno.h>
#include <string.h>

/* Manifests, indexes and configs: small, into memory, and checked there. */

#define MANIFEST_ACCEPT                                               \
	"application/vnd.oci.image.index.v1+json, "                   \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.oci.image.manifest.v1+json, "                \
	"application/vnd.docker.distribution.manifest.v2+json"
#define BLOB_ACCEPT "application/octet-stream, */*;q=0.5"

/**
 * struct paper - a document that is wanted; @job comes first: it is how the hooks know it
 * @digest:	it must have this one; NULL: whatever the server says of it
 * @blob:	it must have this size; NULL: not known
 * @actual:	what it has, once it is here
 */
struct paper {
	struct job job;
	const char *digest;
	const struct descriptor *blob;
	char actual[sizeof("sha256:") + SHA256_HEX_MAX];
};

static struct paper *paper_of(struct job *job)
{
	return (struct paper *)job;
}

static void drop_paper(struct paper *paper)
{
	job_end(&paper->job);
}
#define AUTO_PAPER __attribute__((cleanup(drop_paper)))

static int refuse(struct job *job, struct trouble *out, const char *reason, const char *hint)
{
	*out = (struct trouble){.kind = TROUBLE_PLACE, .after_ms = -1};
	(void)err_set(&out->err, "fetch %s: %s", job->what, reason);
	out->err.code = EBADMSG;
	if (hint)
		(void)err_hint(&out->err, "%s", hint);
	return -1;
}

static int refuse_long(struct job *job, struct trouble *out)
{
	AUTO_FREE char *reason = xasprintf("registry '%s' sent more than %zu bytes",
					   job->session->host, job->max);

	return refuse(job, out, reason, "this is no image");
}

static int refuse_digest(struct job *job, const char *expected, struct trouble *out)
{
	AUTO_FREE char *shown = foreign_text(expected, strlen(expected), 80);
	AUTO_FREE char *reason = xasprintf("it is damaged: %s came instead of '%s'",
					   paper_of(job)->actual, shown);

	return refuse(
		job, out, reason,
		"the registry, or something in between, changes it: try again, or push the "
		"image again");
}

static int check_status(struct job *job, struct trouble *out)
{
	const struct answer *answer = &job->http->answer;
	AUTO_FREE char *reason = NULL;

	if (answer->status != 200) {
		reason = xasprintf("registry '%s' answers HTTP status %d", job->session->host,
				   answer->status);
		return refuse(job, out, reason, NULL);
	}
	if (!str_eq(answer->media_type, "text/html"))
		return 0;
	reason = xasprintf("'%s' sent a web page", job->session->wire);
	return refuse(
		job, out, reason,
		"this is no registry, or a network that wants a login in the browser first");
}

/* The server's own word on what it sent. Of another algorithm than ours it says nothing. */
static int check_own_word(struct job *job, struct trouble *out)
{
	const char *digest = job->http->answer.digest;

	if (!digest || str_starts(digest, "sha512:") || str_eq(digest, paper_of(job)->actual))
		return 0;
	return refuse_digest(job, digest, out);
}

static int paper_check(struct job *job, struct trouble *out)
{
	struct paper *paper = paper_of(job);
	const struct buf *body = &job->http->body;
	char hex[SHA256_HEX_MAX];

	if (job->http->is_too_long)
		return refuse_long(job, out);
	if (check_status(job, out) < 0)
		return -1;
	if (job->method == HTTP_HEAD)
		return 0;
	if (paper->blob && body->len != paper->blob->size) {
		AUTO_FREE char *reason =
			xasprintf("it has %zu bytes, but the image says %llu", body->len,
				  (unsigned long long)paper->blob->size);

		return refuse(job, out, reason, "the image is broken: push it again");
	}
	sha256_text(body->data ? body->data : "", body->len, hex);
	(void)snprintf(paper->actual, sizeof(paper->actual), "sha256:%s", hex);
	if (paper->digest && strcmp(paper->digest, paper->actual) != 0)
		return refuse_digest(job, paper->digest, out);
	return paper->blob ? 0 : check_own_word(job, out);
}

static const struct job_kind paper_kind = {.check = paper_check};

/* What servers call a file of which they know nothing. */
static bool is_telling(const char *media_type)
{
	return media_type && *media_type && !str_eq(media_type, "application/json") &&
	       !str_eq(media_type, "application/octet-stream") &&
	       !str_eq(media_type, "text/plain");
}

static void take_paper(struct paper *paper, struct fetched *out)
{
	struct http *http = paper->job.http;
	const char *media_type = http->answer.media_type;

	*out = (struct fetched){
		.len = http->body.len,
		.media_type = is_telling(media_type) ? xstrdup(media_type) : NULL,
		.digest = xstrdup(paper->actual),
	};
	out->text = buf_take(&http->body);
}

void fetched_done(struct fetched *fetched)
{
	free(fetched->text);
	free(fetched->media_type);
	free(fetched->digest);
	*fetched = (struct fetched){0};
}

static int run_paper(struct fetch *fetch, struct paper *paper, struct job_want *want,
		     struct err *err)
{
	want->kind = &paper_kind;
	want->max = DOCUMENT_MAX;
	if (job_begin(fetch, &paper->job, want, err) < 0)
		return -1;
	return fetch_run(fetch, &paper->job, err);
}

/* "manifests/<what>" of @reference or @digest, with words for it. Frees what they held. */
static void name_manifest(const struct reference *reference, const char *digest,
			  char **out_what, char **out_tail)
{
	const char *by = digest              ? digest
			 : reference->digest ? reference->digest
			 : reference->tag    ? reference->tag
					     : "latest";

	*out_what = xasprintf("'%s'", reference->text);
	*out_tail = xasprintf("manifests/%s", by);
}

int fetch_manifest(struct fetch *fetch, const struct reference *reference, const char *digest,
		   struct fetched *out_fetched, struct err *err)
{
	AUTO_PAPER struct paper paper = {.digest = digest ? digest : reference->digest};
	struct job_want want = {.reference = reference, .accept = MANIFEST_ACCEPT};
	AUTO_FREE char *what = NULL;
	AUTO_FREE char *tail = NULL;

	name_manifest(reference, digest, &what, &tail);
	want.what = what;
	want.tail = tail;
	if (run_paper(fetch, &paper, &want, err) < 0)
		return -1;
	take_paper(&paper, out_fetched);
	return 0;
}

static int digest_by_manifest(struct fetch *fetch, const struct reference *reference,
			      char **out_digest, struct err *err)
{
	struct fetched fetched = {0};

	if (fetch_manifest(fetch, reference, NULL, &fetched, err) < 0)
		return -1;
	*out_digest = STEAL(fetched.digest);
	fetched_done(&fetched);
	return 0;
}

int fetch_head(struct fetch *fetch, const struct reference *reference, char **out_digest,
	       struct err *err)
{
	AUTO_PAPER struct paper paper = {0};
	struct job_want want = {
		.reference = reference, .accept = MANIFEST_ACCEPT, .method = HTTP_HEAD};
	AUTO_FREE char *what = NULL;
	AUTO_FREE char *tail = NULL;
	const struct http *http;

	name_manifest(reference, NULL, &what, &tail);
	want.what = what;
	want.tail = tail;
	if (run_paper(fetch, &paper, &want, err) < 0) {
		http = paper.job.http;
		/* Some know no HEAD. */
		if (http && (http->answer.status == 405 || http->answer.status == 501))
			return digest_by_manifest(fetch, reference, out_digest, err);
		return -1;
	}
	http = paper.job.http;
	if (!http->answer.digest || !digest_check(http->answer.digest))
		return digest_by_manifest(fetch, reference, out_digest, err);
	*out_digest = xstrdup(http->answer.digest);
	return 0;
}

int fetch_small(struct fetch *fetch, const struct reference *reference,
		const struct descriptor *blob, struct fetched *out_fetched, struct err *err)
{
	AUTO_PAPER struct paper paper = {.digest = blob->digest, .blob = blob};
	struct job_want want = {.reference = reference, .accept = BLOB_ACCEPT};
	AUTO_FREE char *what = xasprintf("the config of '%s'", reference->text);
	AUTO_FREE char *tail = xasprintf("blobs/%s", blob->digest);

	if (!digest_check(blob->digest))
		return err_set(err, "fetch %s: its digest is none", what);
	if (blob->size > DOCUMENT_MAX)
		return err_set(err, "fetch %s: %llu bytes are too many", what,
			       (unsigned long long)blob->size);
	want.what = what;
	want.tail = tail;
	if (run_paper(fetch, &paper, &want, err) < 0)
		return -1;
	take_paper(&paper, out_fetched);
	return 0;
}
