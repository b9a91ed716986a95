#include "box/plan_build.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

static void add_text(struct plan_builder *b, const char *target, const char *data,
		     uint64_t attr)
{
	struct step *step = plan_add(b, STEP_TEXT);

	/* The host's /etc is read-only: what it lacks cannot be made there. */
	step->optional = b->facts->root_kind == ROOT_HOST;
	step->target = plan_keep(b, xstrdup(target));
	step->data = plan_keep(b, xstrdup(data));
	step->mode = 0644;
	step->attr = attr;
}

static void add_account(struct plan_builder *b, const char *target, const char *line)
{
	struct step *step = plan_add(b, STEP_ACCOUNT);

	step->target = plan_keep(b, xstrdup(target));
	step->data = plan_keep(b, xstrdup(line));
}

static void etc_files(struct plan_builder *b)
{
	const struct box_facts *facts = b->facts;
	struct buf name = {0};

	buf_printf(&name, "%s\n", facts->hostname);
	add_text(b, "/etc/hostname", plan_keep(b, buf_take(&name)), 0);
	if (facts->hosts_file)
		plan_add_bind(b, b->hosts_slot, "/etc/hosts", false)->optional =
			facts->root_kind == ROOT_HOST;
	else
		add_text(b, "/etc/hosts", facts->hosts, 0);
	add_text(b, "/etc/resolv.conf", facts->resolv_conf, 0);
	if (facts->passwd) {
		add_text(b, "/etc/passwd", facts->passwd, MOUNT_ATTR_RDONLY);
		add_text(b, "/etc/group", facts->group, MOUNT_ATTR_RDONLY);
	} else if (facts->passwd_line[0]) {
		add_account(b, "/etc/passwd", facts->passwd_line);
		add_account(b, "/etc/group", facts->group_line);
	}
}

static int compare_wishes(const void *a, const void *b)
{
	return strcmp(((const struct plan_wish *)a)->target,
		      ((const struct plan_wish *)b)->target);
}

/* Whether something else than the home is mounted at @folder or above it. */
static bool is_in_other_tree(const struct plan_builder *b, const char *folder)
{
	size_t i;

	for (i = 0; i < b->wish_count; i++) {
		if (strcmp(b->wishes[i].target, b->facts->home_in_box) != 0 &&
		    path_is_below(b->wishes[i].target, b->facts->home_in_box) &&
		    path_is_below(folder, b->wishes[i].target))
			return true;
	}
	return false;
}

/* On a fresh tmpfs home, folders to mount on are the user's, not the box's root's who makes
 * them. */
static void own_parents(struct plan_builder *b, const char *target)
{
	const char *home = b->facts->home_in_box;
	size_t home_len = strlen(home);
	const char *slash;

	if (b->facts->home_dir || b->spec->home != HOME_TMPFS || !str_starts(target, home) ||
	    target[home_len] != '/')
		return;
	for (slash = strchr(target + home_len + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *folder = xstrndup(target, (size_t)(slash - target));
		struct step *step;

		if (is_in_other_tree(b, folder))
			return;
		step = plan_add_dir(b, folder, 0755);
		step->uid = b->uid;
		step->gid = b->gid;
	}
}

static void user_trees(struct plan_builder *b)
{
	struct step *step;
	size_t i;

	if (b->wish_count > 0)
		qsort(b->wishes, b->wish_count, sizeof(*b->wishes), compare_wishes);
	for (i = 0; i < b->wish_count; i++) {
		const struct plan_wish *w = &b->wishes[i];

		own_parents(b, w->target);
		if (w->is_scratch) {
			step = plan_add_scratch(b, w->target, 0700);
			step->uid = b->uid;
			step->gid = b->gid;
		} else if (w->is_tmpfs)
			step = plan_add_fs(b, "tmpfs", w->target, w->data,
					   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						   (w->is_read_only ? MOUNT_ATTR_RDONLY : 0));
		else
			step = plan_add_bind(b, w->slot, w->target, w->is_dir);
		step->at = w->at;
	}
}

static void protect(struct plan_builder *b)
{
	static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq",
						"/proc/sysrq-trigger"};
	struct step *step;
	size_t i;

	for (i = 0; i < b->facts->masks.count; i++) {
		step = plan_add(b, STEP_MASK);
		step->target = plan_keep(b, xstrdup(b->facts->masks.items[i]));
	}
	for (i = 0; i < ARRAY_LEN(read_only); i++) {
		step = plan_add(b, STEP_READ_ONLY);
		step->target = read_only[i];
	}
}

static void set_sysctl(struct plan_builder *b, const char *path, char *value)
{
	struct step *step = plan_add(b, STEP_SYSCTL);

	step->target = path;
	step->data = plan_keep(b, value);
	step->optional = true;
}

/* Its user may listen at any port of it, and ping. */
static void own_network(struct plan_builder *b)
{
	plan_add(b, STEP_LO_UP);
	set_sysctl(b, "/proc/sys/net/ipv4/ip_unprivileged_port_start", xstrdup("0"));
	set_sysctl(b, "/proc/sys/net/ipv4/ping_group_range",
		   xasprintf("%u %u", (unsigned)b->gid, (unsigned)b->gid));
}

static void finish(struct plan_builder *b)
{
	struct step *step;
	size_t i;

	if (b->spec->read_only)
		plan_add(b, STEP_ROOT_READ_ONLY);
	plan_add(b, STEP_PIVOT);
	step = plan_add(b, STEP_HOSTNAME);
	step->data = plan_keep(b, xstrdup(b->facts->hostname));
	step->at = plan_place(b, &b->spec->hostname.at);
	if (b->spec->network_mode != NET_HOST && b->spec->network_mode != NET_SERVICE)
		own_network(b);
	for (i = 0; i < b->spec->sysctl_count; i++) {
		const struct spec_sysctl *sysctl = &b->spec->sysctls[i];
		char *path = path_join("/proc/sys", sysctl->name);
		char *dot;

		for (dot = path; (dot = strchr(dot, '.')) != NULL; dot++)
			*dot = '/';
		step = plan_add(b, STEP_SYSCTL);
		step->target = plan_keep(b, path);
		step->data = plan_keep(b, xstrdup(sysctl->value));
		step->at = plan_place(b, &sysctl->at);
	}
}

void plan_user(struct plan_builder *b)
{
	etc_files(b);
	user_trees(b);
	protect(b);
	finish(b);
}
