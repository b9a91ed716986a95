#ifndef IMAGE_DOCUMENT_H
#define IMAGE_DOCUMENT_H

#include "image/platform.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The JSON documents of an image: OCI image specification 1.1 (index, manifest, config) and
 * Docker's image manifest version 2 schema 2. They come from strangers: at most DOCUMENT_MAX
 * bytes, parsed by jansson with duplicate keys refused, every type, size and digest checked;
 * what is wrong is said with its place in the document.
 */

#define DOCUMENT_MAX (4U * 1024 * 1024)
#define DOCUMENT_LAYERS_MAX 127

/** struct descriptor - media type, digest (checked) and size of a blob; owned */
struct descriptor {
	char *media_type;
	char *digest;
	uint64_t size;
	struct platform platform; /* in an index; os NULL: not said */
	char *name;               /* annotation org.opencontainers.image.ref.name, or NULL */
};

enum document_kind { DOCUMENT_INDEX, DOCUMENT_MANIFEST };

/**
 * struct document - an index (@items are manifests) or a manifest (@config, and @items are
 * layers, bottom first)
 */
struct document {
	enum document_kind kind;
	struct descriptor config;
	struct descriptor *items;
	size_t count;
};

/**
 * document_parse() - a manifest or index
 * @media_type:	what the server called it, parameters ignored; NULL: not known
 * Without any media type it is what it holds: `manifests`, or `config` and `layers`.
 *
 * Refused by name: Docker schema 1, a document that is both, a media type that contradicts the
 * document's own, artifacts that are no images (with their type), encrypted and foreign layers,
 * unknown layer types, more than DOCUMENT_LAYERS_MAX layers, negative or absurd sizes.
 */
int document_parse(const char *text, size_t len, const char *media_type,
		   struct document *out_document, struct err *err);
void document_done(struct document *document);

/**
 * document_choose() - the manifest of an index that serves @wanted best
 * Attestations (platform unknown/unknown) do not count. @name: for an OCI layout, the ref.name
 * wanted; NULL: any. One that does not say its platform serves when it is the only one. The
 * result may be an index again (media type); document_is_index() tells.
 * @err: lists the platforms (or names) that there are. Return: borrowed from @index, or NULL.
 */
const struct descriptor *document_choose(const struct document *index,
					 const struct platform *wanted, const char *name,
					 struct err *err);

bool document_is_index(const struct descriptor *item);

/**
 * struct image_health - how the image says that it does its work
 * @test:	begins with "CMD" or "CMD-SHELL"; empty: it does not say
 * @retries:	0, as all numbers: not said
 */
struct image_health {
	struct strv test;
	uint64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries;
};

/**
 * struct image_config - what the config of an image says; owned
 * @env:	NAME=VALUE
 * @diff_ids:	digests of the uncompressed layers, bottom first
 * @working_dir, @user, @stop_signal: NULL when not said
 * @health:	its HEALTHCHECK
 * @created:	RFC 3339 text or NULL
 * @history:	one for each line of the history
 */
struct image_config {
	struct platform platform;
	struct strv env;
	struct strv entrypoint;
	struct strv command;
	char *working_dir;
	char *user;
	char *stop_signal;
	struct image_health health;
	struct strv exposed_ports; /* "80/tcp" */
	struct strv volumes;
	struct strv labels; /* NAME=VALUE */
	struct strv diff_ids;
	char *created;
	struct image_history {
		char *created;
		char *created_by;
		char *comment;
		bool is_empty;
	} * history;
	size_t history_count;
};

/**
 * image_config_parse() - @layers: how many the manifest has; as many diff_ids must be there.
 * SIZE_MAX: not known. Texts may hold control characters, but for the platform's.
 */
int image_config_parse(const char *text, size_t len, size_t layers,
		       struct image_config *out_config, struct err *err);
void image_config_done(struct image_config *config);

#endif
