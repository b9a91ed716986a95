#ifndef BOX_FACTS_H
#define BOX_FACTS_H

#include "box/hub.h"
#include "box/identity.h"
#include "box/plan.h"
#include "net/layout.h"
#include "store/dirs.h"

/**
 * struct facts_request - what to find out for
 * @box_dir:	folder of the box's own layer; NULL: a throw-away box, whose layer is on the
 *stage when tmpfs can do that, else in @scratch_dir (which the caller removes)
 * @lower_root:	as struct prepare_request
 * @home_dir:	folder behind an isolated home; NULL: tmpfs
 * @force_fuse:	native overlay was tried and refused
 * @network:	of the box; NULL: it has none of its own
 * @upper_dir, @work_dir: as struct prepare_request
 */
struct facts_request {
	const struct spec *spec;
	const struct dirs *dirs;
	const struct project *project;
	const struct host_user *user;
	const struct host_map *uid_map;
	const struct host_map *gid_map;
	const struct box_identity *identity;
	const struct accounts *accounts;
	const struct strv *lower;
	const uint32_t *lower_root;
	const struct net_layout *network;
	const char *box_dir;
	const char *scratch_dir;
	const char *home_dir;
	bool force_fuse;
	const char *upper_dir;
	const char *work_dir;
	const struct hub_member *member; /* in the network of several boxes; NULL: not */
	const char *hosts_file;          /* its /etc/hosts then */
};

/**
 * box_facts_gather() - look at the machine; makes the folders a box needs (layer, home, named
 * volumes)
 * @notes:	what the user should know: which overlay, which degradation, one text each
 * @err:	names the profile's line for what is missing
 */
int box_facts_gather(const struct facts_request *request, struct box_facts *out_facts,
		     struct strv *notes, struct err *err);

/** box_home_prepare() - make the isolated home: skeleton files when new, copies of home files,
 * folders to mount on. */
int box_home_prepare(const struct facts_request *request, const struct box_facts *facts,
		     struct err *err);

/** box_lower_check() - whether every file sampled below the @lower folders belongs to ids of
 * the map. Return: 1 all do, 0 some do not, -1 error. */
int box_lower_check(const struct strv *lower, const struct host_map *uid_map,
		    const struct host_map *gid_map, struct err *err);

#endif
