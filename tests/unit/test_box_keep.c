#include "box/keep.h"
#include "box/prepare.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_folder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PATIENCE_MS 10000

/* A runtime folder, and the maps that boxes of this user get. */
struct desk {
	char *folder;
	struct host_user user;
	struct prepared prepared;
	struct box_facts facts;
	struct box_start maps;
};

static int desk_make(void **state)
{
	struct desk *desk = xmalloc(sizeof(*desk));
	struct err err = {0};

	desk->folder = folder_make();
	if (host_user_get(&desk->user, &err) < 0 ||
	    prepare_maps(&desk->user, &desk->prepared, &err) < 0)
		print_message("%s\n", err.message);
	desk->facts.uid_map = desk->prepared.uid_map;
	desk->facts.gid_map = desk->prepared.gid_map;
	desk->maps.facts = &desk->facts;
	desk->maps.newuidmap = desk->prepared.newuidmap;
	desk->maps.newgidmap = desk->prepared.newgidmap;
	*state = desk;
	return 0;
}

static int desk_remove(void **state)
{
	struct desk *desk = *state;

	keep_drop(desk->folder);
	while (waitpid(-1, NULL, 0) > 0)
		;
	folder_remove(&desk->folder);
	host_user_done(&desk->user);
	prepared_done(&desk->prepared);
	free(desk);
	return 0;
}

static void need_helpers(const struct desk *desk)
{
	if (!desk->maps.newuidmap)
		skip();
}

static ino_t inode_of(int fd)
{
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* What the record says, a pidfd of the holder, and whether there is a record at all. */
static int read_record(const struct desk *desk, int *pid, unsigned long long *ticks,
		       unsigned long long *inode)
{
	AUTO_FREE char *path = path_join(desk->folder, "userns");
	AUTO_FREE char *text = NULL;
	struct err err = {0};

	if (fd_read_file(AT_FDCWD, path, 128, &text, &err) < 0)
		return -1;
	assert_int_equal(sscanf(text, "%d %llu %llu", pid, ticks, inode), 3);
	return 0;
}

static int holder_of(const struct desk *desk)
{
	unsigned long long ticks, inode;
	int pid;
	int fd;

	assert_int_equal(read_record(desk, &pid, &ticks, &inode), 0);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(fd >= 0);
	return fd;
}

static bool has_ended(int pid_fd, int timeout_ms)
{
	struct pollfd end = {.fd = pid_fd, .events = POLLIN};

	return poll(&end, 1, timeout_ms) == 1;
}

static void the_second_start_finds_what_the_first_left(void **state)
{
	struct desk *desk = *state;
	AUTO_CLOSE int first = -1;
	AUTO_CLOSE int second = -1;
	AUTO_CLOSE int holder = -1;
	struct stat own;

	need_helpers(desk);
	first = keep_open(desk->folder, &desk->maps);
	second = keep_open(desk->folder, &desk->maps);
	assert_int_equal(inode_of(first), inode_of(second));
	assert_int_equal(stat("/proc/self/ns/user", &own), 0);
	assert_true(inode_of(first) != own.st_ino);

	holder = holder_of(desk);
	assert_false(has_ended(holder, 0));
	keep_drop(desk->folder);
	assert_true(has_ended(holder, PATIENCE_MS));
	/* And the next one is another one. */
	assert_int_equal(inode_of(first), inode_of(second));
	(void)close(second);
	second = keep_open(desk->folder, &desk->maps);
	assert_true(inode_of(first) != inode_of(second));
}

static void a_lost_holder_is_replaced(void **state)
{
	struct desk *desk = *state;
	AUTO_CLOSE int first = -1;
	AUTO_CLOSE int second = -1;
	AUTO_CLOSE int holder = -1;

	need_helpers(desk);
	first = keep_open(desk->folder, &desk->maps);
	holder = holder_of(desk);
	assert_int_equal(syscall(SYS_pidfd_send_signal, holder, SIGKILL, NULL, 0), 0);
	assert_true(has_ended(holder, PATIENCE_MS));
	second = keep_open(desk->folder, &desk->maps);
	assert_true(inode_of(first) != inode_of(second));
}

/* Nothing but a living process, this one since its start, with this namespace. */
static void a_record_that_is_not_true_is_not_believed(void **state)
{
	struct desk *desk = *state;
	AUTO_STRV struct strv records = {0};
	AUTO_CLOSE int kept = -1;
	AUTO_CLOSE int holder = -1;
	unsigned long long ticks, inode;
	struct stat own;
	size_t i;
	int pid;

	need_helpers(desk);
	kept = keep_open(desk->folder, &desk->maps);
	assert_int_equal(read_record(desk, &pid, &ticks, &inode), 0);
	holder = holder_of(desk);
	assert_int_equal(stat("/proc/self/ns/user", &own), 0);
	strv_add(&records, "");
	strv_add(&records, "kept\n");
	strv_addf(&records, "%d %llu\n", pid, ticks);
	strv_addf(&records, "-%d %llu %llu\n", pid, ticks, inode);
	strv_addf(&records, "0 %llu %llu\n", ticks, inode);
	strv_addf(&records, "1 %llu %llu\n", ticks, inode);
	strv_addf(&records, "%d %llu %llu\n", (int)getpid(), ticks, inode);
	strv_addf(&records, "%d %llu %llu\n", (int)getpid(), ticks,
		  (unsigned long long)own.st_ino);
	strv_addf(&records, "%d %llu %llu\n", pid, ticks + 1, inode);
	strv_addf(&records, "%d %llu %llu\n", pid, ticks, inode + 1);
	strv_addf(&records, "99999999999999999999 %llu %llu\n", ticks, inode);
	for (i = 0; i < records.count; i++) {
		AUTO_CLOSE int other = -1;

		folder_write(desk->folder, "userns", records.items[i]);
		other = keep_open(desk->folder, &desk->maps);
		if (inode_of(other) == inode_of(kept))
			fail_msg("believed: %s", records.items[i]);
		keep_drop(desk->folder);
	}
	/* keep_drop() did not end who was not named rightly. */
	assert_false(has_ended(holder, 0));
	assert_int_equal(syscall(SYS_pidfd_send_signal, holder, SIGKILL, NULL, 0), 0);
}

static void other_maps_get_another_namespace(void **state)
{
	struct desk *desk = *state;
	AUTO_CLOSE int kept = -1;
	AUTO_CLOSE int holder = -1;
	struct host_map *map = &desk->facts.uid_map;
	struct host_map whole;
	size_t i;

	need_helpers(desk);
	kept = keep_open(desk->folder, &desk->maps);
	holder = holder_of(desk);
	whole = *map;
	for (i = 0; i < 2; i++) {
		AUTO_CLOSE int other = -1;

		*map = whole;
		if (i == 0)
			map->lines[map->count - 1].count--;
		else
			map->count--;
		other = keep_open(desk->folder, &desk->maps);
		assert_true(other < 0 || inode_of(other) != inode_of(kept));
		if (other >= 0)
			keep_drop(desk->folder);
	}
	assert_int_equal(syscall(SYS_pidfd_send_signal, holder, SIGKILL, NULL, 0), 0);
}

static void without_helpers_nothing_is_kept(void **state)
{
	struct desk *desk = *state;

	desk->maps.newuidmap = NULL;
	assert_int_equal(keep_open(desk->folder, &desk->maps), -1);
	desk->maps.newuidmap = "/bin/true";
	assert_int_equal(keep_open("/dev/null/runtime", &desk->maps), -1);
	keep_drop("/dev/null/runtime");
	keep_drop(desk->folder);
}

static int lowest_free(int from)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, from);

	assert_true(fd >= from);
	(void)close(fd);
	return fd;
}

/* A helper that fails: do without, and leave neither a process nor a descriptor behind. */
static void a_failed_map_leaves_nothing(void **state)
{
	struct desk *desk = *state;
	const int low = lowest_free(0);
	const int high = lowest_free(10);

	desk->maps.newuidmap = desk->maps.newgidmap = "/bin/false";
	assert_int_equal(keep_open(desk->folder, &desk->maps), -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(lowest_free(0), low);
	assert_int_equal(lowest_free(10), high);
}

#define ON_A_DESK(f) cmocka_unit_test_setup_teardown(f, desk_make, desk_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DESK(the_second_start_finds_what_the_first_left),
		ON_A_DESK(a_lost_holder_is_replaced),
		ON_A_DESK(a_record_that_is_not_true_is_not_believed),
		ON_A_DESK(other_maps_get_another_namespace),
		ON_A_DESK(without_helpers_nothing_is_kept),
		ON_A_DESK(a_failed_map_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
