#include "fetch/credentials.h"

#include "fetch/credentials_parts.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX (1024U * 1024)
#define HELPER_LIMIT_MS 30000

/** struct question - who asks for what */
struct question {
	const char *host;
	const char *repository;
};

static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
#define AUTO_WIPE __attribute__((cleanup(wipe)))

void credentials_done(struct credentials *credentials)
{
	wipe(&credentials->user);
	wipe(&credentials->password);
	wipe(&credentials->identity_token);
	wipe(&credentials->origin);
}

static bool is_found(const struct credentials *credentials)
{
	return credentials->user || credentials->identity_token;
}

static int ask_helper(const char *name, const struct question *question, const char *file,
		      struct credentials *out, struct err *err)
{
	int code;

	if (helper_ask(name, question->host, HELPER_LIMIT_MS, out, err) == 0)
		return 0;
	code = err->code;
	(void)err_at(err, file, 0, 0);
	if (code == ENOENT)
		return err_hint(err, "install it, or take it out of that file");
	return err_hint(err, "try: echo %s | docker-credential-%s get", question->host, name);
}

/* A helper for all hosts is no reason to fail where the user never logged in. */
static int ask_store(const struct login_text *login, const struct question *question,
		     const char *file, struct credentials *out, struct err *err)
{
	if (ask_helper(login->store, question, file, out, err) == 0)
		return 0;
	if (login->is_known)
		return -1;
	log_debug("%s", err->message);
	return 0;
}

/* Return: 0, with @out filled when the file knows. */
static int look_into(const char *file, const char *text, bool is_legacy,
		     const struct question *question, struct credentials *out, struct err *err)
{
	AUTO_LOGIN_TEXT struct login_text login = {0};

	if (login_text_read(text, is_legacy, question->host, question->repository, &login,
			    err) < 0) {
		(void)err_wrap(err, "credentials");
		return err_at(err, file, err->line, err->column);
	}
	if (login.helper)
		return ask_helper(login.helper, question, file, out, err);
	if (is_found(&login.found)) {
		*out = login.found;
		out->origin = xstrdup(file);
		login.found = (struct credentials){0};
		return 0;
	}
	return login.store ? ask_store(&login, question, file, out, err) : 0;
}

static int look(const char *file, bool must_exist, bool is_legacy,
		const struct question *question, struct credentials *out, struct err *err)
{
	AUTO_WIPE char *text = NULL;

	if (!must_exist && access(file, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd_read_file(AT_FDCWD, file, FILE_MAX, &text, err) < 0)
		return err_wrap(err, "credentials");
	return look_into(file, text, is_legacy, question, out, err);
}

/* $@variable/@name, or @fallback below the home; NULL when there is neither. */
static char *file_in(const struct strv *env, const char *variable, const char *name,
		     const char *home, const char *fallback)
{
	const char *dir = env_get(env, variable);

	if (dir && *dir == '/')
		return path_join(dir, name);
	return home && *home == '/' && fallback ? path_join(home, fallback) : NULL;
}

int credentials_find(const struct strv *env, const char *home, const char *host,
		     const char *repository, struct credentials *out_credentials,
		     struct err *err)
{
	const struct question question = {host, repository};
	const char *chosen = env_get(env, "REGISTRY_AUTH_FILE");
	AUTO_CREDENTIALS struct credentials found = {0};
	char *files[] = {
		file_in(env, "XDG_RUNTIME_DIR", "containers/auth.json", NULL, NULL),
		file_in(env, "XDG_CONFIG_HOME", "containers/auth.json", home,
			".config/containers/auth.json"),
		file_in(env, "DOCKER_CONFIG", "config.json", home, ".docker/config.json"),
		home && *home == '/' ? path_join(home, ".dockercfg") : NULL,
	};
	int result = 0;

	if (chosen && *chosen)
		result = look(chosen, true, false, &question, &found, err);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if ((!chosen || !*chosen) && result == 0 && files[i] && !is_found(&found))
			result = look(files[i], false, i == ARRAY_LEN(files) - 1, &question,
				      &found, err);
		free(files[i]);
	}
	if (result < 0)
		return -1;
	*out_credentials = found;
	found = (struct credentials){0};
	return 0;
}
