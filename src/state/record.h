#ifndef STATE_RECORD_H
#define STATE_RECORD_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** DEV_BOX - short name of a project's dev box; a service may not be called so. */
#define DEV_BOX "dev"

enum phase { PHASE_STARTING, PHASE_RUNNING, PHASE_PAUSED, PHASE_EXITED };

/**
 * struct record - the run record of a box: everything later commands need to know without
 * reading the profile again
 *
 * One file `<runtime>/<project>/<box>.box`, lines `key=value` with \n, \\ escaped, repeated
 * keys for lists; written by temp + rename, without fsync. Liveness is never believed from the
 * file: init_pid with init_start is checked (record_refresh()).
 *
 * @exec_*: what a process that joins the box becomes; see sec/confine.h
 */
struct record {
	char *project;
	char *box; /* DEV_BOX or the service's name */
	char *image;
	char *root_kind; /* "host", "overlay", "fuse-overlayfs" */
	char *profile_file;
	char *folder;
	enum phase phase;
	pid_t init_pid;
	uint64_t init_start;
	pid_t supervisor_pid;
	uint64_t supervisor_start;
	int64_t created_ms; /* CLOCK_REALTIME, milliseconds */
	int64_t started_ms;
	int64_t finished_ms; /* 0: still runs */
	bool has_exit;
	int exit_code;    /* shell convention, 128+N for signals */
	char *reason;     /* why it ended or what ails it, for people; NULL */
	char *cgroup;     /* absolute folder, NULL when the box has none */
	char *network;    /* "none", "host", "project" */
	char *net_subnet; /* "10.0.2.0/24"; this and what follows NULL or 0 without an own
			     network */
	char *net_gateway;
	char *net_dns;
	char *net_address;
	char *net_backend; /* "slirp4netns" */
	int net_mtu;
	bool net_ipv6;
	bool net_host; /* the host's loopback is reached */
	pid_t net_pid; /* of the backend */
	uint64_t net_start;
	char *net_lost;   /* why it has no network any more, for people; NULL: it has */
	char *health;     /* "starting", "healthy", "unhealthy"; NULL: no healthcheck */
	char *health_why; /* what the last probe said, when it failed; NULL: it did not */
	uint64_t health_failures; /* in a row */
	struct strv command;      /* argv of the main command, empty: none */
	struct strv notes;        /* what is degraded and why, for people */
	uint64_t oom_kills;       /* processes that were killed for memory, as far as noted */
	char *oom_words;          /* the last time: "oom-killed at 512M (cc1plus 410M)"; NULL */
	struct strv limits_at;    /* "mem_limit devbox.yaml:7": where limits are set */
	/* joining */
	char *hostname;
	char *workspace_source;
	char *workspace_target;
	char *exec_user; /* name */
	uid_t exec_uid;
	gid_t exec_gid;
	struct strv exec_groups; /* decimal */
	char *exec_home;
	char *exec_shell;
	char *exec_cwd;
	struct strv exec_env;
	uint64_t exec_bounding;
	uint64_t exec_ambient;
	bool exec_no_new_privs;
	bool exec_can_setgroups;
	char *exec_filter; /* cached program (sec/filter.h), NULL: unconfined */
	bool exec_filter_notify;
	char *exec_profile;       /* path of the seccomp profile, NULL: default */
	struct strv exec_rlimits; /* "RESOURCE SOFT HARD" decimal */
	char *exec_affinity;      /* CPU list when affinity stands in for cpuset, else NULL */
	bool has_userns;
	char *plan; /* text of the plan it was started with */
	char *stop_signal;
	uint64_t stop_grace_us;
};

/** RECORD_MAX - a plan and an environment are the long parts. */
#define RECORD_MAX ((size_t)4 << 20)
/** record_save() - write it into the project's runtime folder. */
int record_save(const char *runtime_dir, const struct record *record, struct err *err);
/** record_load() - read it; ENOENT in err->code when the box has none. */
int record_load(const char *runtime_dir, const char *box, struct record *out_record,
		struct err *err);
/** record_parse() - the text of a record file (fuzzed); unknown keys are skipped. */
int record_parse(const char *text, struct record *out_record, struct err *err);
/** record_format() - the text that record_parse() reads; absent strings and empty lists take no
 * line. free() it. */
char *record_format(const struct record *record);
void record_done(struct record *record);
/** record_list() - box names with a record in @runtime_dir, sorted; a missing folder is an
 * empty list. */
int record_list(const char *runtime_dir, struct strv *out_boxes, struct err *err);
/**
 * record_refresh() - correct @record by what really runs: a running box whose init is gone
 * becomes PHASE_EXITED with the reason "supervisor was killed" (when that is gone too) and
 * has_exit false; a frozen cgroup is PHASE_PAUSED.
 */
void record_refresh(struct record *record);
/**
 * record_load_settled() - record_load() and record_refresh()
 * Between the end of a box and its supervisor's word about it there is a moment; this waits for
 * that word, at most a second, so that nobody sees a box that ended without a status.
 */
int record_load_settled(const char *runtime_dir, const char *box, struct record *out_record,
			struct err *err);
/** record_is_running() - PHASE_RUNNING or PHASE_PAUSED or PHASE_STARTING. */
bool record_is_running(const struct record *record);
const char *phase_name(enum phase phase); /* "starting", "up", "paused", "exited" */

#endif
