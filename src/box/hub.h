#ifndef BOX_HUB_H
#define BOX_HUB_H

#include "config/spec.h"
#include "host/host.h"
#include "net/layout.h"
#include "store/dirs.h"
#include "util/err.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * The network of a project of several boxes: a namespace with a bridge, one slirp4netns as the
 * bridge's way out, and an interface for each box. A process of its own holds it, made
 * by `up` and ended when nobody is connected to its socket, `<runtime>/<project>/net.sock`
 * (SOCK_SEQPACKET, 0600), any more:
 *
 *   is WORDS                         answer "ok PID" when that is how it is laid out
 *   enter                            answer "ok PID" with the user namespace in which the boxes
 *                                    have to be born
 *   join NAME HOSTNAME ADDRESS LINK\nHOSTS  with the box's network namespace; answer "ok PID".
 *                                    LINK is veth or macvlan, HOSTS the beginning of its
 *                                    /etc/hosts
 *
 * PID is slirp4netns's, 0: it has ended. Else the answer is words for the user, and maybe a
 * line with a hint. Who closes the
 * connection has left. Words without being asked: how slirp4netns has ended.
 */

/**
 * struct hub_member - a box's place in it
 * @name:	by which the others know it, "": it has none
 * @is_macvlan:	its interface is a macvlan of the bridge instead of one end of a pair
 */
struct hub_member {
	struct net_layout network;
	bool is_macvlan;
	char name[64];
};

/**
 * struct hub_plan - who is where
 * @network:	without an address; bits of the subnet 0: the project has no such network
 * @addresses:	of the dev box, then of the services as they are in the spec; 0: none
 */
struct hub_plan {
	struct net_layout network;
	char *project;
	uint32_t *addresses;
};

/**
 * hub_plan() - lay the network of @spec out, and give its boxes addresses; looks at the routes
 * of this machine, to stay out of their way
 * @kept_subnet:	"10.0.2.0/24" of those of its boxes that run; NULL: none does
 * @err:	an `ip` that is taken or outside of the subnet, a subnet that is in the way
 */
int hub_plan(const struct spec *spec, const char *project_id, const char *kept_subnet,
	     struct hub_plan *out_plan, struct err *err);
void hub_plan_done(struct hub_plan *plan);
/** hub_plan_member() - the place of the box of @spec: @top, which was planned for, or one of
 * its services. */
void hub_plan_member(const struct hub_plan *plan, const struct spec *top,
		     const struct spec *spec, struct hub_member *out_member);

/**
 * hub_open() - a connection to the project's network, which is made when it is not there. It
 * lives as long as one of them. The caller has the project's lock.
 */
int hub_open(const struct hub_plan *plan, const struct dirs *dirs,
	     const struct project *project, const struct host_user *user, int *out_fd,
	     struct err *err);

/** hub_connect() - a connection to the one that is there. Return: descriptor or -1. */
int hub_connect(const char *runtime_dir, struct err *err);
/** hub_enter() - the user namespace of the project's boxes. Return: descriptor or -1. */
int hub_enter(int hub_fd, struct err *err);
/** struct hub_guest - a box that joins: a process of it, which is ready, and its own lines of
 * /etc/hosts; borrowed */
struct hub_guest {
	pid_t pid;
	const struct hub_member *member;
	const char *hostname;
	const char *hosts;
};
/** hub_join() - connect it. @out_uplink: the process that leads to the outside; 0: none. */
int hub_join(int hub_fd, const struct hub_guest *guest, pid_t *out_uplink, struct err *err);

/** hub_hosts_path() - the file that is the /etc/hosts of @box. free() it. */
char *hub_hosts_path(const char *runtime_dir, const char *box);

#endif
