#include "image_store_fixture.h"

#include "image/collect.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* A process that is killed before each of its system calls in turn, and what it leaves. */

#define NAME "docker.io/library/debian:12"
#define CALLS_MAX 2000
#define SYSCALL_STOP (SIGTRAP | 0x80)

static const char *const layers[] = {LAYER_A, LAYER_B, NULL};

static int remove_tree(void *arg, const char *path, struct err *err)
{
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", path);

	(void)arg;
	return system(command) == 0 ? 0 : err_set(err, "rm");
}

static int leave_tree(void *arg, const char *path, struct err *err)
{
	(void)arg;
	(void)path;
	(void)err;
	return 0;
}

static int pull(const struct image_store *store)
{
	struct layer_lease lease = {0};
	struct err err;
	int result = 0;

	for (const char *const *id = layers; *id && result == 0; id++)
		if (put_layer(store, *id, 1, &lease, &err) < 0)
			result = -1;
	if (result == 0)
		result = put_image(store, "debian", layers, NAME, NULL, &err);
	layer_lease_done(&lease);
	return result;
}

static int throw_away(const struct image_store *store)
{
	const struct collect_options options = {
		.all_images = true, .builds_older_ms = -1, .remove_tree = leave_tree};
	struct collected collected;
	struct err err;

	if (image_collect(store, &options, &collected, &err) < 0)
		return -1;
	collected_done(&collected);
	return 0;
}

/* Let @pid come to its next system call. Return: whether it still lives. */
static bool next_call(pid_t pid, int *out_status)
{
	int signal = 0;

	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal),
				 0);
		assert_int_equal(waitpid(pid, out_status, __WALL), pid);
		if (!WIFSTOPPED(*out_status))
			return false;
		if (WSTOPSIG(*out_status) == SYSCALL_STOP)
			return true;
		signal = WSTOPSIG(*out_status);
	}
}

/* Run @work in a process and kill it before system call @calls. Return: whether it came so far.
 */
static bool kill_at(const struct image_store *store,
		    int (*work)(const struct image_store *store), int calls)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		_exit(work(store) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL,
				(void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)),
			 0);
	/* Every call stops twice, at its begin and at its end. */
	for (int i = 0; i < 2 * calls; i++)
		if (!next_call(pid, &status)) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	return true;
}

/* What has a name is whole. */
static void check(const struct place *place)
{
	struct image_list list;
	struct err err;

	assert_int_equal(image_list_read(&place->store, &list, &err), 0);
	assert_int_equal(place_count(place, "layers"), list.layer_count);
	for (size_t i = 0; i < list.image_count; i++) {
		AUTO_FREE char *text = NULL;
		const struct image *image = &list.images[i];

		assert_int_equal(blob_read(&place->store, image->id, &text, NULL, &err), 0);
		free(STEAL(text));
		assert_int_equal(
			blob_read(&place->store, image->config_digest, &text, NULL, &err), 0);
		for (size_t k = 0; k < image->layers.count; k++)
			assert_true(layer_exists(&place->store, image->layers.items[k]));
	}
	for (size_t i = 0; i < list.ref_count; i++) {
		struct image_ref ref;

		assert_int_equal(
			image_find_ref(&place->store, list.refs[i].text, NULL, &ref, &err), 0);
		image_ref_done(&ref);
	}
	image_list_done(&list);
}

static void clean_up(const struct place *place)
{
	const struct collect_options options = {
		.all_images = true, .builds_older_ms = INT64_MAX, .remove_tree = remove_tree};
	struct collected collected;
	struct err err;

	assert_int_equal(image_collect(&place->store, &options, &collected, &err), 0);
	assert_int_equal(collected.in_use, 0);
	collected_done(&collected);
	assert_int_equal(place_count(place, "tmp"), 0);
	assert_int_equal(place_count(place, "trash"), 0);
	assert_int_equal(place_count(place, "layers"), 0);
	assert_int_equal(place_count(place, "images"), 0);
	assert_int_equal(place_count(place, "refs"), 0);
}

static void a_pull_that_is_killed_anywhere_leaves_the_store_whole(void **state)
{
	const struct place *place = *state;
	int calls = 1;

	while (kill_at(&place->store, pull, calls)) {
		check(place);
		/* The next one is not in the way of what is left. */
		assert_int_equal(pull(&place->store), 0);
		check(place);
		clean_up(place);
		assert_true(calls++ < CALLS_MAX);
	}
	check(place);
	assert_true(calls > 50);
}

static void throwing_away_that_is_killed_anywhere_leaves_the_store_whole(void **state)
{
	const struct place *place = *state;
	int calls = 1;
	bool is_killed;

	do {
		assert_int_equal(pull(&place->store), 0);
		is_killed = kill_at(&place->store, throw_away, calls);
		/* Names go before images, and images before layers. */
		check(place);
		clean_up(place);
		assert_true(calls++ < CALLS_MAX);
	} while (is_killed);
	assert_true(calls > 30);
}

/* On a file system where a sync costs nothing, when there is one. */
static int fast_place_make(void **state)
{
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	return place_make(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_pull_that_is_killed_anywhere_leaves_the_store_whole, fast_place_make,
			place_remove),
		cmocka_unit_test_setup_teardown(
			throwing_away_that_is_killed_anywhere_leaves_the_store_whole,
			fast_place_make, place_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
