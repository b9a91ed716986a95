#include "fetch/credentials_parts.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define ANSWER_MAX 65536U
#define NAME_LEN_MAX 64
#define WORDS_MAX 160
#define TOKEN_USER "<token>"
#define NOT_FOUND "credentials not found"
#define DOCKER_HOST "docker.io"
#define DOCKER_ADDRESS "https://index.docker.io/v1/"

/** struct helper - one that runs; @path: of the program */
struct helper {
	const char *path;
	pid_t pid;
	int pid_fd;
	int reader;
	int64_t end_ms;
	struct buf answer;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_LEN_MAX &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789_.-") == len;
}

/* Its answer in a message: short and without control characters. */
static char *words_of(const char *text)
{
	AUTO_FREE char *copy = xstrndup(text, WORDS_MAX);

	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return xstrdup(str_trim(copy));
}

int helper_read_answer(const char *text, size_t len, struct credentials *out_credentials,
		       struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, 0, &why);
	const char *user = json_string_value(json_object_get(root, "Username"));
	const char *secret = json_string_value(json_object_get(root, "Secret"));
	struct credentials found = {0};
	int result = 0;

	if (!user || !secret) {
		result = err_set(err, "its answer is not {\"Username\": …, \"Secret\": …}");
	} else if (str_eq(user, TOKEN_USER)) {
		found.identity_token = xstrdup(secret);
	} else if (*user || *secret) {
		found.user = xstrdup(user);
		found.password = xstrdup(secret);
	}
	json_decref(root);
	if (result == 0)
		*out_credentials = found;
	return result;
}

/* The question as a file: a program that ends without reading it cannot harm us. */
static int question_fd(const char *server)
{
	AUTO_CLOSE int fd = memfd_create("credential", MFD_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, server, strlen(server)) < 0 ||
	    fd_write_all(fd, "\n", 1) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return steal_fd(&fd);
}

static int start(struct helper *helper, const char *server, struct err *err)
{
	const char *const argv[] = {helper->path, "get", NULL};
	AUTO_CLOSE int question = question_fd(server);
	AUTO_CLOSE int writer = -1;
	int ends[2];

	if (question < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "prepare to ask '%s'", helper->path);
	helper->reader = ends[0];
	writer = ends[1];
	(void)fcntl(helper->reader, F_SETFL, O_NONBLOCK);

	const int stdio[3] = {question, writer, -1};

	if (proc_spawn(argv, stdio, NULL, 0, &helper->pid, err) < 0)
		return -1;
	helper->pid_fd = (int)syscall(SYS_pidfd_open, helper->pid, 0);
	return helper->pid_fd < 0 ? err_sys(err, "watch '%s'", helper->path) : 0;
}

/* Return: 1 while there may be more, 0 at the end, -1 when it is too much. */
static int take_answer(struct helper *helper)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(helper->reader, chunk, sizeof(chunk))) > 0) {
		if (helper->answer.len + (size_t)n > ANSWER_MAX)
			return -1;
		buf_add(&helper->answer, chunk, (size_t)n);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 1 : 0;
}

/*
 * Until the program ends: something that it started may hold its pipe for longer, and it may
 * close the pipe and stay.
 */
static int await(struct helper *helper, int limit_ms, struct err *err)
{
	struct pollfd fds[] = {{.fd = helper->pid_fd, .events = POLLIN},
			       {.fd = helper->reader, .events = POLLIN}};

	for (;;) {
		int64_t left = helper->end_ms - now_ms();
		int more;

		if (left <= 0 || poll(fds, ARRAY_LEN(fds), (int)left) == 0)
			return err_set(err, "it has not answered in %d seconds",
				       (limit_ms + 999) / 1000);
		more = take_answer(helper);
		if (more < 0)
			return err_set(err, "its answer is too long");
		if (fds[0].revents)
			return 0;
		if (more == 0)
			fds[1].fd = -1;
	}
}

static int judge(struct helper *helper, int status, struct credentials *out, struct err *err)
{
	const char *text = helper->answer.data ? helper->answer.data : "";
	AUTO_FREE char *words = NULL;

	if (proc_exit_code(status) == 0)
		return helper_read_answer(text, helper->answer.len, out, err);
	if (strstr(text, NOT_FOUND)) {
		*out = (struct credentials){0};
		return 0;
	}
	/* A failing helper says why on its standard output. */
	words = words_of(text);
	return err_set(err, "it failed with status %d%s%s", proc_exit_code(status),
		       *words ? ": " : "", words);
}

static int ask(const char *path, const char *server, int limit_ms, struct credentials *out,
	       struct err *err)
{
	struct helper helper = {.path = path,
				.pid = -1,
				.pid_fd = -1,
				.reader = -1,
				.end_ms = now_ms() + limit_ms};
	int status = 0;
	int result = start(&helper, server, err);

	if (result == 0)
		result = await(&helper, limit_ms, err);
	if (helper.pid > 0) {
		if (result < 0)
			(void)kill(helper.pid, SIGKILL);
		status = proc_wait(helper.pid);
	}
	if (result == 0)
		result = judge(&helper, status, out, err);

	cleanup_close(&helper.pid_fd);
	cleanup_close(&helper.reader);
	if (helper.answer.data)
		explicit_bzero(helper.answer.data, helper.answer.len);
	buf_done(&helper.answer);
	return result;
}

int helper_ask(const char *name, const char *host, int limit_ms,
	       struct credentials *out_credentials, struct err *err)
{
	AUTO_FREE char *program = xasprintf("docker-credential-%s", name);
	AUTO_CREDENTIALS struct credentials found = {0};
	AUTO_FREE char *path = NULL;
	bool is_hub = str_eq(host, DOCKER_HOST);
	int result;

	if (!is_name(name))
		return err_set(err, "the name of a credential helper is not made of letters, "
				    "digits, '_', '.' and '-'");
	path = proc_find_program(program);
	if (!path)
		return err_code(err, ENOENT, "credential helper '%s'", program);

	/* Docker keeps its own registry under an address, others under its name. */
	result = ask(path, is_hub ? DOCKER_ADDRESS : host, limit_ms, &found, err);
	if (result == 0 && is_hub && !found.user && !found.identity_token)
		result = ask(path, host, limit_ms, &found, err);
	if (result < 0)
		return err_wrap(err, "credential helper '%s'", path);
	if (found.user || found.identity_token)
		found.origin = STEAL(path);
	*out_credentials = found;
	found = (struct credentials){0};
	return 0;
}
