#include "box/start.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Read back as devbox-init does; free() it. */
static struct init_config *read_back(const struct box_command *command)
{
	struct err err = {0};
	AUTO_CLOSE int fd = box_command_fd(command, &err);
	struct init_config *config;
	char *text = NULL;
	size_t len;

	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 1024 * 1024, &text, &len, &err), 0);
	config = (struct init_config *)(void *)text;
	assert_true(len >= sizeof(*config));
	assert_int_equal(config->magic, INIT_MAGIC);
	assert_int_equal(config->size, len);
	return config;
}

static const char *text_at(const struct init_config *config, uint32_t offset)
{
	const char *text = (const char *)config + offset;

	assert_in_range(offset, sizeof(*config), config->size - 1);
	assert_non_null(memchr(text, '\0', config->size - offset));
	return text;
}

static void expect_list(const struct init_config *config, uint32_t offset, uint32_t count,
			const struct strv *wanted)
{
	size_t i;

	assert_int_equal(count, wanted->count);
	for (i = 0; i < wanted->count; i++) {
		const char *text = text_at(config, offset);

		assert_string_equal(text, wanted->items[i]);
		offset += (uint32_t)strlen(text) + 1;
	}
}

static void a_command_is_read_back(void **state)
{
	struct sock_filter program[3] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
	struct filter filter = {.program = program, .len = ARRAY_LEN(program)};
	AUTO_STRV struct strv argv = {0};
	AUTO_STRV struct strv env = {0};
	struct box_command command = {
		.argv = &argv,
		.env = &env,
		.cwd = "/work",
		.confine = {.uid = 1000, .gid = 100, .bounding = 7, .no_new_privs = true},
		.filter = &filter,
		.winsize = {.ws_row = 5, .ws_col = 6},
		.flags = INIT_TTY | INIT_CONSOLE,
	};
	AUTO_FREE struct init_config *config = NULL;

	(void)state;
	strv_add(&argv, "make");
	strv_add(&argv, "");
	strv_add(&argv, "a b\n'\"");
	strv_add(&env, "A=1");
	strv_add(&env, "PATH=/opt/bin:/bin");
	strv_add(&env, "EMPTY=");
	config = read_back(&command);
	assert_int_equal(config->flags, INIT_TTY | INIT_CONSOLE | INIT_COMMAND);
	assert_int_equal(config->winsize.ws_row, 5);
	assert_int_equal(config->winsize.ws_col, 6);
	assert_int_equal(config->confine.uid, 1000);
	assert_int_equal(config->confine.gid, 100);
	assert_int_equal(config->confine.bounding, 7);
	assert_true(config->confine.no_new_privs);
	assert_false(config->confine.wants_listener);
	expect_list(config, config->argv_offset, config->argc, &argv);
	expect_list(config, config->env_offset, config->envc, &env);
	assert_string_equal(text_at(config, config->path_offset), "/opt/bin:/bin");
	assert_string_equal(text_at(config, config->cwd_offset), "/work");
	assert_int_equal(config->filter_offset % _Alignof(struct sock_filter), 0);
	assert_int_equal(config->confine.filter_len, ARRAY_LEN(program));
	assert_memory_equal((const char *)config + config->filter_offset, program,
			    sizeof(program));
}

static void nothing_given_is_nothing(void **state)
{
	struct filter none = {0};
	AUTO_STRV struct strv empty = {0};
	struct box_command command = {
		.argv = &empty,
		.env = &empty,
		.cwd = "",
		.filter = &none,
		.profile = "/p.json",
	};
	AUTO_FREE struct init_config *config = NULL;

	(void)state;
	config = read_back(&command);
	assert_int_equal(config->flags, 0);
	assert_int_equal(config->argc, 0);
	assert_int_equal(config->envc, 0);
	assert_int_equal(config->filter_offset, 0);
	assert_int_equal(config->confine.filter_len, 0);
	assert_string_equal(text_at(config, config->path_offset), BOX_PATH);
	assert_string_equal(text_at(config, config->cwd_offset), "");
	/* A profile of the user's: its refusals are explained. */
	assert_true(config->confine.wants_listener);
}

static void expect_sealed(int fd)
{
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
}

/* Nobody who gets at the descriptor changes what runs. */
static void what_a_box_is_started_with_is_sealed(void **state)
{
	AUTO_STRV struct strv empty = {0};
	struct box_command command = {.argv = &empty, .env = &empty, .cwd = "/"};
	struct err err = {0};
	AUTO_CLOSE int command_fd = box_command_fd(&command, &err);
	AUTO_CLOSE int init_fd = box_init_fd(&err);
	char magic[4];

	(void)state;
	expect_sealed(command_fd);
	expect_sealed(init_fd);
	assert_int_equal(pread(init_fd, magic, sizeof(magic), 0), sizeof(magic));
	assert_memory_equal(magic, "\177ELF", sizeof(magic));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_read_back),
		cmocka_unit_test(nothing_given_is_nothing),
		cmocka_unit_test(what_a_box_is_started_with_is_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
