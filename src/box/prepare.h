#ifndef BOX_PREPARE_H
#define BOX_PREPARE_H

#include "box/facts.h"
#include "box/start.h"
#include "cgroup/cgroup.h"
#include "net/filter.h"
#include "state/record.h"

/**
 * struct shared_network - that of another box; borrowed
 * @since:	when that box was started: with a new one, who shares its network is a new one,
 * too
 */
struct shared_network {
	const char *box;
	const struct hub_member *member;
	uint64_t since;
};

/**
 * struct prepare_request - a box to get ready; borrowed
 * @is_throw_away:	`run`: no layer, home or record of its own
 * @argv:		instead of entrypoint and command; NULL: those
 * @working_dir, @user, @env: as given on the command line; NULL: the profile's
 * @cwd:		the caller's current folder, to find the matching one; NULL: do not
 * @wants_tty:		the command gets a terminal
 * @allow_degraded:	limits that cannot be enforced become notes
 * @lower:		folders of the root, topmost first; NULL: by the spec's image
 * @lower_root:		outside id of root in all of them, as whoever unpacked them noted it;
 * NULL: not known, so the folders are looked at
 * @image_id:		digest of the image behind @lower, NULL: none
 * @image_env:		its environment, below all others; may be NULL
 * @kept_subnet:	"10.0.2.0/24" of the box that runs already; NULL: it does not
 * @member:		its place in the network of a project of several boxes; NULL: it has
 * none
 * @shared:		the network of network_mode 'service:NAME'; else NULL
 * @loopback:		the project's own address on the host's loopback; NULL: none
 * @image_stop_signal:	what it asks for where the profile says nothing; may be NULL
 * @upper_dir, @work_dir: a step of a build (struct box_facts.is_build): folders of the caller's
 * that take what it writes, side by side, the second named `work`, with is_throw_away; NULL: a
 * box
 */
struct prepare_request {
	const struct spec *spec;
	const struct project *project;
	const struct dirs *dirs;
	const struct host_user *user;
	const struct strv *caller_env;
	const char *box;
	bool is_throw_away;
	const struct strv *argv;
	const char *working_dir;
	const char *user_name;
	const struct strv *env;
	const char *cwd;
	bool wants_tty;
	bool allow_degraded;
	bool force_fuse;
	const struct strv *lower;
	const uint32_t *lower_root;
	const char *image_id;
	const struct strv *image_env;
	const char *image_stop_signal;
	const char *kept_subnet;
	const char *loopback;
	const struct hub_member *member;
	const struct shared_network *shared;
	const char *upper_dir;
	const char *work_dir;
};

/** struct prepared - everything a start needs, worked out; owned */
struct prepared {
	struct host_map uid_map, gid_map;
	char *newuidmap, *newgidmap;
	struct strv lower;
	struct accounts accounts;
	struct box_identity identity;
	struct net_layout network;    /* network_mode project */
	struct net_filter net_filter; /* network_mode filtered */
	struct box_facts facts;
	struct plan plan;
	char *plan_text;
	struct filter filter;
	char *profile;     /* file of the seccomp profile when its refusals are explained; NULL:
			      they are not */
	char *exec_filter; /* cached program for commands that join: without explanations */
	struct strv argv;
	struct strv env;
	char *cwd;
	struct confine confine;
	uint64_t added_caps; /* what cap_add names, for commands of others than root */
	struct cgroup_place place;
	struct cgroup_limits limits;
	bool has_oom_score_adj;
	int oom_score_adj;
	char *affinity;    /* CPU list standing in for cpuset */
	char *scratch_dir; /* removed after a throw-away box */
	struct strv notes;
	int stop_signal;
	uint64_t stop_grace_us;
};

/** box_prepare() - from a profile to everything box_start() needs. Errors name the profile's
 * line. */
int box_prepare(const struct prepare_request *request, struct prepared *out_prepared,
		struct err *err);
void prepared_done(struct prepared *prepared);

/** prepare_maps() - the maps of the user's boxes and the helpers that write them; a single-id
 * map adds a note. */
int prepare_maps(const struct host_user *user, struct prepared *p, struct err *err);

/** prepare_limits() - cgroup limits, affinity, rlimits and oom_score_adj of the spec for what
 * this session allows. A throw-away box without limits has no use for a cgroup: none is looked
 * for. */
int prepare_limits(const struct prepare_request *request, struct prepared *p, struct err *err);

/** prepare_needs_group() - whether @spec asks for a limit, which needs a cgroup. */
bool prepare_needs_group(const struct spec *spec);

/** prepare_cpu_mask() - "0-2,5", a checked list of cpuset(7), as bits. */
void prepare_cpu_mask(const char *list, unsigned char *mask, size_t size);

/** prepare_cwd() - where a command starts: @wanted, else the folder of the box that matches
 * @host_cwd in the workspace, else @fallback. free() it. */
char *prepare_cwd(const char *wanted, const char *host_cwd, const char *workspace_source,
		  const char *workspace_target, const char *fallback);

/** prepare_record() - the run record of a box about to start. */
void prepare_record(const struct prepare_request *request, const struct prepared *p,
		    struct record *out_record);

#endif
