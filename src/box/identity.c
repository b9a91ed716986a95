#include "box/identity.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#define ACCOUNTS_MAX (1024 * 1024)
#define FIELDS 7

void box_identity_done(struct box_identity *identity)
{
	strv_done(&identity->groups);
	free(identity->name);
	free(identity->home);
	free(identity->shell);
	memset(identity, 0, sizeof(*identity));
}

void accounts_done(struct accounts *accounts)
{
	free(accounts->passwd);
	free(accounts->group);
	memset(accounts, 0, sizeof(*accounts));
}

/* A layer's word that what lower ones have there is gone, as overlayfs writes it. */
static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_gone(int root_fd, const char *path)
{
	AUTO_CLOSE int fd = path_open_in_root(root_fd, path, O_PATH, 0);
	struct stat st;
	bool is = fd >= 0 && fstat(fd, &st) == 0 && is_whiteout(&st);

	errno = ENXIO; /* what the caller came with */
	return is;
}

/* A root may hold anything under this name: only a small regular file inside it is read. */
static int read_plain(int root_fd, const char *path, char **out_text, struct err *err)
{
	AUTO_CLOSE int fd =
		path_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0 && errno == ENXIO && is_gone(root_fd, path)) {
		*out_text = xstrdup("");
		return 0;
	}
	if (fd < 0)
		return err_sys(err, "open '/%s' of the image", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, "examine '/%s' of the image", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'/%s' of the image is not a regular file", path);
	if (st.st_size > ACCOUNTS_MAX)
		return err_set(err, "'/%s' of the image is larger than 1 MiB", path);
	return fd_read_all(fd, ACCOUNTS_MAX, out_text, NULL, err);
}

static int read_in_root(int root_fd, const char *path, char **out_text, struct err *err)
{
	if (read_plain(root_fd, path, out_text, err) == 0)
		return 0;
	return err_hint(err, "a root file system has a plain file '/%s', or none", path);
}

static int read_layered(const struct strv *lower, const char *path, char **out_text,
			struct err *err)
{
	size_t i;

	for (i = 0; i < lower->count; i++) {
		AUTO_CLOSE int root = open(lower->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (root < 0)
			return err_sys(err, "open '%s'", lower->items[i]);
		if (read_in_root(root, path, out_text, err) == 0)
			return 0;
		if (err->code != ENOENT && err->code != EACCES)
			return -1;
	}
	*out_text = xstrdup("");
	return 0;
}

int accounts_read(const struct strv *lower, struct accounts *out_accounts, struct err *err)
{
	struct accounts accounts = {.lower = lower};
	struct strv host = {.items = (char *[]){(char *)"/", NULL}, .count = 1};

	if (lower->count == 0)
		lower = &host;
	if (read_layered(lower, "etc/passwd", &accounts.passwd, err) < 0)
		return -1;
	if (read_layered(lower, "etc/group", &accounts.group, err) < 0) {
		accounts_done(&accounts);
		return -1;
	}
	*out_accounts = accounts;
	return 0;
}

/* One line of an account file, cut at ':' in place. Return: number of fields. */
static size_t split(char *line, char *fields[FIELDS])
{
	size_t n = 0;
	size_t i;

	while (n < FIELDS) {
		fields[n++] = line;
		line = strchr(line, ':');
		if (!line)
			break;
		*line++ = '\0';
	}
	for (i = n; i < FIELDS; i++)
		fields[i] = NULL;
	return n;
}

/* Finds by name (column 0) or id (column 2). @fields point into *out_line, which the caller
 * frees. */
static bool find_line(const char *text, size_t column, const char *value, char **out_line,
		      char *fields[FIELDS])
{
	while (*text) {
		const char *end = strchrnul(text, '\n');
		char *line = xstrndup(text, (size_t)(end - text));

		if (split(line, fields) >= 4 && strcmp(fields[column], value) == 0) {
			*out_line = line;
			return true;
		}
		free(line);
		text = *end ? end + 1 : end;
	}
	return false;
}

static bool has_layered(const struct strv *lower, const char *path)
{
	size_t i;

	for (i = 0; i < lower->count; i++) {
		AUTO_CLOSE int root = open(lower->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		AUTO_CLOSE int fd = root < 0 ? -1 : path_open_in_root(root, path, O_PATH, 0);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0)
			return !is_whiteout(&st);
	}
	return false;
}

static bool has_program(const struct accounts *accounts, const char *path)
{
	AUTO_FREE char *merged = NULL;

	if (!path || path[0] != '/')
		return false;
	if (accounts->lower->count == 0)
		return access(path, X_OK) == 0;
	if (has_layered(accounts->lower, path))
		return true;
	/* A link "bin" to usr/bin may lie in another layer than what was put there later. */
	merged = path_join("/usr", path);
	return str_starts(path, "/bin/") && has_layered(accounts->lower, merged);
}

static char *choose_shell(const struct accounts *accounts, const char *wanted)
{
	const char *const candidates[] = {wanted, "/bin/bash", "/bin/sh"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(candidates); i++) {
		if (has_program(accounts, candidates[i]) &&
		    !str_ends(candidates[i], "/nologin") && !str_ends(candidates[i], "/false"))
			return xstrdup(candidates[i]);
	}
	return xstrdup("/bin/sh");
}

static int parse_id(const char *text, uint32_t *out)
{
	uint64_t id;

	if (str_to_u64(text, &id) < 0 || id >= UINT32_MAX)
		return -1;
	*out = (uint32_t)id;
	return 0;
}

/* The groups that list @name as a member, and mapped ones only. */
static void add_groups(struct box_identity *identity, const struct host_map *gid_map,
		       const struct accounts *accounts)
{
	const char *text = accounts->group;
	size_t name_len = strlen(identity->name);

	while (*text) {
		const char *end = strchrnul(text, '\n');
		AUTO_FREE char *line = xstrndup(text, (size_t)(end - text));
		char *fields[FIELDS];
		uint32_t gid, outside;

		if (split(line, fields) >= 4 && parse_id(fields[2], &gid) == 0 &&
		    gid != identity->gid && host_map_to_outside(gid_map, gid, &outside)) {
			const char *member = fields[3];

			while (*member) {
				size_t len = strcspn(member, ",");

				if (len == name_len &&
				    strncmp(member, identity->name, len) == 0)
					strv_addf(&identity->groups, "%u", gid);
				member += len + (member[len] ? 1 : 0);
			}
		}
		text = *end ? end + 1 : end;
	}
}

static int resolve_dev(const struct host_user *caller, const struct host_map *uid_map,
		       const struct accounts *accounts, struct box_identity *identity)
{
	uint32_t inside;

	if (caller->uid == 0 || !host_map_to_inside(uid_map, caller->uid, &inside) ||
	    inside == 0) {
		identity->uid = 0;
		identity->gid = 0;
		identity->name = xstrdup("root");
		identity->home = xstrdup(caller->uid == 0 ? "/root" : caller->home);
	} else {
		identity->uid = inside;
		identity->gid = caller->gid;
		identity->name = xstrdup(caller->name);
		identity->home = xstrdup(caller->home);
	}
	identity->shell = choose_shell(accounts, caller->shell);
	return 0;
}

static int resolve_group(const char *group, const struct accounts *accounts, gid_t *out_gid,
			 struct err *err)
{
	AUTO_FREE char *line = NULL;
	char *fields[FIELDS];
	uint32_t gid;

	if (parse_id(group, &gid) == 0) {
		*out_gid = gid;
		return 0;
	}
	if (!find_line(accounts->group, 0, group, &line, fields) ||
	    parse_id(fields[2], &gid) < 0) {
		(void)err_set(err, "the image has no group '%s'", group);
		return err_hint(err, "use a number, or a name from the image's /etc/group");
	}
	*out_gid = gid;
	return 0;
}

/* The `host` image shows the accounts of the system only, facts_root.c. */
static bool is_hidden(const struct accounts *accounts, const struct host_user *caller,
		      const char *uid)
{
	uint32_t id;

	return accounts->lower->count == 0 && parse_id(uid, &id) == 0 && id >= 1000 &&
	       id != 65534 && id != caller->uid;
}

static int resolve_other(const char *name, const struct host_user *caller,
			 const struct accounts *accounts, struct box_identity *identity,
			 struct err *err)
{
	AUTO_FREE char *line = NULL;
	char *fields[FIELDS];
	bool is_number = parse_id(name, &identity->uid) == 0;
	AUTO_FREE char *number = is_number ? xasprintf("%u", identity->uid) : NULL;
	bool is_found = find_line(accounts->passwd, is_number ? 2 : 0,
				  is_number ? number : name, &line, fields);
	bool is_root = strcmp(name, "root") == 0 || (is_number && identity->uid == 0);

	if (is_found && is_hidden(accounts, caller, fields[2]))
		is_found = false;
	if (!is_found && !is_number && !is_root) {
		(void)err_set(err, "the image has no user '%s'", name);
		return err_hint(err, "use 'dev' (you), 'root', a number, or a name from the "
				     "image's /etc/passwd");
	}
	if (is_found && (parse_id(fields[2], &identity->uid) < 0 ||
			 parse_id(fields[3], &identity->gid) < 0)) {
		(void)err_set(err, "the image gives user '%s' no valid ids in '/etc/passwd'",
			      name);
		return err_hint(err, "mend its line there, or use a number");
	}
	identity->name = xstrdup(is_found ? fields[0] : is_root ? "root" : name);
	identity->home = xstrdup(is_found && fields[5] && fields[5][0] == '/' ? fields[5]
				 : is_root                                    ? "/root"
									      : "/");
	return 0;
}

static int check_ids(const struct box_identity *identity, const struct id_maps *maps,
		     struct err *err)
{
	uint32_t outside;

	if (!host_map_to_outside(maps->uid, identity->uid, &outside))
		(void)err_set(err, "user id %u does not exist in the box", identity->uid);
	else if (!host_map_to_outside(maps->gid, identity->gid, &outside))
		(void)err_set(err, "group id %u does not exist in the box", identity->gid);
	else
		return 0;
	return err_hint(err, maps->uid->count > 1
				     ? "ids below 65536 do"
				     : "only id 0 does, because you have no subordinate ids; "
				       "'devbox doctor' says how to get them");
}

int box_identity_resolve(const char *user, const struct host_user *caller,
			 const struct id_maps *maps, const struct accounts *accounts,
			 struct box_identity *out_identity, struct err *err)
{
	struct box_identity identity = {0};
	AUTO_FREE char *name = xstrdup(user ? user : "dev");
	char *group = strchr(name, ':');

	if (group)
		*group++ = '\0';
	if (!*name || (group && !*group))
		return err_set(err,
			       "'%s' is not a user: give 'dev', 'root', NAME or UID, with "
			       "':GROUP' if need be",
			       user);
	if (strcmp(name, "dev") == 0) {
		(void)resolve_dev(caller, maps->uid, accounts, &identity);
	} else {
		if (resolve_other(name, caller, accounts, &identity, err) < 0)
			return -1;
		identity.shell = choose_shell(accounts, "/bin/bash");
		add_groups(&identity, maps->gid, accounts);
	}
	if (group && resolve_group(group, accounts, &identity.gid, err) < 0) {
		box_identity_done(&identity);
		return -1;
	}
	if (check_ids(&identity, maps, err) < 0) {
		box_identity_done(&identity);
		return -1;
	}
	*out_identity = identity;
	return 0;
}

static bool is_passed(const struct spec *spec, const char *name)
{
	static const char *const always[] = {"TERM", "COLORTERM", "LANG",    "LANGUAGE",
					     "LC_*", "TZ",        "NO_COLOR"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(always); i++) {
		if (fnmatch(always[i], name, 0) == 0)
			return true;
	}
	for (i = 0; i < spec->env_pass.count; i++) {
		if (fnmatch(spec->env_pass.items[i], name, 0) == 0)
			return true;
	}
	return false;
}

void box_environment(const struct spec *spec, const struct box_identity *identity,
		     const struct strv *caller_env, struct strv *out_env)
{
	AUTO_FREE char *runtime = xasprintf("/run/user/%u", identity->uid);
	size_t i;

	if (!env_get(out_env, "PATH"))
		env_set(out_env, "PATH", BOX_PATH);
	env_set(out_env, "HOME", identity->home);
	env_set(out_env, "USER", identity->name);
	env_set(out_env, "LOGNAME", identity->name);
	env_set(out_env, "SHELL", identity->shell);
	env_set(out_env, "XDG_RUNTIME_DIR", runtime);
	env_set(out_env, "container", "devbox");
	for (i = 0; i < caller_env->count; i++) {
		AUTO_FREE char *name =
			xstrndup(caller_env->items[i], strcspn(caller_env->items[i], "="));

		if (is_passed(spec, name))
			env_set(out_env, name, env_get(caller_env, name));
	}
	for (i = 0; i < spec->environment.count; i++) {
		AUTO_FREE char *name = xstrndup(spec->environment.items[i],
						strcspn(spec->environment.items[i], "="));

		env_set(out_env, name, env_get(&spec->environment, name));
	}
}
