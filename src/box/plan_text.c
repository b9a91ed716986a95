#include "box/plan.h"

#include "util/cleanup.h"

#include <linux/mount.h>
#include <string.h>

/* A plan in words: what `devbox plan` prints, what `devbox up` compares, and what an error
 * calls the step that failed. */

static void add_attributes(const struct step *step, struct buf *out)
{
	if (step->attr & MOUNT_ATTR_RDONLY)
		buf_puts(out, " (read-only)");
	if (step->optional)
		buf_puts(out, " (if possible)");
}

static void sentence(struct buf *out, const char *verb, const char *a, const char *join,
		     const char *b)
{
	buf_puts(out, verb);
	if (a)
		buf_printf(out, " '%s'", a);
	if (b)
		buf_printf(out, "%s '%s'", join, b);
}

static void root_words(const struct step *step, struct buf *out)
{
	switch ((int)step->kind) {
	case STEP_STAGE:
		buf_puts(out, "put the box together on a tmpfs");
		break;
	case STEP_ROOT_STAGE:
		buf_puts(out, "root: an empty tmpfs");
		break;
	case STEP_ROOT_TREE:
		buf_puts(out, "root: a folder as it is");
		break;
	case STEP_ROOT_OVERLAY:
		sentence(out, "root: overlayfs over", step->source, "", NULL);
		break;
	case STEP_ROOT_FUSE:
		sentence(out, "root: fuse-overlayfs over", step->source, "", NULL);
		break;
	case STEP_ROOT_OPEN:
		buf_puts(out, "enter the root; all paths below are inside it");
		break;
	case STEP_ROOT_READ_ONLY:
		buf_puts(out, "make the root read-only");
		break;
	default:
		break;
	}
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void inside_words(const struct step *step, struct buf *out)
{
	switch ((int)step->kind) {
	case STEP_FS:
		sentence(out, "mount", step->source, " on", step->target);
		if (step->data)
			buf_printf(out, " with %s", step->data);
		add_attributes(step, out);
		break;
	case STEP_BIND:
		sentence(out, "bind", step->source, " on", step->target);
		add_attributes(step, out);
		break;
	case STEP_TEXT:
		sentence(out, "write", step->target, "", NULL);
		buf_printf(out, " (%zu lines, %016llx)", count_lines(step->data),
			   (unsigned long long)str_hash(step->data, strlen(step->data),
							STR_HASH_SEED));
		add_attributes(step, out);
		break;
	case STEP_SCRATCH:
		sentence(out, "empty folder on", step->target, "", NULL);
		buf_printf(out, " mode %04o", (unsigned int)step->mode);
		if (step->uid)
			buf_printf(out, " of uid %u gid %u", step->uid, step->gid);
		break;
	case STEP_DIR:
		sentence(out, "folder", step->target, "", NULL);
		buf_printf(out, " mode %04o", (unsigned int)step->mode);
		if (step->uid)
			buf_printf(out, " of uid %u gid %u", step->uid, step->gid);
		break;
	case STEP_SYMLINK:
		sentence(out, "link", step->target, " to", step->data);
		break;
	case STEP_ACCOUNT:
		sentence(out, "your account in", step->target, "", NULL);
		break;
	case STEP_MASK:
		sentence(out, "hide", step->target, "", NULL);
		break;
	case STEP_READ_ONLY:
		sentence(out, "read-only", step->target, "", NULL);
		break;
	default:
		root_words(step, out);
		break;
	}
}

void plan_step_words(const struct step *step, struct buf *out)
{
	switch (step->kind) {
	case STEP_SLAVE:
		buf_puts(out, "keep mounts of the box from the host");
		break;
	case STEP_OPEN_TREE:
		sentence(out, "open", step->source, "", NULL);
		add_attributes(step, out);
		break;
	case STEP_OPEN_DIR:
		sentence(out, "open folder", step->source, "", NULL);
		break;
	case STEP_OWN_DIR:
		sentence(out, "give to the box's root", step->source, "", NULL);
		break;
	case STEP_BECOME_ROOT:
		buf_puts(out, "become root of the box");
		break;
	case STEP_PIVOT:
		buf_puts(out, "pivot into the root, leave the host behind");
		break;
	case STEP_HOSTNAME:
		sentence(out, "hostname", step->data, "", NULL);
		break;
	case STEP_LO_UP:
		buf_puts(out, "bring up 'lo'");
		break;
	case STEP_SYSCTL:
		sentence(out, "write", step->data, " to", step->target);
		add_attributes(step, out);
		break;
	case STEP_STAGE:
	case STEP_ROOT_STAGE:
	case STEP_ROOT_TREE:
	case STEP_ROOT_OVERLAY:
	case STEP_ROOT_FUSE:
	case STEP_ROOT_OPEN:
	case STEP_FS:
	case STEP_BIND:
	case STEP_SCRATCH:
	case STEP_TEXT:
	case STEP_DIR:
	case STEP_SYMLINK:
	case STEP_ACCOUNT:
	case STEP_MASK:
	case STEP_READ_ONLY:
	case STEP_ROOT_READ_ONLY:
		inside_words(step, out);
		break;
	}
}

void plan_print(const struct plan *plan, bool with_origin, struct buf *out)
{
	size_t i;

	for (i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];

		plan_step_words(step, out);
		if (with_origin && step->at.file)
			buf_printf(out, "  # %s:%d", step->at.file, step->at.line);
		buf_putc(out, '\n');
	}
}
