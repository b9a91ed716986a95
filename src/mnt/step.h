#ifndef MNT_STEP_H
#define MNT_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the child does between clone and the start of init, as a flat list. The list is built
 * before the clone (step_* below and box/plan.c), printed by `devbox plan`, compared by `devbox
 * up`, and walked by box/child.c with system calls only.
 *
 * A source of the host is opened in the child's own mount namespace, into a slot, before
 * anything is mounted: a descriptor from the parent's namespace cannot be bind-mounted, and
 * staging hides what lies below STEP_STAGE_DIR.
 */

#define STEP_STAGE_DIR "/tmp"                /* a tmpfs is mounted over it, in the child only */
#define STEP_ROOT_DIR STEP_STAGE_DIR "/root" /* the box's root is put together here */

enum step_kind {
	STEP_SLAVE,        /* no mount of the box reaches the host */
	STEP_OPEN_TREE,    /* slot = clone of the mount tree at `source` */
	STEP_OPEN_DIR,     /* slot = O_PATH descriptor of the folder `source` */
	STEP_OWN_DIR,      /* the folder in `slot` belongs to the box's root from now on */
	STEP_BECOME_ROOT,  /* uid 0, gid 0 of the box, no supplementary groups */
	STEP_STAGE,        /* tmpfs over STEP_STAGE_DIR with folders root, upper, work, text */
	STEP_ROOT_STAGE,   /* root: the empty folder on the stage */
	STEP_ROOT_TREE,    /* root: the tree in `slot`, as it is */
	STEP_ROOT_OVERLAY, /* root: native overlayfs */
	STEP_ROOT_FUSE,    /* root: fuse-overlayfs; `target`: name of the upper folder, beside
			      `work` */
	STEP_ROOT_OPEN,    /* all targets below are inside what is mounted now */
	STEP_FS,           /* a new file system of type `source` with `data` on `target` */
	STEP_BIND,    /* the tree in `slot` on `target`; `source`, `attr`: only for words */
	STEP_SCRATCH, /* an empty folder of the stage with mode, uid, gid, bound on `target` */
	STEP_TEXT,    /* a file with the text `data`, bound on `target` */
	STEP_DIR,     /* folder `target` with mode, uid, gid */
	STEP_SYMLINK, /* `target` is a symbolic link to `data`, unless something is there */
	STEP_ACCOUNT, /* `data` is the first line of the account file `target` for its name and
			 id */
	STEP_MASK,    /* `target` (file or folder) shows nothing; missing is fine */
	STEP_READ_ONLY, /* `target` cannot be written; missing is fine */
	STEP_ROOT_READ_ONLY,
	STEP_PIVOT,
	STEP_HOSTNAME,
	STEP_LO_UP,
	STEP_SYSCTL, /* write `data` to `target` below /proc/sys */
};

#define STEP_LOWER_MAX 128

/** struct step_place - the line of the user's file that asked for a step; line 0: none did */
struct step_place {
	const char *file;
	int line, column;
};

/**
 * struct step - one thing to do; texts are owned by the plan
 * @slot:	index into the child's table of descriptors, -1 none
 * @dev, @ino:	STEP_OPEN_TREE: what the parent saw there; something else in its place fails
 * (ESTALE). 0,0: not checked
 * @rdev:	STEP_OPEN_TREE of a device node: the device it must be; 0: not checked
 * @attr:	MOUNT_ATTR_* set on the mount, recursively for trees
 * @is_dir:	what the target of a bind is
 * @optional:	a failure with EACCES, ENOENT, EPERM, ENODEV or EINVAL is passed over
 * @lower:	STEP_ROOT_OVERLAY/FUSE: slot of the topmost lower folder; the others follow it
 * @upper, @work: slots; -1: the folders on the stage
 */
struct step {
	enum step_kind kind;
	const char *source;
	const char *target;
	const char *data;
	int slot;
	dev_t dev;
	ino_t ino;
	dev_t rdev;
	uint64_t attr;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool is_dir;
	bool recursive;
	bool optional;
	int lower;
	int lower_count;
	int upper, work;
	struct step_place at;
};

#endif
