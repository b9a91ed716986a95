#include "fetch/certs.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX (8U * 1024 * 1024)

void certs_done(struct certs *certs)
{
	free(certs->authorities);
	free(certs->client);
	free(certs->key);
	*certs = (struct certs){0};
}

static int add_file(struct buf *pem, const char *path, struct err *err)
{
	AUTO_FREE char *text = NULL;

	if (fd_read_file(AT_FDCWD, path, FILE_MAX, &text, err) < 0)
		return -1;
	buf_puts(pem, text);
	buf_putc(pem, '\n');
	return 0;
}

/* Those of the system stay good beside one's own; libcurl knows where they are. */
static void add_system(struct buf *pem)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	struct err ignored;

	if (info->age >= CURLVERSION_SEVENTH && info->cainfo)
		(void)add_file(pem, info->cainfo, &ignored);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int take_client(const char *dir, const char *name, struct certs *certs, struct err *err)
{
	AUTO_FREE char *stem = xstrndup(name, strlen(name) - strlen(".cert"));
	AUTO_FREE char *key_name = xasprintf("%s.key", stem);
	AUTO_FREE char *key = path_join(dir, key_name);

	if (certs->client)
		return 0;
	if (access(key, R_OK) < 0) {
		(void)err_sys(err, "read '%s'", key);
		return err_hint(err, "the certificate '%s/%s' is of no use without its key",
				dir, name);
	}
	certs->client = path_join(dir, name);
	certs->key = STEAL(key);
	return 0;
}

static int read_folder(const char *dir, const struct dirent *const *entries, int count,
		       struct certs *certs, struct err *err)
{
	AUTO_BUF struct buf pem = {0};

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		AUTO_FREE char *path = path_join(dir, name);

		if (str_ends(name, ".crt")) {
			if (!pem.len)
				add_system(&pem);
			if (add_file(&pem, path, err) < 0)
				return -1;
		} else if (str_ends(name, ".cert")) {
			if (take_client(dir, name, certs, err) < 0)
				return -1;
		}
	}
	if (pem.len) {
		certs->authorities_len = pem.len;
		certs->authorities = buf_take(&pem);
	}
	return 0;
}

static int load_folder(const char *dir, struct certs *out_certs, struct err *err)
{
	AUTO_CERTS struct certs certs = {0};
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, NULL, by_name);
	int result;

	if (count < 0)
		return err_sys(err, "read '%s'", dir);
	result = read_folder(dir, (const struct dirent *const *)entries, count, &certs, err);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	if (result < 0)
		return -1;
	*out_certs = certs;
	certs = (struct certs){0};
	return 0;
}

int certs_load(const struct strv *env, const char *home, const char *host,
	       struct certs *out_certs, struct err *err)
{
	const char *config = env_get(env, "XDG_CONFIG_HOME");
	AUTO_FREE char *fallback = path_join(home, ".config");
	const char *const bases[] = {config && *config == '/' ? config : fallback, "/etc",
				     "/etc"};
	static const char *const folders[] = {"containers/certs.d", "containers/certs.d",
					      "docker/certs.d"};

	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		AUTO_FREE char *base = path_join(bases[i], folders[i]);
		AUTO_FREE char *dir = path_join(base, host);

		if (access(dir, F_OK) == 0)
			return load_folder(dir, out_certs, err);
	}
	*out_certs = (struct certs){0};
	return 0;
}
