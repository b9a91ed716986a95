#ifndef BOX_PLAN_BUILD_H
#define BOX_PLAN_BUILD_H

#include "box/plan.h"

/* How a plan is put together: private to plan*.c. One file for each phase, in the order of the
 * steps: plan_open.c, plan_root.c, plan_user.c. */

/** struct plan_wish - a tree to bind, before all of them are put in order: parents before
 * children */
struct plan_wish {
	char *target;
	int slot;
	bool is_dir;
	bool is_tmpfs;
	bool is_scratch; /* an empty folder of the user's own */
	char *data;      /* tmpfs options */
	bool is_read_only;
	struct step_place at;
};

/**
 * struct plan_builder - a plan in the making
 * @device_slots:	of plan_device_names, -1: the host has none
 * @entry_slot0, @lower_slot0: slot of the first host entry, of the first lower folder
 */
struct plan_builder {
	const struct spec *spec;
	const struct box_facts *facts;
	struct plan plan;
	struct plan_wish *wishes;
	size_t wish_count;
	int device_slots[8];
	int entry_slot0;
	int sys_slot;
	int hosts_slot;
	int lower_slot0;
	int upper_slot, work_slot;
	uid_t uid;
	gid_t gid;
};

/* Texts of steps belong to the plan; what these return and take is valid as long as it is. */
const char *plan_keep(struct plan_builder *b, char *text);
struct step_place plan_place(struct plan_builder *b, const struct origin *at);

/* A step at the end of the list, valid until the next one is added. */
struct step *plan_add(struct plan_builder *b, enum step_kind kind);
struct step *plan_add_dir(struct plan_builder *b, const char *target, mode_t mode);
void plan_add_symlink(struct plan_builder *b, const char *target, const char *text);
struct step *plan_add_fs(struct plan_builder *b, const char *type, const char *target,
			 const char *data, uint64_t attr);
struct step *plan_add_scratch(struct plan_builder *b, const char *target, mode_t mode);
struct step *plan_add_bind(struct plan_builder *b, int slot, const char *target, bool is_dir);

/** plan_open() - what comes from the host is opened, as the caller; trees of the user's become
 * wishes */
void plan_open(struct plan_builder *b);
/** plan_root() - the root, and in it /proc, /dev, /sys and /run */
void plan_root(struct plan_builder *b);
/** plan_user() - files of /etc, the wishes in order, what is hidden; then the host is left */
void plan_user(struct plan_builder *b);

#endif
