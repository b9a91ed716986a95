#include "init_process.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <termios.h>

#ifdef SYS_symlink
#define SYMLINK SYS_symlink
#else
#define SYMLINK SYS_symlinkat
#endif

/* @words: the command, cut at spaces; the last word of a shell's is @script. */
static struct init_process start_told(struct box_command command, const char *words,
				      const char *script, bool is_told)
{
	AUTO_STRV struct strv argv = {0};
	AUTO_STRV struct strv env = {0};
	AUTO_FREE char *copy = xstrdup(words);
	struct err err = {0};
	char *save = NULL;
	char *word;

	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		strv_add(&argv, word);
	if (script)
		strv_add(&argv, script);
	strv_add(&env, "PATH=/nowhere:/usr/bin:/bin");
	strv_add(&env, "WORD=two words");
	command.argv = &argv;
	command.env = &env;
	if (!command.cwd)
		command.cwd = "/";
	command.confine.umask = 0027;
	command.confine.no_new_privs = true;
	return init_start_told(box_command_fd(&command, &err), is_told);
}

static struct init_process start_with(struct box_command command, const char *words,
				      const char *script)
{
	return start_told(command, words, script, false);
}

static struct init_process start(const char *words, const char *script)
{
	return start_with((struct box_command){0}, words, script);
}

static int started(struct init_process *init)
{
	struct init_message message;

	init_go(init);
	message = init_next(init);
	if (message.type != INIT_STARTED)
		fail_msg("devbox-init says %d %d %d", message.type, message.a, message.b);
	return message.a;
}

static void it_ends_with_the_status_of_the_command(void **state)
{
	AUTO_INIT struct init_process init =
		start("sh -c", "echo hello $WORD; umask; pwd; exit 7");
	AUTO_FREE char *text = NULL;
	int status;

	(void)state;
	assert_true(started(&init) > 1);
	text = init_read(init.output, NULL);
	assert_string_equal(text, "hello two words\n0027\n/\n");
	init_expect(&init, INIT_EXITED, 7 << 8, 0);
	status = init_wait(&init);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_signal_that_ends_the_command_is_told(void **state)
{
	AUTO_INIT struct init_process init = start("sh -c", "kill -SEGV $$");
	struct init_message message;

	(void)state;
	(void)started(&init);
	message = init_next(&init);
	assert_int_equal(message.type, INIT_EXITED);
	assert_true(WIFSIGNALED(message.a));
	assert_int_equal(WTERMSIG(message.a), SIGSEGV);
	assert_int_equal(WEXITSTATUS(init_wait(&init)), 128 + SIGSEGV);
}

static void nothing_begins_before_it_is_told_to(void **state)
{
	AUTO_INIT struct init_process init = start("echo early", NULL);
	struct pollfd readable = {.fd = init.output, .events = POLLIN};

	(void)state;
	init_expect(&init, INIT_READY, 0, 0);
	assert_int_equal(poll(&readable, 1, 50), 0);
	/* Another message, or none because devbox is gone: it ends and starts nothing. */
	init_say(&init, INIT_SIGNAL, SIGTERM);
	assert_int_equal(WEXITSTATUS(init_wait(&init)), 125);
	assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
	assert_int_equal(readable.revents & POLLIN, 0);
}

/* Nobody waits to hear that it is ready. */
static void who_was_told_before_begins_at_once(void **state)
{
	AUTO_INIT struct init_process init =
		start_told((struct box_command){0}, "sh -c", "exit 7", true);
	struct init_message message = init_next(&init);

	(void)state;
	assert_int_equal(message.type, INIT_STARTED);
	init_expect(&init, INIT_EXITED, 7 << 8, 0);
	(void)init_wait(&init);
}

static void signals_reach_the_command(void **state)
{
	AUTO_INIT struct init_process init =
		start("sh -c",
		      "trap 'echo got; exit 3' USR1; echo set; while :; do sleep 0.05; done");
	AUTO_FREE char *set = NULL;
	AUTO_FREE char *got = NULL;

	(void)state;
	(void)started(&init);
	set = init_read(init.output, "set\n");
	init_say(&init, INIT_SIGNAL, SIGUSR1);
	got = init_read(init.output, "got\n");
	init_expect(&init, INIT_EXITED, 3 << 8, 0);
	(void)init_wait(&init);
}

/* A signal from outside goes to the command as if devbox had passed it. */
static void signals_to_itself_reach_the_command(void **state)
{
	AUTO_INIT struct init_process init = start("sleep 100", NULL);

	(void)state;
	(void)started(&init);
	assert_int_equal(kill(init.pid, SIGTERM), 0);
	init_expect(&init, INIT_EXITED, SIGTERM, 0);
	(void)init_wait(&init);
}

static void it_reaps_what_others_leave(void **state)
{
	/* The grandchild's parent ends before it; a zombie would stay in /proc. */
	static const char script[] =
		"sh -c 'sleep 0.1 & echo $! >&2' 2>&1 | { read pid; "
		"while [ -e /proc/$pid ]; do sleep 0.02; done; echo gone; }";
	AUTO_INIT struct init_process init = start("sh -c", script);
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)started(&init);
	text = init_read(init.output, NULL);
	assert_string_equal(text, "gone\n");
	init_expect(&init, INIT_EXITED, 0, 0);
	(void)init_wait(&init);
}

static void everything_ends_with_the_command(void **state)
{
	AUTO_INIT struct init_process init =
		start("sh -c", "trap '' HUP TERM; sleep 1000 & echo there");
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)started(&init);
	init_expect(&init, INIT_EXITED, 0, 0);
	(void)init_wait(&init);
	/* The end of the pipe: nobody is left who could write. */
	text = init_read(init.output, NULL);
	assert_string_equal(text, "there\n");
}

static void when_devbox_goes_the_box_ends(void **state)
{
	AUTO_INIT struct init_process init = start("sleep 1000", NULL);

	(void)state;
	(void)started(&init);
	(void)close(init.socket);
	init.socket = -1;
	assert_int_equal(WEXITSTATUS(init_wait(&init)), 137);
}

static void a_command_that_cannot_run_is_explained(void **state)
{
	static const struct {
		const char *words;
		const char *cwd;
		int stage;
		int code;
	} table[] = {
		{"no-such-program", NULL, INIT_STAGE_EXEC, ENOENT},
		{"/no/such/program", NULL, INIT_STAGE_EXEC, ENOENT},
		{"./etc", NULL, INIT_STAGE_EXEC, EACCES},
		{"/etc/passwd", NULL, INIT_STAGE_EXEC, EACCES},
		{"/etc/passwd/x", NULL, INIT_STAGE_EXEC, ENOTDIR},
		{"true", "/no/such/folder", INIT_STAGE_CWD, ENOENT},
		{"true", "/etc/passwd", INIT_STAGE_CWD, ENOTDIR},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		const struct box_command command = {.cwd = table[i].cwd};
		AUTO_INIT struct init_process init = start_with(command, table[i].words, NULL);

		init_go(&init);
		init_expect(&init, INIT_EXEC_FAILED, table[i].stage, table[i].code);
		init_expect(&init, 0, 0, 0);
		assert_int_equal(WEXITSTATUS(init_wait(&init)), 125);
	}
}

static void what_it_cannot_become_is_explained(void **state)
{
	const struct box_command command = {.confine = {.uid = 1234, .gid = 0}};
	AUTO_INIT struct init_process init = start_with(command, "true", NULL);

	(void)state;
	init_go(&init);
	init_expect(&init, INIT_EXEC_FAILED, INIT_STAGE_CONFINE, EINVAL);
	(void)init_wait(&init);
}

static void the_filter_is_in_force(void **state)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0 /* its number */),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_symlinkat, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYMLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct filter filter = {.program = program, .len = ARRAY_LEN(program)};
	const struct box_command command = {.filter = &filter};
	AUTO_INIT struct init_process init =
		start_with(command, "sh -c",
			   "ln -s x /tmp/devbox-never 2>&1; grep NoNewPrivs /proc/self/status");
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)started(&init);
	text = init_read(init.output, NULL);
	assert_non_null(strstr(text, strerror(EXDEV)));
	assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
}

static void nothing_of_devbox_is_open_in_the_command(void **state)
{
	AUTO_INIT struct init_process init = start(
		"sh -c", "cd /proc/self/fd; for fd in *; do [ ! -e $fd ] || echo $fd; done");
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)started(&init);
	text = init_read(init.output, NULL);
	assert_string_equal(text, "0\n1\n2\n");
}

static void without_a_command_it_stays_until_told(void **state)
{
	AUTO_INIT struct init_process init = start("", NULL);
	struct pollfd readable = {.fd = init.socket, .events = POLLIN};

	(void)state;
	init_go(&init);
	init_expect(&init, INIT_STARTED, 0, 0);
	init_say(&init, INIT_SIGNAL, SIGUSR1);
	init_say(&init, INIT_CONTINUE, 0);
	assert_int_equal(poll(&readable, 1, 50), 0);
	init_say(&init, INIT_SIGNAL, SIGTERM);
	init_expect(&init, INIT_EXITED, 0, 0);
	assert_int_equal(init_wait(&init), 0);
}

static void a_terminal_comes_with_its_size(void **state)
{
	const struct box_command command = {.flags = INIT_TTY,
					    .winsize = {.ws_row = 33, .ws_col = 99}};
	AUTO_INIT struct init_process init =
		start_with(command, "sh -c", "stty size; test -t 0 && test -t 2; echo $?");
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)started(&init);
	assert_true(init.master >= 0);
	text = init_read(init.master, "\n0");
	assert_true(str_starts(text, "33 99\r\n0"));
	init_expect(&init, INIT_EXITED, 0, 0);
	(void)init_wait(&init);
}

/* ^Z: devbox is told, and has it go on in the foreground. */
static void a_stopped_command_goes_on(void **state)
{
	const struct box_command command = {.flags = INIT_TTY};
	AUTO_INIT struct init_process init =
		start_with(command, "sh -c", "echo one; read word; echo $word; exit 5");
	AUTO_FREE char *one = NULL;
	AUTO_FREE char *two = NULL;

	(void)state;
	(void)started(&init);
	one = init_read(init.master, "one");
	assert_int_equal(write(init.master, "\032", 1), 1);
	init_expect(&init, INIT_STOPPED, SIGTSTP, 0);
	init_say(&init, INIT_CONTINUE, 0);
	assert_int_equal(write(init.master, "two\n", 4), 4);
	two = init_read(init.master, "two\r\ntwo");
	init_expect(&init, INIT_EXITED, 5 << 8, 0);
	(void)init_wait(&init);
}

static void an_interrupt_key_reaches_the_command(void **state)
{
	const struct box_command command = {.flags = INIT_TTY};
	AUTO_INIT struct init_process init =
		start_with(command, "sh -c", "echo one; exec sleep 100");
	AUTO_FREE char *one = NULL;

	(void)state;
	(void)started(&init);
	one = init_read(init.master, "one");
	assert_int_equal(write(init.master, "\003", 1), 1);
	init_expect(&init, INIT_EXITED, SIGINT, 0);
	(void)init_wait(&init);
}

/* A config that is not one: nothing runs, and nothing is read past its end. */
static void ask_sockets(const struct init_process *init, int kind, int count)
{
	const struct init_message message = {.type = INIT_SOCKETS, .a = kind, .b = count};

	assert_int_equal(send(init->socket, &message, sizeof(message), 0), sizeof(message));
}

static void expect_socket(struct init_process *init, int kind, int domain, int type)
{
	socklen_t len = sizeof(int);
	int got = -1;

	init->master = -1;
	init_expect(init, INIT_SOCKETS, kind, 0);
	assert_true(init->master >= 0);
	assert_int_equal(getsockopt(init->master, SOL_SOCKET, SO_DOMAIN, &got, &len), 0);
	assert_int_equal(got, domain);
	assert_int_equal(getsockopt(init->master, SOL_SOCKET, SO_TYPE, &got, &len), 0);
	assert_int_equal(got, type);
	assert_true(fcntl(init->master, F_GETFL) & O_NONBLOCK);
	(void)close(init->master);
}

static void it_makes_sockets_of_its_network(void **state)
{
	AUTO_INIT struct init_process init = start_with((struct box_command){0}, "", NULL);
	int i;

	(void)state;
	init_go(&init);
	init_expect(&init, INIT_STARTED, 0, 0);
	ask_sockets(&init, INIT_SOCKET_TCP, 3);
	ask_sockets(&init, INIT_SOCKET_UDP, 1);
	ask_sockets(&init, INIT_SOCKET_DIAG, 1);
	ask_sockets(&init, INIT_SOCKET_TCP, 0);
	ask_sockets(&init, INIT_SOCKET_TCP, -1);
	for (i = 0; i < 3; i++)
		expect_socket(&init, INIT_SOCKET_TCP, AF_INET6, SOCK_STREAM);
	expect_socket(&init, INIT_SOCKET_UDP, AF_INET6, SOCK_DGRAM);
	expect_socket(&init, INIT_SOCKET_DIAG, AF_NETLINK, SOCK_RAW);
	/* More than it is willing to make at once, and then it goes on as before. */
	ask_sockets(&init, INIT_SOCKET_TCP, INIT_SOCKETS_MAX + 1);
	init_say(&init, INIT_SIGNAL, SIGTERM);
	for (i = 0; i < INIT_SOCKETS_MAX; i++)
		expect_socket(&init, INIT_SOCKET_TCP, AF_INET6, SOCK_STREAM);
	init_expect(&init, INIT_EXITED, 0, 0);
}

static void a_broken_config_is_refused(void **state)
{
	struct init_config config = {.magic = INIT_MAGIC, .size = sizeof(config) + 1};
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		size_t len = i == 0 ? 0 : i == 1 ? sizeof(config) - 1 : sizeof(config);
		int fd = memfd_create("config", MFD_CLOEXEC);

		assert_int_equal(fd_write_all(fd, &config, len), 0);
		{
			AUTO_INIT struct init_process init = init_start_fd(fd);
			struct init_message message = init_next(&init);

			assert_int_equal(message.type, INIT_EXEC_FAILED);
			assert_int_equal(message.a, INIT_STAGE_SETUP);
			assert_int_equal(WEXITSTATUS(init_wait(&init)), 125);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_ends_with_the_status_of_the_command),
		cmocka_unit_test(a_signal_that_ends_the_command_is_told),
		cmocka_unit_test(nothing_begins_before_it_is_told_to),
		cmocka_unit_test(who_was_told_before_begins_at_once),
		cmocka_unit_test(signals_reach_the_command),
		cmocka_unit_test(signals_to_itself_reach_the_command),
		cmocka_unit_test(it_reaps_what_others_leave),
		cmocka_unit_test(everything_ends_with_the_command),
		cmocka_unit_test(when_devbox_goes_the_box_ends),
		cmocka_unit_test(a_command_that_cannot_run_is_explained),
		cmocka_unit_test(what_it_cannot_become_is_explained),
		cmocka_unit_test(the_filter_is_in_force),
		cmocka_unit_test(nothing_of_devbox_is_open_in_the_command),
		cmocka_unit_test(without_a_command_it_stays_until_told),
		cmocka_unit_test(a_terminal_comes_with_its_size),
		cmocka_unit_test(a_stopped_command_goes_on),
		cmocka_unit_test(an_interrupt_key_reaches_the_command),
		cmocka_unit_test(it_makes_sockets_of_its_network),
		cmocka_unit_test(a_broken_config_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
