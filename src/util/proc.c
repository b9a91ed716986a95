#include "util/proc.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAT_MAX 4096
/* proc_pid_stat(5): fields counted behind the name, which ends with the last ')'. */
#define STAT_START_TIME 20

static int add_stdio(posix_spawn_file_actions_t *actions, const int source[3])
{
	for (int i = 0; i < 3; i++) {
		int code = source[i] < 0
				   ? posix_spawn_file_actions_addopen(actions, i, "/dev/null",
								      O_RDWR, 0)
				   : posix_spawn_file_actions_adddup2(actions, source[i], i);

		if (code)
			return code;
	}
	return 0;
}

static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int code;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	code = posix_spawnattr_setsigdefault(attr, &all);
	if (!code)
		code = posix_spawnattr_setsigmask(attr, &none);
	if (!code)
		code = posix_spawnattr_setflags(attr,
						POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return code;
}

/* Return: 0 or an errno value. */
static int spawn_with(const char *const *argv, const int source[3], const int *keep_fds,
		      size_t keep_count, pid_t *out_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int code;

	code = posix_spawn_file_actions_init(&actions);
	if (code)
		return code;
	code = posix_spawnattr_init(&attr);
	if (code)
		goto out_actions;

	code = add_stdio(&actions, source);
	/* dup2 onto itself takes close-on-exec off. */
	for (size_t i = 0; !code && i < keep_count; i++)
		code = posix_spawn_file_actions_adddup2(&actions, keep_fds[i], keep_fds[i]);
	if (!code)
		code = set_signals(&attr);
	if (!code)
		code = posix_spawn(out_pid, argv[0], &actions, &attr,
				   (char *const *)(uintptr_t)argv, environ);

	(void)posix_spawnattr_destroy(&attr);
out_actions:
	(void)posix_spawn_file_actions_destroy(&actions);
	return code;
}

int proc_spawn(const char *const *argv, const int stdio[3], const int *keep_fds,
	       size_t keep_count, pid_t *out_pid, struct err *err)
{
	int source[3] = {stdio[0], stdio[1], stdio[2]};
	int moved[3] = {-1, -1, -1};
	int code = 0;

	assert(argv[0][0] == '/');

	/* 0, 1 and 2 in another order would overwrite each other: move them out of the way. */
	for (int i = 0; i < 3 && !code; i++) {
		if (stdio[i] < 0 || stdio[i] > 2 || stdio[i] == i)
			continue;
		moved[i] = source[i] = fcntl(stdio[i], F_DUPFD_CLOEXEC, 3);
		if (moved[i] < 0)
			code = errno;
	}
	if (!code)
		code = spawn_with(argv, source, keep_fds, keep_count, out_pid);

	for (int i = 0; i < 3; i++)
		cleanup_close(&moved[i]);
	return code ? err_code(err, code, "start '%s'", argv[0]) : 0;
}

/* Everything is read, so that the program never blocks; the first @max bytes are kept. */
static int collect(int fd, size_t max, struct buf *text)
{
	char chunk[4096];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		size_t keep;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		keep = (size_t)n < max - text->len ? (size_t)n : max - text->len;
		buf_add(text, chunk, keep);
	}
}

int proc_run(const char *const *argv, size_t max, char **out_text, int *out_status,
	     struct err *err)
{
	AUTO_BUF struct buf text = {0};
	AUTO_CLOSE int reader = -1;
	AUTO_CLOSE int writer = -1;
	int ends[2], status;
	pid_t pid = -1;

	if (out_text) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_sys(err, "make a pipe for '%s'", argv[0]);
		reader = ends[0];
		writer = ends[1];
	}

	const int stdio[3] = {-1, writer, writer};

	if (proc_spawn(argv, stdio, NULL, 0, &pid, err) < 0)
		return -1;
	if (out_text) {
		(void)close(steal_fd(&writer));
		(void)collect(reader, max, &text);
	}

	status = proc_wait(pid);
	if (status < 0)
		return err_sys(err, "wait for '%s'", argv[0]);
	if (out_text)
		*out_text = buf_take(&text);
	*out_status = status;
	return 0;
}

/* State letter and start time of a process. */
static int read_stat(pid_t pid, char *out_state, uint64_t *out_ticks)
{
	AUTO_FREE char *text = NULL;
	char path[64];
	struct err ignored;
	char *field, *rest = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (pid <= 0 || fd_read_file(AT_FDCWD, path, STAT_MAX, &text, &ignored) < 0)
		return -1;

	/* The name may hold anything, ')' and blanks too. */
	field = strrchr(text, ')');
	if (!field || field[1] != ' ')
		return -1;
	field = strtok_r(field + 1, " \n", &rest);
	if (!field)
		return -1;
	*out_state = field[0];
	for (int i = 1; field && i < STAT_START_TIME; i++)
		field = strtok_r(NULL, " \n", &rest);
	return field ? str_to_u64(field, out_ticks) : -1;
}

int proc_start_time(pid_t pid, uint64_t *out_ticks)
{
	uint64_t ticks;
	char state;

	if (read_stat(pid, &state, &ticks) < 0)
		return -1;
	*out_ticks = ticks;
	return 0;
}

bool proc_is_alive(pid_t pid, uint64_t ticks)
{
	uint64_t now;
	char state;

	if (read_stat(pid, &state, &now) < 0)
		return false;
	return now == ticks && state != 'Z' && state != 'X';
}

int proc_wait(pid_t pid)
{
	int status;
	pid_t reaped;

	do {
		reaped = waitpid(pid, &status, 0);
	} while (reaped < 0 && errno == EINTR);
	return reaped < 0 ? -1 : status;
}

int proc_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static char *program_in(const char *dir, size_t dir_len, const char *name)
{
	AUTO_FREE char *path = xasprintf("%.*s/%s", (int)dir_len, dir, name);
	struct stat st;

	if (dir_len == 0 || dir[0] != '/')
		return NULL;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return NULL;
	return STEAL(path);
}

static char *program_in_list(const char *dirs, const char *name)
{
	while (dirs) {
		const char *end = strchrnul(dirs, ':');
		char *path = program_in(dirs, (size_t)(end - dirs), name);

		if (path)
			return path;
		dirs = *end ? end + 1 : NULL;
	}
	return NULL;
}

char *proc_find_program(const char *name)
{
	char *path;

	if (!*name || strchr(name, '/'))
		return NULL;
	path = program_in_list("/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin", name);
	return path ? path : program_in_list(getenv("PATH"), name);
}
