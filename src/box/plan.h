#ifndef BOX_PLAN_H
#define BOX_PLAN_H

#include "config/spec.h"
#include "host/host.h"
#include "mnt/step.h"
#include "sec/confine.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>

enum root_kind { ROOT_HOST, ROOT_OVERLAY, ROOT_FUSE };

/** struct host_entry - one name of the host's "/" that the `host` image shows: a link or a
 * folder. */
struct host_entry {
	char *name; /* "usr", "bin", "lib64", "etc" */
	char *link; /* text of the symbolic link; NULL: a folder */
};

/** struct known_node - a file of the host as the parent saw it, so that the child opens the
 * same one. */
struct known_node {
	dev_t dev;
	ino_t ino;
	dev_t rdev;
	bool is_dir;
	bool exists;
};

/**
 * struct box_facts - everything a plan depends on besides the spec; gathered by box/facts.c,
 * owned
 * @lower:		folders of the root, topmost first (ROOT_OVERLAY, ROOT_FUSE)
 * @upper_dir, @work_dir: NULL: on the stage, gone with the box
 * @home_dir:		host folder behind an isolated home; NULL: tmpfs
 * @is_build:		a step of a build: what it writes is all that it leaves, so the home is
 * the image's, nobody gets an account, and the workspace is an empty folder for inputs
 * (volumes) below it, unless it is read-only
 * @nodes:		known_node of: workspace, then home files, then volumes, then devices,
 * in the spec's order
 */
struct box_facts {
	struct host_user user;
	struct host_map uid_map, gid_map;
	bool is_single_id;
	bool is_root_caller;
	bool is_build;
	enum root_kind root_kind;
	char *image; /* for people */
	struct strv lower;
	char *upper_dir, *work_dir;
	char *home_dir;
	char *home_in_box;
	char *git_common; /* repository of a worktree, at its own path; NULL: none */
	struct host_entry *entries;
	size_t entry_count;
	struct known_node *nodes;
	size_t node_count;
	struct strv volume_dirs; /* host folder of each VOLUME_NAMED and VOLUME_CACHE; "" for
				    others */
	struct strv masks; /* absolute paths below /proc and /sys that exist on this machine */
	char *hostname;
	char *resolv_conf;
	char *hosts;
	char *hosts_file; /* shown as /etc/hosts instead, where others change it; NULL: none */
	char *passwd, *group; /* ROOT_HOST: whole files; else NULL */
	char *passwd_line, *group_line;
	bool has_cgroup2;
	bool has_dev[8]; /* which of plan_device_names exist */
	bool nested; /* an unmasked proc is kept so that namespaces inside can mount their own
		      */
	char *fuse_program;
	bool has_foreign_ids; /* ROOT_FUSE: files of ids outside the map */
};
void box_facts_done(struct box_facts *facts);

/** plan_device_names - the device nodes every box has. */
extern const char *const plan_device_names[8];

/** struct plan - the list of steps and the storage behind its texts. */
struct plan {
	struct step *steps;
	size_t count;
	size_t slot_count;
	struct strv texts;
	uint64_t clone_flags; /* CLONE_NEW* */
};

/** plan_namespaces() - CLONE_NEW* of the namespaces that the box of @spec gets. */
uint64_t plan_namespaces(const struct spec *spec);

/**
 * plan_build() - the steps that start the box @spec asks for; pure: the same input gives the
 * same plan, nothing is looked up
 */
int plan_build(const struct spec *spec, const struct box_facts *facts, uid_t uid, gid_t gid,
	       struct plan *out_plan, struct err *err);
void plan_done(struct plan *plan);

/** plan_step_words() - one step for people, "bind /home/dev/x on /work (read-only)", into @out.
 */
void plan_step_words(const struct step *step, struct buf *out);
/** plan_print() - all steps, one a line, each with "  # file:line" when a line asked for it and
 * @with_origin. */
void plan_print(const struct plan *plan, bool with_origin, struct buf *out);

#endif
