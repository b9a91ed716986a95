#include "image_store_fixture.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void a_store_that_was_never_made_is_not_there(void **state)
{
	const struct place *place = *state;
	struct image_store store;
	struct err err;

	assert_int_equal(image_store_open(place->dir, false, &store, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(image_store_open("/nowhere/at/all", false, &store, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(image_store_open(place->store.dir, false, &store, &err), 0);
	image_store_close(&store);
	image_store_close(&store);
}

static void a_layer_has_a_name_when_it_is_published_and_not_before(void **state)
{
	const struct place *place = *state;
	AUTO_FREE char *dir = layer_dir(&place->store, LAYER_A);
	AUTO_FREE char *file = path_join(dir, "file");
	struct layer_lease lease = {0};
	struct layer_meta meta;
	struct layer_work work;
	struct err err;

	assert_int_equal(begin_layer(&place->store, LAYER_A, &work, &err), 0);
	assert_false(layer_exists(&place->store, LAYER_A));
	assert_int_equal(layer_meta_read(&place->store, LAYER_A, &meta, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(layer_lease_add(&lease, &place->store, LAYER_A, &err), -1);
	assert_int_equal(err.code, ENOENT);

	assert_int_equal(publish_layer(&place->store, &work, 4096, &lease, &err), 0);
	assert_true(layer_exists(&place->store, LAYER_A));
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(lease.count, 1);
	assert_null(work.name);
	assert_int_equal(place_count(place, "tmp"), 0);
	assert_int_equal(place_count(place, "trash"), 0);
	layer_lease_done(&lease);
}

static void what_is_known_of_a_layer_comes_back(void **state)
{
	const struct place *place = *state;
	char id[] = LAYER_A;
	char digest[] = "sha256:" LAYER_B;
	struct layer_meta meta = {.id = id,
				  .digest = digest,
				  .blob_bytes = 1,
				  .bytes = UINT64_C(1) << 40,
				  .tar_bytes = 3,
				  .entries = 4,
				  .first_uid = UINT32_MAX};
	struct layer_meta back;
	struct layer_work work;
	struct err err;

	strv_add(&meta.warnings, "3 device nodes");
	strv_add(&meta.warnings, "\"quoted\"\n");
	assert_int_equal(begin_layer(&place->store, id, &work, &err), 0);
	assert_int_equal(layer_work_publish(&place->store, &work, &meta, NULL, &err), 0);
	assert_int_equal(layer_meta_read(&place->store, id, &back, &err), 0);
	assert_string_equal(back.id, id);
	assert_string_equal(back.digest, digest);
	assert_int_equal(back.blob_bytes, 1);
	assert_true(back.bytes == UINT64_C(1) << 40);
	assert_int_equal(back.tar_bytes, 3);
	assert_int_equal(back.entries, 4);
	assert_true(back.first_uid == UINT32_MAX);
	assert_int_equal(back.warnings.count, 2);
	assert_string_equal(back.warnings.items[1], "\"quoted\"\n");
	layer_meta_done(&back);
	strv_done(&meta.warnings);
}

static void an_id_that_is_none_never_becomes_a_path(void **state)
{
	static const char *const ids[] = {
		"",
		"..",
		"../layers/" DIGITS_60 "aaaa",
		DIGITS_60,
		DIGITS_60 "AAAA",
		DIGITS_60 "aaaaa",
		"b-" DIGITS_60,
		"b-b-" DIGITS_60 "aa",
		"c-" DIGITS_60 "aaaa",
		"sha256:" DIGITS_60 "aaaa",
	};
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct layer_lease lease = {0};
		struct layer_meta meta;
		struct layer_work work;
		struct err err;
		bool done;

		assert_false(layer_exists(&place->store, ids[i]));
		assert_int_equal(layer_meta_read(&place->store, ids[i], &meta, &err), -1);
		assert_int_equal(err.code, EINVAL);
		assert_int_equal(layer_lease_add(&lease, &place->store, ids[i], &err), -1);
		assert_int_equal(err.code, EINVAL);
		assert_int_equal(
			layer_work_begin(&place->store, ids[i], NULL, NULL, &work, &done, &err),
			-1);
		assert_int_equal(err.code, EINVAL);
	}
	assert_int_equal(place_count(place, "tmp"), 0);
}

static void the_folder_of_a_layer_is_0755_whatever_the_umask(void **state)
{
	const struct place *place = *state;
	struct layer_work work;
	struct stat st;
	struct err err;
	mode_t before = umask(0077);

	assert_int_equal(begin_layer(&place->store, LAYER_A, &work, &err), 0);
	(void)umask(before);
	assert_int_equal(fstat(work.diff_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	layer_work_drop(&place->store, &work);
}

static void work_that_is_dropped_leaves_no_name(void **state)
{
	const struct place *place = *state;
	struct layer_work work;
	struct err err;

	assert_int_equal(begin_layer(&place->store, LAYER_A, &work, &err), 0);
	layer_work_drop(&place->store, &work);
	layer_work_drop(&place->store, &work);
	assert_int_equal(place_count(place, "tmp"), 0);
	assert_int_equal(place_count(place, "trash"), 1);
	assert_int_equal(place_count(place, "layers"), 0);
	assert_int_equal(put_layer(&place->store, LAYER_A, 1, NULL, &err), 0);
}

static int give_up(void *arg)
{
	++*(int *)arg;
	return 1;
}

static void a_layer_that_somebody_makes_is_waited_for(void **state)
{
	const struct place *place = *state;
	struct layer_work work, other;
	struct err err;
	int asked = 0;
	bool done;

	assert_int_equal(begin_layer(&place->store, LAYER_A, &work, &err), 0);
	assert_int_equal(
		layer_work_begin(&place->store, LAYER_A, give_up, &asked, &other, &done, &err),
		-1);
	assert_int_equal(err.code, EINTR);
	assert_int_equal(asked, 1);

	/* Another is nobody's business. */
	assert_int_equal(begin_layer(&place->store, LAYER_B, &other, &err), 0);
	layer_work_drop(&place->store, &other);
	assert_int_equal(publish_layer(&place->store, &work, 1, NULL, &err), 0);
	assert_int_equal(
		layer_work_begin(&place->store, LAYER_A, give_up, &asked, &other, &done, &err),
		0);
	assert_true(done);
	assert_null(other.name);
	assert_int_equal(asked, 1);
}

/* Make the layer, slowly, unless it is there. Exit status: 0 made, 1 was there, 2 failed. */
static int race(const struct image_store *store)
{
	struct layer_work work;
	struct err err;
	int result = begin_layer(store, LAYER_A, &work, &err);

	if (result)
		return result < 0 ? 2 : 1;
	(void)usleep(50000);
	return publish_layer(store, &work, 1, NULL, &err) < 0 ? 2 : 0;
}

static void workers_at_once_do_the_work_once(void **state)
{
	const struct place *place = *state;
	pid_t pids[6];
	int made = 0;

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(race(&place->store));
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 2);
		made += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(made, 1);
	assert_int_equal(place_count(place, "tmp"), 0);
	assert_int_equal(place_count(place, "trash"), 0);
}

static void work_of_a_process_that_died_is_taken_over(void **state)
{
	const struct place *place = *state;
	int ends[2], status;
	struct err err;
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct layer_work work;

		if (begin_layer(&place->store, LAYER_A, &work, &err) == 0)
			(void)!write(ends[1], "x", 1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(put_layer(&place->store, LAYER_A, 1, NULL, &err), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void a_leased_layer_cannot_be_locked_by_others(void **state)
{
	const struct place *place = *state;
	struct layer_lease lease = {0};
	struct err err;
	int fd;

	assert_int_equal(put_layer(&place->store, LAYER_A, 1, &lease, &err), 0);
	fd = openat(place->store.fd, "layers/" LAYER_A, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
	assert_int_equal(layer_lease_add(&lease, &place->store, LAYER_A, &err), 0);
	assert_int_equal(lease.count, 2);
	layer_lease_done(&lease);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	(void)close(fd);
}

static void a_layer_without_its_record_is_made_again(void **state)
{
	const struct place *place = *state;
	struct err err;

	assert_int_equal(put_layer(&place->store, LAYER_A, 1, NULL, &err), 0);
	assert_int_equal(unlinkat(place->store.fd, "layers/" LAYER_A "/meta", 0), 0);
	assert_false(layer_exists(&place->store, LAYER_A));
	assert_int_equal(put_layer(&place->store, LAYER_A, 1, NULL, &err), 0);
	assert_true(layer_exists(&place->store, LAYER_A));
	assert_int_equal(place_count(place, "trash"), 1);
}

/* On a disk on which no byte finds room. Exit status: errno. */
static int publish_without_room(const struct place *place)
{
	const struct rlimit none = {0, 0};
	struct layer_work work;
	struct err err;

	if (begin_layer(&place->store, LAYER_A, &work, &err) != 0)
		return 0;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &none) < 0)
		return 0;
	err.code = 0;
	return publish_layer(&place->store, &work, 1, NULL, &err) < 0 ? err.code : 0;
}

static void without_room_nothing_is_published(void **state)
{
	const struct place *place = *state;
	struct err err;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(publish_without_room(place));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EFBIG);
	assert_false(layer_exists(&place->store, LAYER_A));
	assert_int_equal(place_count(place, "layers"), 0);
	assert_int_equal(place_count(place, "tmp"), 0);
	assert_int_equal(put_layer(&place->store, LAYER_A, 1, NULL, &err), 0);
}

static void a_layer_is_not_published_under_another_id(void **state)
{
	const struct place *place = *state;
	char id[] = LAYER_B;
	struct layer_meta meta = {.id = id};
	struct layer_work work;
	struct err err;

	assert_int_equal(begin_layer(&place->store, LAYER_A, &work, &err), 0);
	assert_int_equal(layer_work_publish(&place->store, &work, &meta, NULL, &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_int_equal(place_count(place, "layers"), 0);
	assert_null(work.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_store_that_was_never_made_is_not_there),
		IN_PLACE(a_layer_has_a_name_when_it_is_published_and_not_before),
		IN_PLACE(what_is_known_of_a_layer_comes_back),
		IN_PLACE(an_id_that_is_none_never_becomes_a_path),
		IN_PLACE(the_folder_of_a_layer_is_0755_whatever_the_umask),
		IN_PLACE(work_that_is_dropped_leaves_no_name),
		IN_PLACE(a_layer_that_somebody_makes_is_waited_for),
		IN_PLACE(workers_at_once_do_the_work_once),
		IN_PLACE(work_of_a_process_that_died_is_taken_over),
		IN_PLACE(a_leased_layer_cannot_be_locked_by_others),
		IN_PLACE(a_layer_without_its_record_is_made_again),
		IN_PLACE(without_room_nothing_is_published),
		IN_PLACE(a_layer_is_not_published_under_another_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
