#ifndef API_API_H
#define API_API_H

#include "api/build_event.h"
#include "api/progress.h"
#include "config/config.h"
#include "config/spec.h"
#include "host/host.h"
#include "store/dirs.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct devbox_options - what every verb is given; borrowed texts
 * @start_dir:	-C, NULL: the current folder
 * @files:	-f in order
 * @project:	-p or DEVBOX_PROJECT, NULL: from the profile or the folder
 */
struct devbox_options {
	const char *start_dir;
	struct strv files;
	const char *project;
	bool yes; /* -y: what would be asked is answered with yes */
	/** shows @question, reads the answer; NULL: there is nobody to ask */
	bool (*ask)(void *arg, const char *question);
	void *ask_arg;
};

/** struct devbox - one invocation: who, where, with what environment. Made by devbox_open(). */
struct devbox {
	struct devbox_options options;
	char *start_dir; /* absolute */
	struct strv env; /* the caller's */
	struct host_user user;
	struct dirs dirs;
	struct progress progress; /* nobody until the caller says who */
	struct build_watch build_watch;
};
int devbox_open(const struct devbox_options *options, struct devbox **out_devbox,
		struct err *err);
void devbox_close(struct devbox *devbox);

/**
 * devbox_load() - the profile of the current project, merged and checked, and the project it
 * belongs to
 * @require:	fail without a profile; else defaults rule and the folder is the project
 * @create:	claim the project's id when it is new
 */
int devbox_load(struct devbox *devbox, bool require, bool create, struct config **out_config,
		struct spec *out_spec, struct project *out_project, struct err *err);
/** devbox_project() - only the project, for verbs that need no valid profile (ps, stop, down,
 * logs …). */
int devbox_project(struct devbox *devbox, struct project *out_project, struct err *err);

/** devbox_find_box() - a box by the name a user types: NULL or PROJECT (the dev box), SERVICE,
 * PROJECT/SERVICE. *out_project is opened, *out_box malloc'd. */
int devbox_find_box(struct devbox *devbox, const char *name, struct project *out_project,
		    char **out_box, struct err *err);

/*
 * Verbs. Results that are for people while they work (one line a box and the like) go through
 * log_note(), which cli prints on stderr unless -q. What a verb answers is in its outputs.
 */

/**
 * struct up_options
 * @boxes:	only these, and the services they depend on; NULL or empty: the dev box and all
 *		services that are in no profile or in one of @profiles
 */
struct up_options {
	const struct strv *boxes;
	const struct strv *profiles;
	bool dry_run;             /* only *out_plan */
	bool allow_degraded;      /* limits that cannot be enforced are said, not fatal */
	bool pull;                /* as pull_policy: always */
	bool rebuild;             /* run packages and build.steps again */
	uint64_t wait_timeout_us; /* 0: 60 s */
};
/** devbox_up() - start the project's boxes, or apply what differs. *out_plan (may be NULL) gets
 * the text of the plan with dry_run. */
int devbox_up(struct devbox *devbox, const struct up_options *options, char **out_plan,
	      struct err *err);

struct down_options {
	bool volumes; /* also the isolated home and named volumes */
};
int devbox_down(struct devbox *devbox, const struct down_options *options, struct err *err);

/* @boxes: names as typed; empty: every box of the project */
int devbox_start(struct devbox *devbox, const struct strv *boxes, struct err *err);
int devbox_stop(struct devbox *devbox, const struct strv *boxes, int64_t timeout_us,
		struct err *err); /* -1: the profile's grace */
int devbox_restart(struct devbox *devbox, const struct strv *boxes, int64_t timeout_us,
		   struct err *err);
int devbox_kill(struct devbox *devbox, const struct strv *boxes, int signal, struct err *err);
int devbox_pause(struct devbox *devbox, const struct strv *boxes, bool paused, struct err *err);

enum tty_mode { TTY_AUTO, TTY_NEVER };
struct exec_options {
	const char *box;         /* as typed; NULL: the dev box */
	const struct strv *argv; /* empty: a login shell (devbox shell) */
	enum tty_mode tty;
	const char *working_dir; /* NULL: shell: the folder matching the current one, exec: the
				    same when it is inside the workspace, else the box's */
	const struct strv *env;  /* -e NAME=VALUE or NAME */
	const char *user;        /* -u */
	bool start;              /* bring the box up when it is down (devbox shell) */
};
/** devbox_exec() - join a box; *out_status is the shell's convention; with -1 it is 125, 126 or
 * 127 */
int devbox_exec(struct devbox *devbox, const struct exec_options *options, int *out_status,
		struct err *err);

struct run_options {
	const char *image;    /* --image, NULL: the profile's or host */
	const char *network;  /* --network project|host|none, NULL: the profile's */
	const char *platform; /* of @image; NULL: the profile's when the image is */
	bool pull;
	const struct strv *argv; /* empty: what the profile, else the image says */
	enum tty_mode tty;
	const char *working_dir;
	const struct strv *env;
	const char *user;
	bool allow_degraded;
};
/** devbox_run() - a command in a fresh throw-away box; status as devbox_exec() */
int devbox_run(struct devbox *devbox, const struct run_options *options, int *out_status,
	       struct err *err);

/** devbox_plan() - the steps `up` would take, as text, with the profile's lines. Owned by the
 * caller. */
int devbox_plan(struct devbox *devbox, char **out_text, struct err *err);

/** devbox_doctor() - everything host_examine() finds, plus cgroup delegation. */
int devbox_doctor(struct devbox *devbox, struct host_report *out_report, struct err *err);

/**
 * devbox_logs() - output of boxes
 * @since_ms:	0: all; CLOCK_REALTIME milliseconds
 * @until_ms:	0: all; up to then, and nothing is followed
 * @wants:	lines it does not want are neither counted nor shown; NULL: all are wanted
 * @net:	what the network filter let through and refused, instead of what they wrote
 * @tail:	last lines only, SIZE_MAX: all
 * @line:	called for each line; a non-zero return ends it
 * With follow, returns when every box ended or @line said so.
 */
struct logs_options {
	const struct strv *boxes;
	bool follow;
	bool net;
	int64_t since_ms, until_ms;
	size_t tail;
	bool (*wants)(void *arg, const char *text);
	void *wants_arg;
};
typedef int logs_line(void *arg, const char *box, int64_t time_ms, const char *stream,
		      const char *text);
int devbox_logs(struct devbox *devbox, const struct logs_options *options, logs_line *line,
		void *arg, struct err *err);

#endif
