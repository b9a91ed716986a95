#include "image_store_fixture.h"

#include <stdlib.h>

#define TEXT "docker.io/library/debian:12"

static const char *const two_layers[] = {LAYER_A, LAYER_B, NULL};
static const char *const no_layers[] = {NULL};

static void put_two_layers(const struct place *place)
{
	struct err err;

	assert_int_equal(put_layer(&place->store, LAYER_A, 1, NULL, &err), 0);
	assert_int_equal(put_layer(&place->store, LAYER_B, 1, NULL, &err), 0);
}

static void a_document_is_read_as_it_was_written(void **state)
{
	const struct place *place = *state;
	const char text[] = "a\0b";
	AUTO_FREE char *back = NULL;
	char hex[SHA256_HEX_MAX];
	AUTO_FREE char *digest = NULL;
	struct err err;
	size_t len;

	sha256_text(text, sizeof(text), hex);
	digest = xasprintf("sha256:%s", hex);
	assert_int_equal(blob_write(&place->store, text, sizeof(text), digest, &err), 0);
	assert_int_equal(blob_write(&place->store, text, sizeof(text), digest, &err), 0);
	assert_int_equal(blob_read(&place->store, digest, &back, &len, &err), 0);
	assert_int_equal(len, sizeof(text));
	assert_memory_equal(back, text, len);
	assert_int_equal(place_count(place, "tmp"), 0);
}

static void a_document_of_another_digest_is_not_stored(void **state)
{
	const struct place *place = *state;
	struct err err;

	assert_int_equal(blob_write(&place->store, "x", 1, "sha256:" LAYER_A, &err), -1);
	assert_int_equal(err.code, EBADMSG);
	assert_int_equal(place_count(place, "blobs/sha256"), 0);
}

static void a_document_that_rotted_is_not_read(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *text = NULL;
	struct err err;
	AUTO_FREE char *digest = put_blob(&place->store, "hello", &err);
	AUTO_FREE char *path = xasprintf("blobs/sha256/%s", strchr(digest, ':') + 1);

	assert_int_equal(fd_write_file(place->store.fd, path, "hellO", 5, 0600, &err), 0);
	assert_int_equal(blob_read(&place->store, digest, &text, NULL, &err), -1);
	assert_int_equal(err.code, EBADMSG);
	free(put_blob(&place->store, "hello", &err));
	assert_int_equal(blob_read(&place->store, digest, &text, NULL, &err), 0);
}

static void a_digest_that_is_none_never_becomes_a_path(void **state)
{
	static const char *const digests[] = {"", "sha256:../../lock", "sha512:" LAYER_A,
					      LAYER_A, "sha256:" DIGITS_60};
	const struct place *place = *state;
	char *text;
	struct image image;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
		assert_int_equal(blob_read(&place->store, digests[i], &text, NULL, &err), -1);
		assert_int_equal(err.code, EINVAL);
		assert_int_equal(image_read(&place->store, digests[i], &image, &err), -1);
		assert_int_equal(err.code, EINVAL);
	}
}

static void a_name_leads_to_its_image(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *id = NULL;
	struct image_ref ref;
	struct image image;
	struct err err;

	put_two_layers(place);
	assert_int_equal(image_find_ref(&place->store, TEXT, NULL, &ref, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(put_image(&place->store, "debian", two_layers, TEXT, &id, &err), 0);
	assert_int_equal(image_find_ref(&place->store, TEXT, NULL, &ref, &err), 0);
	assert_string_equal(ref.text, TEXT);
	assert_string_equal(ref.image, id);
	assert_int_equal(image_read(&place->store, ref.image, &image, &err), 0);
	assert_string_equal(image.id, id);
	assert_int_equal(image.layers.count, 2);
	assert_string_equal(image.layers.items[1], LAYER_B);
	assert_string_equal(image.platform.os, "linux");
	assert_string_equal(image.platform.architecture, "amd64");
	assert_null(image.platform.variant);
	assert_int_equal(image.stored_ms, 1000);
	image_done(&image);
	image_ref_done(&ref);
}

static void an_image_is_known_only_while_it_is_whole(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *manifest = NULL;
	struct image_ref ref;
	struct err err;

	put_two_layers(place);
	assert_int_equal(put_image(&place->store, "debian", two_layers, TEXT, &id, &err), 0);
	assert_int_equal(
		renameat(place->store.fd, "layers/" LAYER_B, place->store.fd, "layers/aside"),
		0);
	assert_int_equal(image_find_ref(&place->store, TEXT, "", &ref, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(
		renameat(place->store.fd, "layers/aside", place->store.fd, "layers/" LAYER_B),
		0);
	manifest = xasprintf("blobs/sha256/%s", strchr(id, ':') + 1);
	assert_int_equal(unlinkat(place->store.fd, manifest, 0), 0);
	assert_int_equal(image_find_ref(&place->store, TEXT, "", &ref, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

static void an_image_is_not_published_without_its_parts(void **state)
{
	const struct place *place = *state;
	struct err err;

	assert_int_equal(put_layer(&place->store, LAYER_A, 1, NULL, &err), 0);
	assert_int_equal(put_image(&place->store, "x", two_layers, TEXT, NULL, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(place_count(place, "images"), 0);
	assert_int_equal(place_count(place, "refs"), 0);
}

/* The image that @text means for @platform, "" when none. */
static char *find(const struct place *place, const char *text, const char *platform)
{
	struct image_ref ref;
	struct err err;
	char *id;

	if (image_find_ref(&place->store, text, platform, &ref, &err) < 0)
		return xstrdup("");
	id = xstrdup(ref.image);
	image_ref_done(&ref);
	return id;
}

static void a_name_means_one_image_for_each_platform(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *other = NULL;
	AUTO_FREE char *plain = NULL;
	AUTO_FREE char *arm = NULL;
	AUTO_FREE char *none = NULL;
	struct image_ref ref;
	struct image image;
	char text[] = TEXT, platform[] = "linux/arm64", empty[] = "";
	struct err err;

	assert_int_equal(put_image(&place->store, "one", no_layers, TEXT, &id, &err), 0);
	assert_int_equal(put_image(&place->store, "two", no_layers, NULL, &other, &err), 0);
	assert_int_equal(image_read(&place->store, other, &image, &err), 0);
	ref = (struct image_ref){text, other, other, empty, platform, 5};
	assert_int_equal(image_publish(&place->store, &image, &ref, &err), 0);
	image_done(&image);

	plain = find(place, TEXT, NULL);
	arm = find(place, TEXT, "linux/arm64");
	none = find(place, TEXT, "linux/s390x");
	assert_string_equal(plain, id);
	assert_string_equal(arm, other);
	assert_string_equal(none, "");
}

static void names_that_look_alike_are_kept_apart(void **state)
{
	static const char *const names[] = {
		"a/b",  "a%2Fb",      "a%b",       "a#b", "a",  "A",
		"../x", "oci:/a b:c", "oci:/a\nb", ".",   "..",
	};
	const struct place *place = *state;
	char *ids[ARRAY_LEN(names)];
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(
			put_image(&place->store, names[i], no_layers, names[i], &ids[i], &err),
			0);
	assert_int_equal(place_count(place, "refs"), ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *found = find(place, names[i], NULL);

		assert_string_equal(found, ids[i]);
		free(ids[i]);
	}
}

static void a_name_may_be_longer_than_that_of_a_file(void **state)
{
	const struct place *place = *state;
	AUTO_BUF struct buf text = {0};
	AUTO_FREE char *one = NULL;
	AUTO_FREE char *other = NULL;
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;
	struct err err;

	buf_puts(&text, "oci:");
	while (text.len < 3000)
		buf_puts(&text, "/folder");
	assert_int_equal(put_image(&place->store, "1", no_layers, text.data, &one, &err), 0);
	first = find(place, text.data, NULL);
	buf_puts(&text, "/2");
	second = find(place, text.data, NULL);
	assert_string_equal(first, one);
	assert_string_equal(second, "");
	assert_int_equal(put_image(&place->store, "2", no_layers, text.data, &other, &err), 0);
	free(second);
	second = find(place, text.data, NULL);
	assert_string_equal(second, other);
}

static void a_record_that_rotted_is_named(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"text\":\"a\",\"text\":\"b\"}",
		"{\"text\":1,\"image\":\"\",\"index\":\"\",\"stamp\":\"\",\"platform\":\"\","
		"\"checked_ms\":0}",
		"{\"text\":\"a\",\"image\":\"sha256:..\",\"index\":\"\",\"stamp\":\"\","
		"\"platform\":\"\",\"checked_ms\":0}",
	};
	const struct place *place = *state;
	struct image_ref ref;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(fd_write_file(place->store.fd, "refs/a", texts[i],
					       strlen(texts[i]), 0600, &err),
				 0);
		assert_int_equal(image_find_ref(&place->store, "a", NULL, &ref, &err), -1);
		assert_int_equal(err.code, EBADMSG);
		assert_non_null(strstr(err.message, "/refs/a'"));
	}
}

static void a_local_source_that_changed_has_another_stamp(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *path = path_join(place->dir, "layout");
	struct reference reference = {.source = IMAGE_OCI_DIR, .path = path};
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *same = NULL;
	AUTO_FREE char *after = NULL;
	AUTO_FREE char *index = path_join(path, "index.json");
	struct err err;

	assert_null(image_source_stamp(&reference));
	assert_int_equal(path_mkdirs(path, 0755), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, index, "{}", 2, 0644, &err), 0);
	before = image_source_stamp(&reference);
	same = image_source_stamp(&reference);
	assert_int_equal(fd_write_file(AT_FDCWD, index, "{ }", 3, 0644, &err), 0);
	after = image_source_stamp(&reference);
	assert_non_null(before);
	assert_string_equal(before, same);
	assert_string_not_equal(before, after);

	reference.path = NULL;
	reference.source = IMAGE_REGISTRY;
	assert_null(image_source_stamp(&reference));
}

static void a_build_step_is_found_while_its_layer_is_there(void **state)
{
	const struct place *place = *state;
	char key[] = STEP_KEY, layer[] = STEP_LAYER, parent[] = "sha256:" LAYER_A;
	char what[] = "apt-get install hello", inputs[] = "{\"a\":1}";
	const struct build_entry entry = {key, parent, layer, what, inputs, 7, 0};
	const struct timespec old[] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct build_entry back;
	struct err err;

	assert_int_equal(build_find(&place->store, key, &back, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(build_publish(&place->store, &entry, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(put_layer(&place->store, STEP_LAYER, 1, NULL, &err), 0);
	assert_int_equal(build_publish(&place->store, &entry, &err), 0);
	assert_int_equal(utimensat(place->store.fd, "builds/" STEP_KEY, old, 0), 0);

	assert_int_equal(build_find(&place->store, key, &back, &err), 0);
	assert_int_equal(back.used_ms, 1000);
	assert_int_equal(back.made_ms, 7);
	assert_string_equal(back.layer, STEP_LAYER);
	assert_string_equal(back.parent, parent);
	assert_string_equal(back.what, what);
	assert_string_equal(back.inputs, inputs);
	build_entry_done(&back);
	/* Finding it was a use. */
	assert_int_equal(build_find(&place->store, key, &back, &err), 0);
	assert_true(back.used_ms > 1000);
	build_entry_done(&back);

	assert_int_equal(unlinkat(place->store.fd, "layers/" STEP_LAYER "/meta", 0), 0);
	assert_int_equal(build_find(&place->store, key, &back, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

static void a_build_step_without_a_layer_is_found_too(void **state)
{
	const struct place *place = *state;
	char key[] = STEP_KEY, empty[] = "";
	const struct build_entry entry = {key, empty, empty, empty, empty, 0, 0};
	struct build_entry back;
	struct err err;

	assert_int_equal(build_publish(&place->store, &entry, &err), 0);
	assert_int_equal(build_find(&place->store, key, &back, &err), 0);
	assert_string_equal(back.layer, "");
	build_entry_done(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_document_is_read_as_it_was_written),
		IN_PLACE(a_document_of_another_digest_is_not_stored),
		IN_PLACE(a_document_that_rotted_is_not_read),
		IN_PLACE(a_digest_that_is_none_never_becomes_a_path),
		IN_PLACE(a_name_leads_to_its_image),
		IN_PLACE(an_image_is_known_only_while_it_is_whole),
		IN_PLACE(an_image_is_not_published_without_its_parts),
		IN_PLACE(a_name_means_one_image_for_each_platform),
		IN_PLACE(names_that_look_alike_are_kept_apart),
		IN_PLACE(a_name_may_be_longer_than_that_of_a_file),
		IN_PLACE(a_record_that_rotted_is_named),
		IN_PLACE(a_local_source_that_changed_has_another_stamp),
		IN_PLACE(a_build_step_is_found_while_its_layer_is_there),
		IN_PLACE(a_build_step_without_a_layer_is_found_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
