#include "box/plan.h"

#include "box/plan_build.h"

#include <linux/mount.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

const char *const plan_device_names[8] = {"null",    "zero", "full", "random",
					  "urandom", "tty",  "fuse", "net/tun"};

const char *plan_keep(struct plan_builder *b, char *text)
{
	strv_take(&b->plan.texts, text);
	return text;
}

struct step *plan_add(struct plan_builder *b, enum step_kind kind)
{
	struct step *step;

	b->plan.steps = xrealloc(b->plan.steps, (b->plan.count + 1) * sizeof(*step));
	step = &b->plan.steps[b->plan.count++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->slot = step->upper = step->work = -1;
	return step;
}

struct step_place plan_place(struct plan_builder *b, const struct origin *at)
{
	struct step_place p = {0};

	if (at && at->file) {
		p.file = plan_keep(b, xstrdup(at->file));
		p.line = at->line;
		p.column = at->column;
	}
	return p;
}

struct step *plan_add_dir(struct plan_builder *b, const char *target, mode_t mode)
{
	struct step *step = plan_add(b, STEP_DIR);

	step->target = plan_keep(b, xstrdup(target));
	step->mode = mode;
	return step;
}

void plan_add_symlink(struct plan_builder *b, const char *target, const char *text)
{
	struct step *step = plan_add(b, STEP_SYMLINK);

	step->target = plan_keep(b, xstrdup(target));
	step->data = plan_keep(b, xstrdup(text));
}

struct step *plan_add_fs(struct plan_builder *b, const char *type, const char *target,
			 const char *data, uint64_t attr)
{
	struct step *step = plan_add(b, STEP_FS);

	step->source = plan_keep(b, xstrdup(type));
	step->target = plan_keep(b, xstrdup(target));
	step->data = data && *data ? plan_keep(b, xstrdup(data)) : NULL;
	step->attr = attr;
	step->is_dir = true;
	return step;
}

struct step *plan_add_scratch(struct plan_builder *b, const char *target, mode_t mode)
{
	struct step *step = plan_add(b, STEP_SCRATCH);

	step->target = plan_keep(b, xstrdup(target));
	step->mode = mode;
	step->is_dir = true;
	step->attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	return step;
}

struct step *plan_add_bind(struct plan_builder *b, int slot, const char *target, bool is_dir)
{
	struct step *step = plan_add(b, STEP_BIND);
	size_t i;

	step->slot = slot;
	step->target = plan_keep(b, xstrdup(target));
	step->is_dir = is_dir;
	/* In its words, too: two plans are the same when they read the same. */
	for (i = 0; i < b->plan.count; i++) {
		const struct step *opened = &b->plan.steps[i];

		if (opened->kind == STEP_OPEN_TREE && opened->slot == slot) {
			step->source = opened->source;
			step->attr = opened->attr & MOUNT_ATTR_RDONLY;
		}
	}
	return step;
}

static void builder_done(struct plan_builder *b)
{
	size_t i;

	for (i = 0; i < b->wish_count; i++) {
		free(b->wishes[i].target);
		free(b->wishes[i].data);
	}
	free(b->wishes);
}

uint64_t plan_namespaces(const struct spec *spec)
{
	const uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
			       CLONE_NEWUTS | CLONE_NEWCGROUP;

	return spec->network_mode == NET_HOST || spec->network_mode == NET_SERVICE
		       ? flags
		       : flags | CLONE_NEWNET;
}

int plan_build(const struct spec *spec, const struct box_facts *facts, uid_t uid, gid_t gid,
	       struct plan *out_plan, struct err *err)
{
	struct plan_builder b = {.spec = spec, .facts = facts, .uid = uid, .gid = gid};

	if (facts->lower.count > STEP_LOWER_MAX)
		return err_set(err, "image '%s' has %zu layers, more than %d", facts->image,
			       facts->lower.count, STEP_LOWER_MAX);

	plan_open(&b);
	plan_root(&b);
	plan_user(&b);
	b.plan.clone_flags = plan_namespaces(spec);
	builder_done(&b);
	*out_plan = b.plan;
	return 0;
}

void plan_done(struct plan *plan)
{
	free(plan->steps);
	strv_done(&plan->texts);
	memset(plan, 0, sizeof(*plan));
}
