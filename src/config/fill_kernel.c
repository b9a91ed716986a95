#include "config/fill.h"

#include "util/cleanup.h"

#include <string.h>
#include <sys/resource.h>

static const char *const limit_names[] = {
	"as",      "core",     "cpu",        "data",   "fsize", "locks",
	"memlock", "msgqueue", "nice",       "nofile", "nproc", "rss",
	"rtprio",  "rttime",   "sigpending", "stack",  NULL,
};
static const int limit_numbers[] = {
	RLIMIT_AS,     RLIMIT_CORE,   RLIMIT_CPU,        RLIMIT_DATA,
	RLIMIT_FSIZE,  RLIMIT_LOCKS,  RLIMIT_MEMLOCK,    RLIMIT_MSGQUEUE,
	RLIMIT_NICE,   RLIMIT_NOFILE, RLIMIT_NPROC,      RLIMIT_RSS,
	RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK,
};

static int read_limit(struct fill *f, const char *what, const struct node *value, uint64_t *out)
{
	static const struct range range = {0, INT64_MAX, true, "a number, or -1 for no limit"};
	struct spec_number number;

	if (value->kind == NODE_SCALAR && strcmp(value->text, "unlimited") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	if (value_integer(f, what, value, &range, &number) < 0)
		return -1;
	*out = number.value < 0 ? UINT64_MAX : (uint64_t)number.value;
	return 0;
}

static int add_ulimit(struct fill *f, size_t which, const struct node *value)
{
	struct spec *spec = f->spec;
	struct spec_ulimit limit = {.resource = limit_numbers[which],
				    .at = value_origin(f, value)};
	AUTO_FREE char *what = xasprintf("ulimits.%s", limit_names[which]);

	if (value->kind == NODE_MAP) {
		const struct node *soft = node_get(value, "soft");
		const struct node *hard = node_get(value, "hard");

		if (!soft || !hard)
			return place_fail(f->err, &value->at,
					  "%s: both 'soft' and 'hard' are needed", what);
		if (read_limit(f, what, soft, &limit.soft) < 0 ||
		    read_limit(f, what, hard, &limit.hard) < 0)
			return -1;
	} else {
		if (read_limit(f, what, value, &limit.soft) < 0)
			return -1;
		limit.hard = limit.soft;
	}
	if (limit.soft > limit.hard)
		return place_fail(f->err, &value->at,
				  "%s: the soft limit is above the hard one", what);
	spec->ulimits = xrealloc(spec->ulimits, (spec->ulimit_count + 1) * sizeof(limit));
	spec->ulimits[spec->ulimit_count++] = limit;
	return 0;
}

int fill_ulimits(struct fill *f, const char *key, const struct node *value)
{
	if (value->kind == NODE_NULL)
		return 0;
	if (value->kind != NODE_MAP)
		return value_refuse(f, key, value,
				    "a map of NAME: NUMBER or NAME: {soft, hard}");

	for (size_t i = 0; i < value->count; i++) {
		const char *name = value->keys[i].name;
		const char *nearest;
		size_t which = 0;

		while (limit_names[which] && strcmp(limit_names[which], name) != 0)
			which++;
		if (!limit_names[which]) {
			(void)place_fail(f->err, &value->keys[i].at,
					 "ulimits: there is no limit '%.100s'", name);
			nearest = str_nearest(name, limit_names);
			return nearest ? err_hint(f->err, "did you mean '%s'?", nearest) : -1;
		}
		if (add_ulimit(f, which, value->items[i]) < 0)
			return -1;
	}
	return 0;
}

/* Those that belong to a namespace of the box; all others are the machine's. */
static bool is_own_sysctl(const char *name)
{
	static const char *const own[] = {
		"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
	};

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(own[i], name) == 0)
			return true;
	return str_starts(name, "net.") || str_starts(name, "fs.mqueue.");
}

static bool is_sysctl_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || strchr("._-/", *c)))
			return false;
	return *name && *name != '.' && !str_ends(name, ".") && !strstr(name, "..");
}

static int set_sysctl(struct fill *f, const struct node *at, const char *name,
		      const char *value)
{
	struct spec *spec = f->spec;
	size_t i = 0;

	if (!is_sysctl_name(name))
		return place_fail(f->err, &at->at,
				  "sysctls: '%.100s' is not the name of a sysctl", name);
	if (!is_own_sysctl(name)) {
		(void)place_fail(f->err, &at->at,
				 "sysctls: '%.100s' belongs to the whole machine", name);
		return err_hint(
			f->err,
			"a box has its own net.*, fs.mqueue.*, kernel.msg*, kernel.sem and "
			"kernel.shm*");
	}
	if (!str_is_printable(value))
		return place_fail(f->err, &at->at,
				  "sysctls: the value of '%s' has a control character", name);

	while (i < spec->sysctl_count && strcmp(spec->sysctls[i].name, name) != 0)
		i++;
	if (i == spec->sysctl_count) {
		spec->sysctls = xrealloc(spec->sysctls, (i + 1) * sizeof(*spec->sysctls));
		spec->sysctls[spec->sysctl_count++] =
			(struct spec_sysctl){.name = xstrdup(name)};
	}
	free(spec->sysctls[i].value);
	spec->sysctls[i].value = xstrdup(value);
	spec->sysctls[i].at = value_origin(f, at);
	return 0;
}

static int add_sysctl(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a map, or a list of NAME=VALUE";
	AUTO_FREE char *name = NULL;
	const char *text;
	size_t len;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	len = strcspn(text, "=");
	if (!text[len] || !text[len + 1])
		return value_refuse(f, what, item, accepted);
	name = xstrndup(text, len);
	return set_sysctl(f, item, name, text + len + 1);
}

int fill_sysctls(struct fill *f, const char *key, const struct node *value)
{
	const char *text;

	if (value->kind != NODE_MAP)
		return value_each(f, key, value, false, add_sysctl);

	for (size_t i = 0; i < value->count; i++) {
		if (value_text(f, value->keys[i].name, value->items[i], "a value", &text) < 0 ||
		    set_sysctl(f, value->items[i], value->keys[i].name, text) < 0)
			return -1;
	}
	return 0;
}

static int add_cap(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a list of capabilities such as 'NET_ADMIN', or 'ALL'";
	struct spec_list *list =
		strcmp(what, "cap_add") == 0 ? &f->spec->cap_add : &f->spec->cap_drop;
	AUTO_FREE char *name = NULL;
	const char *text;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	name = xstrdup(text);
	for (char *c = name; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
		if (!(*c >= 'A' && *c <= 'Z') && *c != '_')
			return value_refuse(f, what, item, accepted);
	}
	list->at = xrealloc(list->at, (list->items.count + 1) * sizeof(*list->at));
	list->at[list->items.count] = value_origin(f, item);
	strv_add(&list->items, str_starts(name, "CAP_") ? name + 4 : name);
	return 0;
}

int fill_caps(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, false, add_cap);
}

static int set_seccomp(struct fill *f, const struct node *item, const char *value)
{
	AUTO_FREE char *path = NULL;

	if (strcmp(value, "unconfined") == 0)
		path = xstrdup(value);
	else if (value_host_path(f, "security_opt: the file of seccomp", item, value, &path) <
		 0)
		return -1;
	value_keep(f, item, STEAL(path), &f->spec->seccomp);
	return 0;
}

/* Return: 1 or 0 when @text is about new privileges, -1 when it is not. */
static int parse_no_new_privileges(const char *text)
{
	static const char word[] = "no-new-privileges";

	if (!str_starts(text, word))
		return -1;
	text += strlen(word);
	if (!*text || strcmp(text, ":true") == 0 || strcmp(text, "=true") == 0)
		return 1;
	return strcmp(text, ":false") == 0 || strcmp(text, "=false") == 0 ? 0 : -1;
}

/* Of two files the later decides; in one file there is no later. */
static int check_twice(struct fill *f, const struct node *item, const char *what,
		       const struct source **last)
{
	if (*last && *last == item->at.source)
		return place_fail(f->err, &item->at, "security_opt: %s is given twice", what);
	*last = item->at.source;
	return 0;
}

int fill_security_opt(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] =
		"a list of 'no-new-privileges[:true|false]', 'seccomp=FILE' or "
		"'seccomp=unconfined'";
	const struct source *seccomp_in = NULL;
	const struct source *privileges_in = NULL;
	const char *text;

	if (value->kind == NODE_SCALAR || value->kind == NODE_MAP)
		return value_refuse(f, key, value, accepted);

	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];
		int no_new_privileges;

		if (value_text(f, key, item, accepted, &text) < 0)
			return -1;
		no_new_privileges = parse_no_new_privileges(text);
		if (no_new_privileges >= 0) {
			if (check_twice(f, item, "no-new-privileges", &privileges_in) < 0)
				return -1;
			f->spec->no_new_privileges = no_new_privileges == 1;
		} else if (str_starts(text, "seccomp=") || str_starts(text, "seccomp:")) {
			if (check_twice(f, item, "seccomp", &seccomp_in) < 0 ||
			    set_seccomp(f, item, text + strlen("seccomp=")) < 0)
				return -1;
		} else {
			return value_refuse(f, key, item, accepted);
		}
	}
	return 0;
}
