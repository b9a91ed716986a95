#ifndef TESTS_FETCH_FIXTURE_H
#define TESTS_FETCH_FIXTURE_H

#include "fetch/fetch.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"
#include "util/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* tests/rig/fault-registry over one image, and a client for it. */

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
/* A layer that no pipe holds, and whose bytes tell where they are from. */
#define LAYER_BYTES (3U * 1024 * 1024 + 77)

struct rig {
	char *top;
	char *log;
	pid_t pid;
	int stdin_fd;
	char *port;
	char *other;
	char *layer;
	struct descriptor blob;
	struct descriptor config;
	char *manifest;
	char *manifest_digest;
	struct strv env;
	struct strv notes;
	bool is_insecure;
	struct fetch *fetch;
};

static inline void rig_note(void *arg, const char *text)
{
	strv_add(&((struct rig *)arg)->notes, text);
}

static inline char *rig_blob(const struct rig *rig, const char *text, size_t len)
{
	char hex[SHA256_HEX_MAX];
	AUTO_FREE char *folder = path_join(rig->top, "blobs/sha256");
	AUTO_FREE char *path = NULL;
	struct err err;

	sha256_text(text, len, hex);
	path = path_join(folder, hex);
	assert_int_equal(path_mkdirs(folder, 0755), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, path, text, len, 0644, &err), 0);
	return xasprintf("sha256:%s", hex);
}

static inline void rig_image(struct rig *rig)
{
	static const char config[] = "{\"os\":\"linux\"}";
	AUTO_FREE char *path = path_join(rig->top, "index.json");
	AUTO_FREE char *index = NULL;
	struct err err;

	rig->layer = xmalloc(LAYER_BYTES);
	for (uint32_t i = 0; i + 4 <= LAYER_BYTES; i += 4)
		memcpy(rig->layer + i, &i, sizeof(i));
	rig->blob.size = LAYER_BYTES;
	rig->blob.digest = rig_blob(rig, rig->layer, LAYER_BYTES);
	rig->config.size = strlen(config);
	rig->config.digest = rig_blob(rig, config, strlen(config));
	rig->manifest =
		xasprintf("{\"schemaVersion\":2,\"layers\":[\"%s\"]}", rig->blob.digest);
	rig->manifest_digest = rig_blob(rig, rig->manifest, strlen(rig->manifest));
	index = xasprintf("{\"manifests\":[{\"mediaType\":\"" MANIFEST_TYPE
			  "\",\"digest\":\"%s\",\"annotations\":"
			  "{\"org.opencontainers.image.ref.name\":\"latest\"}}]}",
			  rig->manifest_digest);
	assert_int_equal(fd_write_file(AT_FDCWD, path, index, strlen(index), 0644, &err), 0);
}

/* The program lies in the tree, the tests run at its top. */
static inline void rig_start(struct rig *rig, const char *cert, const char *key)
{
	AUTO_FREE char *python = proc_find_program("python3");
	char program[PATH_MAX];
	const char *argv[] = {python,   program,  "--log",
			      rig->log, rig->top, cert ? "--tls" : NULL,
			      cert,     key,      NULL};
	int in[2], out[2];
	int stdio[3];
	char line[64] = "";
	char *space;
	struct err err;

	assert_non_null(python);
	assert_non_null(realpath("tests/rig/fault-registry", program));
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	stdio[0] = in[0];
	stdio[1] = out[1];
	stdio[2] = STDERR_FILENO;
	assert_int_equal(proc_spawn(argv, stdio, NULL, 0, &rig->pid, &err), 0);
	(void)close(in[0]);
	(void)close(out[1]);
	rig->stdin_fd = in[1];
	for (size_t at = 0; at + 1 < sizeof(line) && !strchr(line, '\n'); at++)
		assert_int_equal(read(out[0], line + at, 1), 1);
	(void)close(out[0]);
	space = strchr(line, ' ');
	assert_non_null(space);
	rig->port = xstrndup(line, (size_t)(space - line));
	rig->other = xstrndup(space + 1, strcspn(space + 1, "\n"));
}

static inline void rig_write(const struct rig *rig, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(rig->top, name);
	AUTO_FREE char *folder = xstrdup(path);
	struct err err;

	*strrchr(folder, '/') = '\0';
	assert_int_equal(path_mkdirs(folder, 0755), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, path, text, strlen(text), 0600, &err), 0);
}

/* A certificate of its own for the server. */
static inline void rig_certify(const char *name, const char *cert, const char *key)
{
	AUTO_FREE char *openssl = proc_find_program("openssl");
	AUTO_FREE char *extension = xasprintf("subjectAltName=%s", name);
	const char *argv[] = {openssl,   "req", "-x509", "-newkey",   "rsa:2048", "-nodes",
			      "-days",   "30",  "-subj", "/CN=tests", "-addext",  extension,
			      "-keyout", key,   "-out",  cert,        NULL};
	int status = -1;
	struct err err;

	assert_non_null(openssl);
	assert_int_equal(proc_run(argv, 0, NULL, &status, &err), 0);
	assert_int_equal(status, 0);
}

/* @name: of its certificate; NULL: plain HTTP */
static inline int rig_make_tls(void **state, const char *name)
{
	const char *base = getenv("TMPDIR");
	struct rig *rig = xmalloc(sizeof(*rig));
	AUTO_FREE char *cert = NULL;
	AUTO_FREE char *key = NULL;

	(void)signal(SIGPIPE, SIG_IGN);
	rig->top = xasprintf("%s/devbox-fetch-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(rig->top));
	cert = path_join(rig->top, "tls.crt");
	key = path_join(rig->top, "tls.key");
	rig->log = path_join(rig->top, "log");
	rig_image(rig);
	if (name)
		rig_certify(name, cert, key);
	rig_start(rig, name ? cert : NULL, key);
	strv_addf(&rig->env, "XDG_RUNTIME_DIR=%s", rig->top);
	strv_addf(&rig->env, "CONTAINERS_REGISTRIES_CONF=%s/registries.conf", rig->top);
	rig_write(rig, "registries.conf", "");
	*state = rig;
	return 0;
}

static inline int rig_make(void **state)
{
	return rig_make_tls(state, NULL);
}

static inline int rig_remove(void **state)
{
	struct rig *rig = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", rig->top);

	fetch_close(rig->fetch);
	(void)close(rig->stdin_fd);
	assert_int_equal(proc_wait(rig->pid), 0);
	assert_int_equal(system(command), 0);
	free(rig->top);
	free(rig->log);
	free(rig->port);
	free(rig->other);
	free(rig->layer);
	free(rig->blob.digest);
	free(rig->config.digest);
	free(rig->manifest);
	free(rig->manifest_digest);
	strv_done(&rig->env);
	strv_done(&rig->notes);
	free(rig);
	return 0;
}

/* A new client, with what it remembers gone. Silence of @stall_ms is too much for it. */
static inline struct fetch *rig_fetch(struct rig *rig, int64_t stall_ms)
{
	const struct fetch_options options = {
		.env = &rig->env,
		.home = rig->top,
		.insecure = rig->is_insecure,
		.note = rig_note,
		.arg = rig,
		.stall_ms = stall_ms,
		.backoff_ms = 1,
	};
	struct err err = {0};

	fetch_close(rig->fetch);
	rig->fetch = NULL;
	if (fetch_open(&options, &rig->fetch, &err) < 0)
		fail_msg("%s", err.message);
	return rig->fetch;
}

/* What the user typed, of this host. */
static inline struct reference rig_reference_at(const char *host, const char *repository)
{
	return (struct reference){
		.source = IMAGE_REGISTRY,
		.text = xasprintf("%s/%s:latest", host, repository),
		.host = xstrdup(host),
		.repository = xstrdup(repository),
		.tag = xstrdup("latest"),
	};
}

/* `x-fault/app` of the server. */
static inline struct reference rig_reference(const struct rig *rig, const char *repository)
{
	AUTO_FREE char *host = xasprintf("127.0.0.1:%s", rig->port);

	return rig_reference_at(host, repository);
}

/* Log in as user:word at the server, by an auth file. */
static inline void rig_login(struct rig *rig, const char *entry)
{
	AUTO_FREE char *text =
		xasprintf("{\"auths\":{\"127.0.0.1:%s\":{%s}}}", rig->port, entry);

	rig_write(rig, "auth.json", text);
	strv_addf(&rig->env, "REGISTRY_AUTH_FILE=%s/auth.json", rig->top);
}
#define LOGIN_GOOD "\"auth\":\"dXNlcjp3b3Jk\""      /* user:word */
#define LOGIN_WRONG "\"auth\":\"dXNlcjpvdGhlcg==\"" /* user:other */
#define LOGIN_TOKEN "\"identitytoken\":\"identity+token\""

/* --- the log: what the server was asked */

struct asked {
	json_t *all;
};

static inline void asked_done(struct asked *asked)
{
	json_decref(asked->all);
}
#define AUTO_ASKED __attribute__((cleanup(asked_done)))

static inline struct asked rig_asked(const struct rig *rig)
{
	struct asked asked = {.all = json_array()};
	AUTO_FREE char *text = NULL;
	char *rest, *line;
	struct err err;

	if (fd_read_file(AT_FDCWD, rig->log, 1U << 24, &text, &err) < 0)
		return asked;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			(void)json_array_append_new(asked.all, json_loads(line, 0, NULL));
	return asked;
}

static inline const char *asked_text(const struct asked *asked, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(asked->all, i), key));
}

static inline const char *asked_header(const struct asked *asked, size_t i, const char *key)
{
	const json_t *headers = json_object_get(json_array_get(asked->all, i), "headers");

	return json_string_value(json_object_get(headers, key));
}

static inline int asked_status(const struct asked *asked, size_t i)
{
	return (int)json_integer_value(
		json_object_get(json_array_get(asked->all, i), "status"));
}

/* How many questions had @word in their path. */
static inline size_t asked_count(const struct asked *asked, const char *word)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(asked->all); i++)
		if (strstr(asked_text(asked, i, "path"), word))
			count++;
	return count;
}

/* No question to @server ("other") carried a login. */
static inline void assert_no_login_at(const struct asked *asked, const char *server)
{
	for (size_t i = 0; i < json_array_size(asked->all); i++)
		if (strcmp(asked_text(asked, i, "server"), server) == 0)
			assert_null(asked_header(asked, i, "Authorization"));
}

static inline bool rig_has_note(const struct rig *rig, const char *words)
{
	for (size_t i = 0; i < rig->notes.count; i++)
		if (strstr(rig->notes.items[i], words))
			return true;
	return false;
}

/* --- a blob through a pipe */

struct blob_run {
	struct transfer *transfer;
	int fd;
	struct buf got;
	struct err err;
};

static inline void blob_start(struct rig *rig, const char *repository, struct blob_run *run)
{
	AUTO_REFERENCE struct reference reference = rig_reference(rig, repository);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	run->fd = ends[0];
	if (fetch_begin(rig->fetch, &reference, &rig->blob, ends[1], &run->transfer,
			&run->err) < 0)
		fail_msg("%s", run->err.message);
}

/* Return: false at the end of the blob. */
static inline bool blob_read(struct blob_run *run)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(run->fd, chunk, sizeof(chunk))) > 0)
		buf_add(&run->got, chunk, (size_t)n);
	return n < 0;
}

/* Until the pipe's end; what became of the transfer. */
static inline enum transfer_state blob_finish(struct rig *rig, struct blob_run *run)
{
	while (blob_read(run)) {
		struct pollfd fd = {.fd = run->fd, .events = POLLIN};
		struct err err = {0};

		if (fetch_wait(rig->fetch, &fd, 1, 10000, &err) < 0)
			fail_msg("%s", err.message);
	}
	return transfer_state(run->transfer, &run->err);
}

static inline void blob_done(struct blob_run *run)
{
	transfer_end(run->transfer);
	(void)close(run->fd);
	buf_done(&run->got);
}
#define AUTO_BLOB __attribute__((cleanup(blob_done)))

static inline void assert_whole(const struct rig *rig, const struct blob_run *run)
{
	assert_int_equal(run->got.len, LAYER_BYTES);
	assert_memory_equal(run->got.data, rig->layer, LAYER_BYTES);
}

#endif
