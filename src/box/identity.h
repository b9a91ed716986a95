#ifndef BOX_IDENTITY_H
#define BOX_IDENTITY_H

#include "config/spec.h"
#include "host/host.h"
#include "util/err.h"
#include "util/str.h"

#include <sys/types.h>

/** struct box_identity - who a command is inside the box; owned */
struct box_identity {
	uid_t uid;
	gid_t gid;
	struct strv groups; /* supplementary, decimal */
	char *name;
	char *home;
	char *shell;
};
void box_identity_done(struct box_identity *identity);

/**
 * struct accounts - the account files of a box as its image has them, "" when it has none
 * @lower: folders to look for a shell in, topmost first; empty: the host's own root
 */
struct accounts {
	char *passwd;
	char *group;
	const struct strv *lower;
};
/** accounts_read() - /etc/passwd and /etc/group of the topmost folder that has them: regular,
 * at most 1 MiB, never outside the folder. */
int accounts_read(const struct strv *lower, struct accounts *out_accounts, struct err *err);
void accounts_done(struct accounts *accounts);

/** struct id_maps - which ids exist in a box; borrowed */
struct id_maps {
	const struct host_map *uid;
	const struct host_map *gid;
};

/**
 * box_identity_resolve() - "dev", "root", "name", "name:group", "uid", "uid:gid" to ids
 * @maps: users and groups that do not exist in the box are refused, other groups left out
 * `dev` is the caller under the own id; in a box with a single id, and for the host's root, it
 * is root of the box.
 */
int box_identity_resolve(const char *user, const struct host_user *caller,
			 const struct id_maps *maps, const struct accounts *accounts,
			 struct box_identity *out_identity, struct err *err);

/** box_environment() - the environment of a command: PATH, HOME, … then what @spec passes and
 * sets. @caller_env: "NAME=VALUE". What the image sets is in @out_env already; its PATH stays.
 */
void box_environment(const struct spec *spec, const struct box_identity *identity,
		     const struct strv *caller_env, struct strv *out_env);

#define BOX_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#endif
