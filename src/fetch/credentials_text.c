#include "fetch/credentials_parts.h"

#include "util/cleanup.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#define DOCKER_HOST "docker.io"

static void drop_json(json_t **value)
{
	json_decref(*value);
}
#define AUTO_DECREF __attribute__((cleanup(drop_json)))

void login_text_done(struct login_text *login)
{
	credentials_done(&login->found);
	free(login->helper);
	free(login->store);
	*login = (struct login_text){0};
}

/* Return: 0 to 63, -1 for what is no digit. */
static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Into @out, which has room for as much as @text. Return: bytes, or -1. */
static ssize_t base64_decode(const char *text, unsigned char *out)
{
	size_t digits = 0, n = 0, len = strlen(text);
	uint32_t bits = 0;

	while (digits < len && base64_digit(text[digits]) >= 0) {
		bits = bits << 6 | (uint32_t)base64_digit(text[digits]);
		if (++digits % 4 != 1)
			out[n++] = (unsigned char)(bits >> (6 - 2 * ((digits - 1) % 4)));
	}
	/* One digit alone says nothing; '=' only fills up to four. */
	if (digits % 4 == 1 || len - digits != (4 - digits % 4) % 4 ||
	    strspn(text + digits, "=") != len - digits)
		return -1;
	return (ssize_t)n;
}

int login_decode(const char *base64, char **out_user, char **out_password)
{
	size_t size = strlen(base64) + 1;
	AUTO_FREE char *plain = xmalloc(size);
	ssize_t len = base64_decode(base64, (unsigned char *)plain);
	char *colon;
	int result = -1;

	/* Some writers of old put NULs at the end of the password. */
	colon = len < 0 ? NULL : memchr(plain, ':', (size_t)len);
	if (colon && memchr(plain, '\0', (size_t)(colon - plain)) == NULL) {
		plain[len] = '\0';
		*out_user = xstrndup(plain, (size_t)(colon - plain));
		*out_password = xstrdup(colon + 1);
		result = 0;
	}
	explicit_bzero(plain, size);
	return result;
}

static bool is_docker_hub(const char *host)
{
	return strcasecmp(host, DOCKER_HOST) == 0 ||
	       strcasecmp(host, "index." DOCKER_HOST) == 0 ||
	       strcasecmp(host, "registry-1." DOCKER_HOST) == 0;
}

/* HOST[/PATH] of a key: "https://index.docker.io/v1/" is docker.io. free() it. */
static char *plain_key(const char *key)
{
	const char *scheme = strstr(key, "://");
	const char *name = scheme ? scheme + 3 : key;
	size_t host_len = strcspn(name, "/");
	AUTO_FREE char *host = xstrndup(name, host_len);
	const char *path = name + host_len;

	/* What follows the host of an address is no folder but the version of the protocol. */
	if (scheme || str_eq(path, "/") || str_eq(path, "/v1/") || str_eq(path, "/v2/"))
		path = "";
	return xasprintf("%s%s", is_docker_hub(host) ? DOCKER_HOST : host, path);
}

/* Hosts have no case, folders do. */
static bool is_key(const char *key, const char *name)
{
	AUTO_FREE char *plain = plain_key(key);
	size_t host_len = strcspn(name, "/");

	return strncasecmp(plain, name, host_len) == 0 &&
	       str_eq(plain + host_len, name + host_len);
}

static json_t *find_key(json_t *object, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (is_key(key, name))
			return value;
	}
	return NULL;
}

/* The most specific entry of host/a/b, host/a, host. */
static json_t *find_entry(json_t *auths, const char *host, const char *repository)
{
	AUTO_FREE char *name = xasprintf("%s/%s", host, repository);

	for (;;) {
		json_t *entry = find_key(auths, name);
		char *slash = strrchr(name, '/');

		if (entry || !slash)
			return entry;
		*slash = '\0';
	}
}

/* Return: the member when it is text that says something. */
static const char *word(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : NULL;
}

static int read_entry(json_t *entry, const char *host, struct credentials *out, struct err *err)
{
	const char *auth = word(entry, "auth");
	const char *user = word(entry, "username");
	const char *password = word(entry, "password");

	if (!json_is_object(entry))
		return err_set(err, "the entry of '%s' must be an object", host);
	out->identity_token = xstrdup(word(entry, "identitytoken"));
	if (auth) {
		if (login_decode(auth, &out->user, &out->password) < 0)
			return err_set(err, "the 'auth' of '%s' is not USER:PASSWORD in base64",
				       host);
	} else if (user && password) {
		out->user = xstrdup(user);
		out->password = xstrdup(password);
	}
	return 0;
}

static int get_object(json_t *root, const char *key, json_t **out, struct err *err)
{
	json_t *member = json_object_get(root, key);

	if (member && !json_is_null(member) && !json_is_object(member))
		return err_set(err, "'%s' must be an object", key);
	*out = json_is_object(member) ? member : NULL;
	return 0;
}

static int read_root(json_t *root, bool is_legacy, const char *host, const char *repository,
		     struct login_text *out, struct err *err)
{
	json_t *auths = root, *helpers = NULL, *entry;

	if (!is_legacy && (get_object(root, "auths", &auths, err) < 0 ||
			   get_object(root, "credHelpers", &helpers, err) < 0))
		return -1;
	if (!is_legacy) {
		out->helper = xstrdup(json_string_value(find_key(helpers, host)));
		out->store = xstrdup(word(root, "credsStore"));
	}
	entry = find_entry(auths, host, repository);
	out->is_known = entry;
	return entry ? read_entry(entry, host, &out->found, err) : 0;
}

int login_text_read(const char *text, bool is_legacy, const char *host, const char *repository,
		    struct login_text *out_login, struct err *err)
{
	AUTO_LOGIN_TEXT struct login_text login = {0};
	AUTO_DECREF json_t *root = NULL;
	json_error_t why;
	char *near;

	if (text[strspn(text, " \t\r\n")] == '\0') {
		*out_login = (struct login_text){0};
		return 0;
	}
	root = json_loads(text, 0, &why);
	if (!root) {
		/* The rest quotes the file, which holds secrets. */
		near = strstr(why.text, " near '");
		if (near)
			*near = '\0';
		(void)err_set(err, "not valid JSON: %s", why.text);
		return err_at(err, NULL, why.line, why.column);
	}
	if (!json_is_object(root))
		return err_set(err, "not a JSON object");
	if (read_root(root, is_legacy, host, repository, &login, err) < 0)
		return -1;
	*out_login = login;
	login = (struct login_text){0};
	return 0;
}
