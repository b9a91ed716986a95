#ifndef STORE_DIRS_H
#define STORE_DIRS_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

/**
 * struct dirs - where things lie, by the XDG base directory specification; absolute, owned
 */
struct dirs {
	char *config;      /* $XDG_CONFIG_HOME/devbox */
	char *data;        /* $XDG_DATA_HOME/devbox */
	char *state;       /* $XDG_STATE_HOME/devbox */
	char *cache;       /* $XDG_CACHE_HOME/devbox */
	char *runtime;     /* $XDG_RUNTIME_DIR/devbox; else /run/user/UID/devbox; else
			      /tmp/devbox-UID (0700, owner checked) */
	char *xdg_runtime; /* $XDG_RUNTIME_DIR itself or NULL */
};

/** dirs_get() - work them out from @env ("NAME=VALUE") and @home. Makes nothing. */
int dirs_get(const struct strv *env, const char *home, struct dirs *out_dirs, struct err *err);
void dirs_done(struct dirs *dirs);

/**
 * struct project - names of one project's places
 * @id:		unique among this user's projects: the name, or name-xxxx when another folder
 *		has the name; at most 63 characters
 */
struct project {
	char *id;
	char *folder;      /* the project's folder on the host */
	char *data_dir;    /* <data>/projects/<id> */
	char *runtime_dir; /* <runtime>/<id> */
	char *state_dir;   /* <state>/<id> */
	int lock_fd;       /* -1 until project_lock() */
};

/** project_name_check() - [a-z0-9][a-z0-9_-]*, at most 63. Return: 0 or -1 with a hint that
 * offers a proper name. */
int project_name_check(const char *name, struct err *err);
/** project_name_from() - a proper name out of any folder name. free() it. */
char *project_name_from(const char *folder_name);

/**
 * project_find() - the project of @folder called @name
 * @create:	claim the id (make <data>/projects/<id> with a file `folder`) when it is new
 * @exact:	the name was given with -p: a clash with another folder is an error instead of a
 *		suffix, unless that folder no longer exists: then the id is taken over
 */
int project_find(const struct dirs *dirs, const char *name, const char *folder, bool exact,
		 bool create, struct project *out_project, struct err *err);
void project_done(struct project *project);
/** project_lock() - take the project's kernel lock (flock), waiting at most @timeout_ms; names
 * the holder's pid and verb when it cannot. @verb is recorded for others to read. */
int project_lock(struct project *project, const char *verb, int timeout_ms, struct err *err);
void project_unlock(struct project *project);
/** project_list() - ids, sorted, of all projects with a data folder, or a runtime folder that
 * holds a lock. */
int project_list(const struct dirs *dirs, struct strv *out_ids, struct err *err);

#endif
