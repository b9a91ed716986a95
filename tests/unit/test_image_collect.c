#include "image_store_fixture.h"

#include "image/collect.h"

#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

static const char *const layer_a[] = {LAYER_A, NULL};
static const char *const layers_ab[] = {LAYER_A, LAYER_B, NULL};
static const char *const no_layers[] = {NULL};

static int remove_tree(void *arg, const char *path, struct err *err)
{
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", path);

	(void)arg;
	return system(command) == 0 ? 0 : err_set(err, "rm");
}

static const struct collect_options only_garbage = {.builds_older_ms = -1,
						    .remove_tree = remove_tree};

static struct collected collect(const struct place *place,
				const struct collect_options *options)
{
	struct collected collected = {0};
	struct err err;

	assert_int_equal(image_collect(&place->store, options, &collected, &err), 0);
	return collected;
}

static void put_layers(const struct place *place)
{
	struct err err;

	assert_int_equal(put_layer(&place->store, LAYER_A, 1000, NULL, &err), 0);
	assert_int_equal(put_layer(&place->store, LAYER_B, 200, NULL, &err), 0);
}

static char *put_ab(const struct place *place, const char *name, const char *text)
{
	struct err err;
	char *id;

	assert_int_equal(put_image(&place->store, name, layers_ab, text, &id, &err), 0);
	return id;
}

/* What a box of a project wrote when it started. */
static void put_user(const struct place *place, const char *text)
{
	AUTO_FREE char *dir = path_join(place->store.dir, "projects/shop/box/dev");
	AUTO_FREE char *file = path_join(dir, "layers");
	struct err err;

	assert_int_equal(path_mkdirs(dir, 0700), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, file, text, strlen(text), 0600, &err), 0);
}

static void an_empty_store_has_no_garbage(void **state)
{
	const struct place *place = *state;
	struct collected collected = collect(place, &only_garbage);

	assert_int_equal(collected.count, 0);
	collected_done(&collected);
}

static void a_layer_that_nothing_names_goes(void **state)
{
	const struct place *place = *state;
	struct collected collected;

	put_layers(place);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 2);
	assert_int_equal(collected.bytes, 1200);
	assert_int_equal(collected.in_use, 0);
	assert_string_equal(collected.words.items[0], "layer 000000000000");
	assert_int_equal(place_count(place, "layers"), 0);
	assert_int_equal(place_count(place, "trash"), 0);
	collected_done(&collected);
}

static void a_layer_of_an_image_stays(void **state)
{
	const struct place *place = *state;
	struct collected collected;
	struct image_ref ref;
	struct err err;

	put_layers(place);
	free(put_ab(place, "x", "x"));
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 0);
	assert_int_equal(image_find_ref(&place->store, "x", NULL, &ref, &err), 0);
	image_ref_done(&ref);
	collected_done(&collected);
}

static void a_layer_that_somebody_holds_stays_and_is_counted(void **state)
{
	const struct place *place = *state;
	struct layer_lease lease = {0};
	struct collected collected;
	struct err err;

	put_layers(place);
	assert_int_equal(layer_lease_add(&lease, &place->store, LAYER_A, &err), 0);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 1);
	assert_int_equal(collected.in_use, 1);
	assert_true(layer_exists(&place->store, LAYER_A));
	assert_false(layer_exists(&place->store, LAYER_B));
	collected_done(&collected);
	layer_lease_done(&lease);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 1);
	collected_done(&collected);
}

static void a_layer_that_a_box_stands_on_stays(void **state)
{
	const struct place *place = *state;
	AUTO_STRV struct strv ids = {0};
	AUTO_STRV struct strv boxes = {0};
	struct collected collected;
	struct err err;

	put_layers(place);
	put_user(place, "rootfs:/srv\n" LAYER_B "\n../x\n");
	assert_int_equal(image_users_read(&place->store, &ids, &boxes, &err), 0);
	assert_int_equal(ids.count, 1);
	assert_string_equal(ids.items[0], LAYER_B);
	assert_string_equal(boxes.items[0], "shop/dev");
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 1);
	assert_false(layer_exists(&place->store, LAYER_A));
	assert_true(layer_exists(&place->store, LAYER_B));
	collected_done(&collected);
}

static void what_a_box_stands_on_must_be_known(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *dir = path_join(place->store.dir, "projects/shop/box/dev/layers");
	struct collected collected;
	struct err err;

	put_layers(place);
	assert_int_equal(path_mkdirs(dir, 0700), 0);
	assert_int_equal(image_collect(&place->store, &only_garbage, &collected, &err), -1);
	assert_non_null(strstr(err.message, "shop/dev"));
	assert_true(layer_exists(&place->store, LAYER_A));
}

static void an_image_without_a_name_goes_when_asked(void **state)
{
	const struct collect_options options = {
		.images = true, .builds_older_ms = -1, .remove_tree = remove_tree};
	const struct place *place = *state;
	struct collected collected;
	struct err err;

	put_layers(place);
	free(put_ab(place, "unnamed", NULL));
	assert_int_equal(put_image(&place->store, "named", layer_a, "named", NULL, &err), 0);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 0);
	collected_done(&collected);
	collected = collect(place, &options);
	assert_int_equal(collected.count, 2);
	assert_int_equal(collected.bytes, 200);
	assert_int_equal(place_count(place, "images"), 1);
	assert_int_equal(place_count(place, "blobs/sha256"), 2);
	assert_true(layer_exists(&place->store, LAYER_A));
	collected_done(&collected);
}

static void all_images_go_but_those_of_boxes(void **state)
{
	const struct collect_options options = {
		.all_images = true, .builds_older_ms = -1, .remove_tree = remove_tree};
	const struct place *place = *state;
	AUTO_FREE char *used = NULL;
	AUTO_FREE char *line = NULL;
	struct collected collected;
	struct err err;

	put_layers(place);
	assert_int_equal(put_image(&place->store, "u", layer_a, "used", &used, &err), 0);
	free(put_ab(place, "other", "other"));
	line = xasprintf("%s\n" LAYER_A "\n", used);
	put_user(place, line);
	collected = collect(place, &options);
	/* The name, the image, its layer. */
	assert_int_equal(collected.count, 3);
	assert_int_equal(place_count(place, "images"), 1);
	assert_int_equal(place_count(place, "refs"), 1);
	assert_int_equal(place_count(place, "layers"), 1);
	assert_int_equal(place_count(place, "blobs/sha256"), 2);
	collected_done(&collected);
}

static void a_dry_run_says_the_same_and_does_nothing(void **state)
{
	struct collect_options options = {
		.all_images = true, .builds_older_ms = -1, .remove_tree = remove_tree};
	const struct place *place = *state;
	struct collected said, done;
	struct layer_work work;
	struct err err;

	put_layers(place);
	free(put_ab(place, "x", "x"));
	assert_int_equal(begin_layer(&place->store, LAYER_C, &work, &err), 0);
	(void)close(work.dir_fd);
	options.dry_run = true;
	said = collect(place, &options);
	assert_int_equal(place_count(place, "images"), 1);
	assert_int_equal(place_count(place, "layers"), 2);
	assert_int_equal(place_count(place, "refs"), 1);
	assert_true(place_count(place, "tmp") > 0);
	options.dry_run = false;
	done = collect(place, &options);
	assert_int_equal(said.count, 5);
	assert_int_equal(said.count, done.count);
	assert_int_equal(said.bytes, done.bytes);
	for (size_t i = 0; i < said.words.count; i++)
		assert_string_equal(said.words.items[i], done.words.items[i]);
	assert_int_equal(place_count(place, "trash"), 0);
	collected_done(&said);
	collected_done(&done);
	work.dir_fd = -1;
	layer_work_drop(&place->store, &work);
}

static void a_name_without_an_image_goes(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *path = NULL;
	struct collected collected;
	struct err err;

	assert_int_equal(put_image(&place->store, "x", no_layers, "x", &id, &err), 0);
	path = xasprintf("images/%s", strchr(id, ':') + 1);
	assert_int_equal(unlinkat(place->store.fd, path, 0), 0);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 1);
	assert_string_equal(collected.words.items[0], "name x:latest");
	assert_int_equal(place_count(place, "refs"), 0);
	collected_done(&collected);
}

static void an_image_that_is_removed_takes_its_documents_along(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *id = NULL;
	struct err err;

	assert_int_equal(put_image(&place->store, "x", no_layers, "x", &id, &err), 0);
	assert_int_equal(image_remove(&place->store, id, &err), -1);
	assert_int_equal(err.code, EBUSY);
	assert_int_equal(image_untag(&place->store, "y", &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(image_untag(&place->store, "x", &err), 0);
	assert_int_equal(image_remove(&place->store, id, &err), 0);
	assert_int_equal(place_count(place, "images"), 0);
	assert_int_equal(place_count(place, "blobs/sha256"), 0);
	assert_int_equal(image_remove(&place->store, id, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

static void a_document_that_was_written_again_is_anothers(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *path = NULL;
	const struct timespec soon[] = {{.tv_sec = time(NULL) + 60},
					{.tv_sec = time(NULL) + 60}};
	struct err err;

	assert_int_equal(put_image(&place->store, "x", no_layers, NULL, &id, &err), 0);
	path = xasprintf("blobs/sha256/%s", strchr(id, ':') + 1);
	assert_int_equal(utimensat(place->store.fd, path, soon, 0), 0);
	assert_int_equal(image_remove(&place->store, id, &err), 0);
	assert_true(place_has(place, path));
	assert_int_equal(place_count(place, "blobs/sha256"), 1);
}

static void a_document_on_its_way_stays_for_a_day(void **state)
{
	const struct timespec old[] = {{.tv_sec = 1}, {.tv_sec = 1}};
	const struct place *place = *state;
	struct collected collected;
	struct err err;
	AUTO_FREE char *digest = put_blob(&place->store, "text", &err);
	AUTO_FREE char *path = xasprintf("blobs/sha256/%s", strchr(digest, ':') + 1);

	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 0);
	collected_done(&collected);
	assert_true(place_has(place, path));
	assert_int_equal(utimensat(place->store.fd, path, old, 0), 0);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 1);
	assert_int_equal(collected.bytes, 4);
	assert_false(place_has(place, path));
	collected_done(&collected);
}

/* A step that was last used at @used_s. */
static void put_step(const struct place *place, time_t used_s)
{
	char key[] = STEP_KEY, layer[] = STEP_LAYER, what[] = "make";
	const struct timespec used[] = {{.tv_sec = used_s}, {.tv_sec = used_s}};
	struct build_entry entry = {.key = key, .layer = layer, .what = what};
	struct err err;

	assert_int_equal(put_layer(&place->store, STEP_LAYER, 10, NULL, &err), 0);
	assert_int_equal(build_publish(&place->store, &entry, &err), 0);
	assert_int_equal(utimensat(place->store.fd, "builds/" STEP_KEY, used, 0), 0);
}

static void a_build_step_goes_when_nobody_used_it_for_long(void **state)
{
	struct collect_options options = {.builds_older_ms = 5000, .remove_tree = remove_tree};
	const struct place *place = *state;
	struct collected collected;

	put_step(place, 6);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 0);
	collected_done(&collected);
	collected = collect(place, &options);
	assert_int_equal(collected.count, 0);
	collected_done(&collected);
	options.builds_older_ms = 7000;
	collected = collect(place, &options);
	assert_int_equal(collected.count, 2);
	assert_int_equal(collected.bytes, 10);
	assert_string_equal(collected.words.items[0], "build step 000000000000 make");
	assert_string_equal(collected.words.items[1], "layer b-000000000000");
	collected_done(&collected);
}

static void a_build_step_that_a_box_stands_on_stays(void **state)
{
	const struct collect_options options = {.builds_older_ms = INT64_MAX,
						.remove_tree = remove_tree};
	const struct place *place = *state;
	struct collected collected;

	put_step(place, 1);
	put_user(place, STEP_LAYER "\n");
	collected = collect(place, &options);
	assert_int_equal(collected.count, 0);
	assert_int_equal(place_count(place, "builds"), 1);
	collected_done(&collected);
}

static void a_build_step_without_its_layer_goes(void **state)
{
	const struct place *place = *state;
	struct collected collected;

	put_step(place, 1);
	assert_int_equal(unlinkat(place->store.fd, "layers/" STEP_LAYER "/meta", 0), 0);
	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 2);
	assert_int_equal(place_count(place, "builds"), 0);
	assert_int_equal(place_count(place, "layers"), 0);
	collected_done(&collected);
}

static void dead_work_goes_and_that_of_others_stays(void **state)
{
	const struct place *place = *state;
	struct layer_work alive;
	struct collected collected;
	struct err err;

	assert_int_equal(begin_layer(&place->store, LAYER_A, &alive, &err), 0);
	assert_int_equal(mkdirat(place->store.fd, "tmp/77-0", 0700), 0);
	assert_int_equal(mkdirat(place->store.fd, "tmp/run-77-123", 0700), 0);
	assert_int_equal(mkdirat(place->store.fd, "tmp/77-", 0700), 0);
	assert_int_equal(fd_write_file(place->store.fd, "tmp/lock-" LAYER_B, "", 0, 0600, &err),
			 0);
	assert_int_equal(fd_write_file(place->store.fd, "tmp/record", "x", 1, 0600, &err), 0);
	assert_int_equal(mkdirat(place->store.fd, "trash/5-5", 0700), 0);

	collected = collect(place, &only_garbage);
	assert_int_equal(collected.count, 2);
	assert_string_equal(collected.words.items[0], "trash 5-5");
	assert_string_equal(collected.words.items[1], "unfinished work of process 77");
	/* Two of others, and ours with its lock. */
	assert_int_equal(place_count(place, "tmp"), 4);
	assert_true(place_has(place, "tmp/run-77-123"));
	assert_int_equal(place_count(place, "trash"), 0);
	assert_int_equal(publish_layer(&place->store, &alive, 1, NULL, &err), 0);
	collected_done(&collected);
}

static void a_sweep_leaves_layers_alone(void **state)
{
	const struct place *place = *state;
	struct layer_work work;
	struct err err;

	put_layers(place);
	assert_int_equal(begin_layer(&place->store, LAYER_C, &work, &err), 0);
	layer_work_drop(&place->store, &work);
	assert_int_equal(mkdirat(place->store.fd, "tmp/77-0", 0700), 0);
	assert_int_equal(image_sweep(&place->store, remove_tree, NULL, &err), 0);
	assert_int_equal(place_count(place, "trash"), 0);
	assert_int_equal(place_count(place, "tmp"), 0);
	assert_int_equal(place_count(place, "layers"), 2);
}

static void a_list_has_everything(void **state)
{
	const struct place *place = *state;
	struct image_list list;
	struct err err;

	put_layers(place);
	put_step(place, 3);
	free(put_ab(place, "x", "x"));
	free(put_ab(place, "y", NULL));
	assert_int_equal(image_list_read(&place->store, &list, &err), 0);
	assert_int_equal(list.ref_count, 1);
	assert_int_equal(list.image_count, 2);
	assert_int_equal(list.layer_count, 3);
	assert_int_equal(list.build_count, 1);
	assert_string_equal(list.refs[0].text, "x");
	assert_int_equal(list.layers[1].bytes, 200);
	assert_int_equal(list.builds[0].used_ms, 3000);
	image_list_done(&list);
}

static void a_record_that_cannot_be_read_stops_collecting(void **state)
{
	const struct place *place = *state;
	struct collected collected;
	struct err err;

	put_layers(place);
	assert_int_equal(fd_write_file(place->store.fd, "images/" LAYER_A, "{", 1, 0600, &err),
			 0);
	assert_int_equal(image_collect(&place->store, &only_garbage, &collected, &err), -1);
	assert_non_null(strstr(err.message, "images/" LAYER_A));
	assert_true(layer_exists(&place->store, LAYER_A));
}

/* As a pull does it: whoever throws a layer away makes it begin again. Return: 0 or -1. */
static int hold_layer(const struct image_store *store, const char *id,
		      struct layer_lease *lease, struct err *err)
{
	for (;;) {
		int result = put_layer(store, id, 1, lease, err);

		if (result <= 0)
			return result;
		if (layer_lease_add(lease, store, id, err) == 0)
			return 0;
		if (err->code != ENOENT)
			return -1;
	}
}

/* Exit status: 0, or the number of the step that failed. */
static int pull_often(const struct image_store *store, const char *name, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct layer_lease lease = {0};
		struct err err;

		if (hold_layer(store, LAYER_A, &lease, &err) < 0)
			return 1;
		if (hold_layer(store, LAYER_B, &lease, &err) < 0)
			return 2;
		if (put_image(store, name, layers_ab, name, NULL, &err) < 0)
			return 3;
		if (!layer_exists(store, LAYER_A) || !layer_exists(store, LAYER_B))
			return 4;
		layer_lease_done(&lease);
	}
	return 0;
}

static void pulls_beside_collecting_have_what_they_hold(void **state)
{
	const struct collect_options all = {
		.all_images = true, .builds_older_ms = INT64_MAX, .remove_tree = remove_tree};
	const struct place *place = *state;
	struct collected collected;
	pid_t pids[2];
	int status, ended = 0;

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(pull_often(&place->store, i ? "one" : "two", 40));
	}
	while (ended < (int)ARRAY_LEN(pids)) {
		collected = collect(place, &all);
		collected_done(&collected);
		if (waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			ended++;
		}
	}
	collected = collect(place, &all);
	collected_done(&collected);
	assert_int_equal(place_count(place, "layers"), 0);
	assert_int_equal(place_count(place, "images"), 0);
	assert_int_equal(place_count(place, "tmp"), 0);
	assert_int_equal(place_count(place, "trash"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(an_empty_store_has_no_garbage),
		IN_PLACE(a_layer_that_nothing_names_goes),
		IN_PLACE(a_layer_of_an_image_stays),
		IN_PLACE(a_layer_that_somebody_holds_stays_and_is_counted),
		IN_PLACE(a_layer_that_a_box_stands_on_stays),
		IN_PLACE(what_a_box_stands_on_must_be_known),
		IN_PLACE(an_image_without_a_name_goes_when_asked),
		IN_PLACE(all_images_go_but_those_of_boxes),
		IN_PLACE(a_dry_run_says_the_same_and_does_nothing),
		IN_PLACE(a_name_without_an_image_goes),
		IN_PLACE(an_image_that_is_removed_takes_its_documents_along),
		IN_PLACE(a_document_that_was_written_again_is_anothers),
		IN_PLACE(a_document_on_its_way_stays_for_a_day),
		IN_PLACE(a_build_step_goes_when_nobody_used_it_for_long),
		IN_PLACE(a_build_step_that_a_box_stands_on_stays),
		IN_PLACE(a_build_step_without_its_layer_goes),
		IN_PLACE(dead_work_goes_and_that_of_others_stays),
		IN_PLACE(a_sweep_leaves_layers_alone),
		IN_PLACE(a_list_has_everything),
		IN_PLACE(a_record_that_cannot_be_read_stops_collecting),
		IN_PLACE(pulls_beside_collecting_have_what_they_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
