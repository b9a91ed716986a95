#include "image/document.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define D(n) "sha256:" HEX #n

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."
#define OCI_INDEX OCI "index.v1+json"
#define OCI_MANIFEST OCI "manifest.v1+json"
#define DOCKER_LIST DOCKER "distribution.manifest.list.v2+json"
#define DOCKER_MANIFEST DOCKER "distribution.manifest.v2+json"

/* Single quotes stand for double ones, so that a document can be read. */
static char *json(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

#define BLOB(type, n, size) "{'mediaType':'" type "','digest':'" D(n) "','size':" #size "}"
#define CONFIG BLOB(OCI "config.v1+json", 0, 7023)
#define LAYER BLOB(OCI "layer.v1.tar+gzip", 1, 32654)
#define MANIFEST(layers) "{'schemaVersion':2,'config':" CONFIG ",'layers':[" layers "]}"
#define ENTRY(n, os, arch)                                                                   \
	"{'mediaType':'" OCI_MANIFEST "','digest':'" D(n) "','size':9,'platform':{'os':'" os \
							  "','architecture':'" arch "'}}"
#define VARIANT(n, arch, variant)                                 \
	"{'mediaType':'" OCI_MANIFEST                             \
	"','digest':'" D(n) "','size':9,'platform':{'os':'linux'" \
			    ",'architecture':'" arch "','variant':'" variant "'}}"
#define NAMED(n, name)                                  \
	"{'mediaType':'" OCI_MANIFEST                   \
	"','digest':'" D(n) "','size':9,'annotations':" \
			    "{'org.opencontainers.image.ref.name':'" name "','other':'x'}}"
#define INDEX(entries) "{'schemaVersion':2,'manifests':[" entries "]}"

static void take(const char *text, const char *media_type, struct document *out)
{
	AUTO_FREE char *document = json(text);
	struct err err = {0};

	if (document_parse(document, strlen(document), media_type, out, &err) < 0)
		fail_msg("%s: %s", document, err.message);
}

static void refuse(const char *text, const char *media_type, const char *message)
{
	AUTO_FREE char *document = json(text);
	struct document out = {.count = 77};
	struct err err = {0};

	if (document_parse(document, strlen(document), media_type, &out, &err) == 0)
		fail_msg("%s (%s) was taken", document, media_type ? media_type : "");
	assert_int_equal(out.count, 77);
	if (!strstr(err.message, message))
		fail_msg("%s (%s): '%s', not '%s'", document, media_type ? media_type : "",
			 err.message, message);
}

static void a_manifest_gives_its_config_and_its_layers(void **state)
{
	struct document m;

	(void)state;
	take("{'schemaVersion':2,'mediaType':'" DOCKER_MANIFEST
	     "','config':" BLOB(DOCKER "container.image.v1+json", 0, 12) ",'layers':[" BLOB(
		     DOCKER "image.rootfs.diff.tar.gzip", 1,
		     5) ",{"
			"'mediaType':'Application/"
			"vnd.oci.image.layer.v1.tar+zstd','digest':'" D(
				2) "','size':1099511627775,'urls':[],'annotations':null}],'"
				   "x':[1.5]}",
	     DOCKER_MANIFEST "; charset=utf-8", &m);
	assert_int_equal(m.kind, DOCUMENT_MANIFEST);
	assert_string_equal(m.config.digest, D(0));
	assert_int_equal(m.config.size, 12);
	assert_int_equal(m.count, 2);
	assert_string_equal(m.items[0].digest, D(1));
	assert_string_equal(m.items[0].media_type, DOCKER "image.rootfs.diff.tar.gzip");
	assert_string_equal(m.items[1].media_type, OCI "layer.v1.tar+zstd");
	assert_true(m.items[1].size == UINT64_C(1099511627775));
	document_done(&m);
}

static void the_kind_is_what_the_document_holds_when_nobody_says(void **state)
{
	static const char *const types[] = {NULL, "", "application/json", "text/plain; x=1",
					    "application/octet-stream"};
	struct document d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		take(MANIFEST(LAYER), types[i], &d);
		assert_int_equal(d.kind, DOCUMENT_MANIFEST);
		document_done(&d);
		take(INDEX(ENTRY(1, "linux", "amd64")), types[i], &d);
		assert_int_equal(d.kind, DOCUMENT_INDEX);
		document_done(&d);
	}
	take("{'schemaVersion':2,'manifests':null}", NULL, &d);
	assert_int_equal(d.kind, DOCUMENT_INDEX);
	assert_int_equal(d.count, 0);
	document_done(&d);
	take("{'schemaVersion':2,'config':" CONFIG ",'layers':null}", NULL, &d);
	assert_int_equal(d.kind, DOCUMENT_MANIFEST);
	assert_int_equal(d.count, 0);
	document_done(&d);
	take(MANIFEST(""), OCI_MANIFEST, &d);
	assert_int_equal(d.count, 0);
	document_done(&d);
}

static void an_index_gives_platforms_and_names(void **state)
{
	struct document d;

	(void)state;
	take(INDEX(VARIANT(1, "arm", "v7") "," NAMED(2, "app") "," ENTRY(3, "linux", "s390x")),
	     OCI_INDEX, &d);
	assert_int_equal(d.count, 3);
	assert_string_equal(d.items[0].platform.variant, "v7");
	assert_null(d.items[0].name);
	assert_null(d.items[1].platform.os);
	assert_string_equal(d.items[1].name, "app");
	assert_string_equal(d.items[2].platform.architecture, "s390x");
	assert_null(d.items[2].platform.variant);
	document_done(&d);
}

static void documents_that_are_no_image_are_refused_by_name(void **state)
{
	(void)state;
	refuse("{'schemaVersion':1,'fsLayers':[]}", NULL, "schema 1");
	refuse("{'schemaVersion':1}", DOCKER "distribution.manifest.v1+prettyjws", "schema 1");
	refuse(MANIFEST(LAYER), DOCKER "distribution.manifest.v1+json", "schema 1");
	refuse("{'schemaVersion':2,'config':{'mediaType':'application/vnd.cncf.helm.config."
	       "v1+json','digest':'" D(0) "','size':2},'layers':[]}",
	       OCI_MANIFEST, "not a container image but 'application/vnd.cncf.helm.config");
	refuse("{'schemaVersion':2,'artifactType':'text/x\x01y','config':{'mediaType':"
	       "'application/vnd.oci.empty.v1+json','digest':'" D(0) "','size':2},'layers':[]}",
	       OCI_MANIFEST, "not valid JSON");
	refuse("{'schemaVersion':2,'artifactType':'text/x\\u0001y','config':{'mediaType':"
	       "'application/vnd.oci.empty.v1+json','digest':'" D(0) "','size':2},'layers':[]}",
	       OCI_MANIFEST, "not a container image but 'text/x?y'");
	refuse(MANIFEST(BLOB(OCI "layer.v1.tar+gzip+encrypted", 1, 1)), NULL,
	       "'layers[0]' is encrypted");
	refuse(MANIFEST(LAYER "," BLOB(DOCKER "image.rootfs.foreign.diff.tar.gzip", 1, 1)),
	       NULL, "'layers[1]' is a foreign layer");
	refuse(MANIFEST(BLOB(OCI "layer.nondistributable.v1.tar", 1, 1)), NULL,
	       "'layers[0]' is a foreign layer");
	refuse(MANIFEST(BLOB("application/vnd.in-toto+json", 1, 1)), NULL,
	       "'layers[0]' is not a layer of a container image but 'application/vnd.in-toto");
	refuse(MANIFEST(LAYER), "text/html", "'text/html' is not a container image");
	refuse("{'schemaVersion':2,'mediaType':'x/y','manifests':[]}", NULL,
	       "'x/y' is not a container image");
}

static void a_document_that_is_two_things_is_refused(void **state)
{
	static const char both[] =
		"{'schemaVersion':2,'config':" CONFIG ",'layers':[],'manifests':[]}";

	(void)state;
	refuse(both, OCI_MANIFEST, "holds both");
	refuse(both, OCI_INDEX, "holds both");
	refuse("{'schemaVersion':2}", OCI_INDEX, "holds neither");
	refuse(MANIFEST(LAYER), OCI_INDEX, "which it is not");
	refuse(INDEX(""), DOCKER_MANIFEST, "which it is not");
	refuse("{'schemaVersion':2,'mediaType':'" OCI_INDEX "','config':" CONFIG
	       ",'layers':[]}",
	       OCI_MANIFEST, "which it is not");
	refuse("{'schemaVersion':2,'mediaType':'" DOCKER_LIST "','manifests':[]}", OCI_INDEX,
	       "the server calls it");
}

static void wrong_types_sizes_and_digests_are_said_with_their_place(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "not valid JSON"},
		{"[]", "not a JSON object"},
		{"{'a':1,'a':2}", "duplicate"},
		{"{}", "'schemaVersion' must be 2"},
		{"{'schemaVersion':'2'}", "'schemaVersion' must be 2"},
		{"{'schemaVersion':3,'manifests':[]}", "'schemaVersion' must be 2"},
		{"{'schemaVersion':2,'mediaType':7,'manifests':[]}",
		 "'mediaType' must be a string"},
		{"{'schemaVersion':2,'manifests':{}}", "'manifests' must be an array"},
		{"{'schemaVersion':2,'layers':[]}", "'config' is missing"},
		{"{'schemaVersion':2,'config':" CONFIG "}", "'layers' is missing"},
		{"{'schemaVersion':2,'config':[],'layers':[]}", "'config' must be an object"},
		{MANIFEST("1"), "'layers[0]' must be an object"},
		{MANIFEST(LAYER ",{}"), "'layers[1].mediaType' is missing"},
		{MANIFEST("{'mediaType':1}"), "'layers[0].mediaType' must be a string"},
		{MANIFEST("{'mediaType':'a'}"), "'layers[0].digest' is missing"},
		{MANIFEST("{'mediaType':'a','digest':'sha256:../../etc/passwd'}"),
		 "'layers[0].digest' is not a sha256 digest: 'sha256:../../etc/passwd'"},
		{MANIFEST("{'mediaType':'a','digest':'sha512:" HEX HEX "00'}"),
		 "'layers[0].digest' is a digest of a kind that is not supported"},
		{MANIFEST("{'mediaType':'a','digest':'" D(1) "'}"),
		 "'layers[0].size' must be a whole number"},
		{MANIFEST("{'mediaType':'a','digest':'" D(1) "','size':1.0}"),
		 "'layers[0].size' must be a whole number"},
		{MANIFEST("{'mediaType':'a','digest':'" D(1) "','size':-1}"),
		 "'layers[0].size' is negative: -1"},
		{MANIFEST("{'mediaType':'a','digest':'" D(1) "','size':1099511627777}"),
		 "'layers[0].size' is too large"},
		{MANIFEST("{'mediaType':'a','digest':'" D(1) "','size':99999999999999999999}"),
		 "not valid JSON: too big"},
		{"{'schemaVersion':2,'config':" BLOB(OCI "config.v1+json", 0,
						     4194305) ",'layers':[]}",
		 "'config.size' is too large"},
		{INDEX("{'mediaType':'a','digest':'" D(1) "','size':1,'annotations':[]}"),
		 "'manifests[0].annotations' must be an object"},
		{INDEX("{'mediaType':'a','digest':'" D(1) "','size':1,'platform':{'os':'x'}}"),
		 "'manifests[0].platform' lacks"},
		{INDEX(ENTRY(1, "a\\u001b[31m", "b")),
		 "'manifests[0].platform' makes no sense"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		refuse(cases[i].text, NULL, cases[i].message);
}

static void documents_of_too_many_things_are_refused(void **state)
{
	AUTO_BUF struct buf layers = {0};
	AUTO_BUF struct buf huge = {0};
	AUTO_BUF struct buf deep = {0};
	AUTO_FREE char *text = NULL;
	struct document d;

	(void)state;
	for (size_t i = 0; i < DOCUMENT_LAYERS_MAX; i++)
		buf_printf(&layers, "%s%s", i ? "," : "", LAYER);
	text = xasprintf("{'schemaVersion':2,'config':%s,'layers':[%s]}", CONFIG, layers.data);
	take(text, NULL, &d);
	assert_int_equal(d.count, DOCUMENT_LAYERS_MAX);
	document_done(&d);
	free(text);
	text = xasprintf("{'schemaVersion':2,'config':%s,'layers':[%s,%s]}", CONFIG, LAYER,
			 layers.data);
	refuse(text, NULL, "'layers' are 128");

	buf_puts(&huge, "{'schemaVersion':2,'manifests':[],'x':[0");
	for (size_t i = 0; i < 100001; i++)
		buf_puts(&huge, ",0");
	buf_puts(&huge, "]}");
	refuse(huge.data, NULL, "more than 100000 values");

	for (size_t i = 0; i < 50000; i++)
		buf_puts(&deep, "[");
	refuse(deep.data, NULL, "not valid JSON");
	for (size_t i = 0; i < DOCUMENT_MAX; i++)
		buf_putc(&deep, ' ');
	refuse(deep.data, NULL, "more than 4194304 bytes");
}

static void text_within_strings_counts_as_one_value(void **state)
{
	AUTO_BUF struct buf text = {0};
	struct document d;

	(void)state;
	buf_puts(&text, "{'schemaVersion':2,'manifests':[],'x':'");
	for (size_t i = 0; i < 100001; i++)
		buf_puts(&text, "\\',[{");
	buf_puts(&text, "'}");
	take(text.data, NULL, &d);
	document_done(&d);
}

static void check_choice(const char *index, const char *platform, const char *name,
			 const char *digest)
{
	struct platform wanted;
	struct document d;
	const struct descriptor *chosen;
	struct err err = {0};

	take(index, NULL, &d);
	assert_int_equal(platform_parse(platform, &wanted, &err), 0);
	chosen = document_choose(&d, &wanted, name, &err);
	if (!chosen)
		fail_msg("%s: %s", index, err.message);
	assert_string_equal(chosen->digest, digest);
	platform_done(&wanted);
	document_done(&d);
}

static void check_no_choice(const char *index, const char *platform, const char *name,
			    const char *message)
{
	struct platform wanted;
	struct document d;
	struct err err = {0};

	take(index, NULL, &d);
	assert_int_equal(platform_parse(platform, &wanted, &err), 0);
	assert_null(document_choose(&d, &wanted, name, &err));
	assert_string_equal(err.message, message);
	platform_done(&wanted);
	document_done(&d);
}

#define ATTESTATION ENTRY(9, "unknown", "unknown")
#define UNNAMED(n) "{'mediaType':'" OCI_MANIFEST "','digest':'" D(n) "','size':9}"

static void the_platform_that_serves_best_is_chosen(void **state)
{
	(void)state;
	check_choice(INDEX(ENTRY(1, "linux", "arm64") "," ENTRY(2, "linux", "amd64") "," ENTRY(
			     3, "linux", "amd64")),
		     "linux/amd64", NULL, D(2));
	check_choice(INDEX(VARIANT(1, "amd64", "v4") "," ENTRY(2, "linux", "amd64") "," VARIANT(
			     3, "amd64", "v2") "," VARIANT(4, "amd64", "v3")),
		     "linux/amd64/v3", NULL, D(4));
	check_choice(INDEX(VARIANT(1, "arm", "v6") "," VARIANT(2, "arm", "v7")), "linux/arm/v7",
		     NULL, D(2));
	check_choice(INDEX(VARIANT(1, "arm64", "v8")), "linux/arm64", NULL, D(1));
	check_choice(INDEX(UNNAMED(1) "," ENTRY(2, "linux", "amd64")), "linux/amd64", NULL,
		     D(2));
	check_choice(INDEX(ATTESTATION "," UNNAMED(1)), "linux/amd64", NULL, D(1));
	check_choice(INDEX(UNNAMED(1) "," UNNAMED(1)), "linux/amd64", NULL, D(1));
}

static void without_a_platform_that_serves_those_there_are_are_said(void **state)
{
	AUTO_BUF struct buf many = {0};

	(void)state;
	check_no_choice(INDEX(ENTRY(1, "linux", "arm64") "," ATTESTATION "," VARIANT(
				2, "arm", "v7") "," ENTRY(3, "linux", "arm64")),
			"linux/amd64", NULL,
			"there is no image for linux/amd64, only for linux/arm64, "
			"linux/arm/v7");
	check_no_choice(INDEX(ATTESTATION), "linux/amd64", NULL, "there is no image in it");
	check_no_choice(INDEX(""), "linux/amd64", NULL, "there is no image in it");
	check_no_choice(INDEX(BLOB("application/vnd.cncf.helm.chart", 1, 1)), "linux/amd64",
			NULL, "there is no image in it");

	buf_puts(&many, "{'schemaVersion':2,'manifests':[" ATTESTATION);
	for (int i = 0; i < 30; i++)
		buf_printf(&many,
			   ",{'mediaType':'" OCI_MANIFEST "','digest':'" D(
				   1) "','size':1,"
				      "'platform':{'os':'linux','architecture':'a%d'}}",
			   i);
	buf_puts(&many, "]}");
	check_no_choice(many.data, "linux/amd64", NULL,
			"there is no image for linux/amd64, only for linux/a0, linux/a1, "
			"linux/a2, linux/a3, linux/a4, linux/a5, linux/a6, linux/a7, linux/a8, "
			"linux/a9, linux/a10, linux/a11, linux/a12, linux/a13, linux/a14, "
			"linux/a15, linux/a16, linux/a17, linux/a18, linux/a19 and others");
}

static void a_name_chooses_among_images_of_a_layout(void **state)
{
	(void)state;
	check_choice(INDEX(NAMED(1, "a") "," NAMED(2, "b")), "linux/amd64", "b", D(2));
	check_choice(INDEX(NAMED(1, "a")), "linux/amd64", NULL, D(1));
	check_no_choice(INDEX(NAMED(1, "a") "," NAMED(2, "b\\u001b")), "linux/amd64", "c",
			"no image is named 'c', there are: a, b?");
	check_no_choice(INDEX(UNNAMED(1)), "linux/amd64", "c",
			"no image is named 'c', and none has a name");
	check_no_choice(INDEX(NAMED(1, "a") "," NAMED(2, "b")), "linux/amd64", NULL,
			"there are several images that do not say their platform: a, b");
	check_no_choice(INDEX(NAMED(1, "a") "," NAMED(2, "a")), "linux/amd64", "a",
			"there are several images that do not say their platform: a");
}

static void an_index_within_an_index_may_be_chosen(void **state)
{
	static const char nested[] = INDEX("{'mediaType':'" OCI_INDEX "','digest':'" D(
		1) "','size':9,'annotations':{'org.opencontainers.image.ref.name':'a'}}");
	struct platform wanted;
	struct document d;
	const struct descriptor *chosen;
	struct err err;

	(void)state;
	take(nested, NULL, &d);
	platform_host(&wanted);
	chosen = document_choose(&d, &wanted, "a", &err);
	assert_non_null(chosen);
	assert_true(document_is_index(chosen));
	platform_done(&wanted);
	document_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_gives_its_config_and_its_layers),
		cmocka_unit_test(the_kind_is_what_the_document_holds_when_nobody_says),
		cmocka_unit_test(an_index_gives_platforms_and_names),
		cmocka_unit_test(documents_that_are_no_image_are_refused_by_name),
		cmocka_unit_test(a_document_that_is_two_things_is_refused),
		cmocka_unit_test(wrong_types_sizes_and_digests_are_said_with_their_place),
		cmocka_unit_test(documents_of_too_many_things_are_refused),
		cmocka_unit_test(text_within_strings_counts_as_one_value),
		cmocka_unit_test(the_platform_that_serves_best_is_chosen),
		cmocka_unit_test(without_a_platform_that_serves_those_there_are_are_said),
		cmocka_unit_test(a_name_chooses_among_images_of_a_layout),
		cmocka_unit_test(an_index_within_an_index_may_be_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
