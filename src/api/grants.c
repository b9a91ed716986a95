#include "api/internal.h"

#include "image/reference.h"
#include "net/port.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What a profile lets a box have of the host. A profile may have come with somebody else's
 * project, and it lies in the workspace, which the box can write: so the user is asked before
 * it gets more than its own folder, and what was granted to a folder's profile is kept
 * (`<state>/trust/<hash of the folder>`). Less, and the same again, is never asked about.
 */

#define TRUST_DIR "trust"
#define TRUST_MAX (256 * 1024)

/** struct grants - what a profile asks for; @at: borrowed from the spec, NULL: no one line says
 * it */
struct grants {
	struct strv texts;
	const struct origin **at;
};

static void grants_done(struct grants *grants)
{
	strv_done(&grants->texts);
	free(grants->at);
}
#define AUTO_GRANTS __attribute__((cleanup(grants_done)))

/* A profile may have control characters in it: they must not reach the terminal on which the
 * user is asked, nor make lines of the file. Takes @text. */
static char *plain(char *text)
{
	struct buf out = {0};
	const char *c;

	if (str_is_printable(text) && !strchr(text, '\\'))
		return text;
	for (c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\\')
			buf_printf(&out, "\\x%02x", (unsigned)(unsigned char)*c);
		else
			buf_putc(&out, *c);
	}
	free(text);
	return buf_take(&out);
}

/* Takes @text. */
static void add(struct grants *grants, char *text, const struct origin *at)
{
	size_t count = grants->texts.count;

	grants->at = xrealloc(grants->at, (count + 1) * sizeof(const struct origin *));
	grants->at[count] = at;
	strv_take(&grants->texts, plain(text));
}

static void add_mounts(const struct spec *spec, struct grants *out)
{
	size_t i;

	if (spec->workspace.source && strcmp(spec->workspace.source, spec->project_dir) != 0)
		add(out,
		    xasprintf("workspace %s%s", spec->workspace.source,
			      spec->workspace.is_read_only ? "" : " (to write)"),
		    &spec->workspace.at);
	for (i = 0; i < spec->volume_count; i++) {
		const struct spec_volume *volume = &spec->volumes[i];

		/* What lies in the workspace is the box's anyway. */
		if (volume->type != VOLUME_BIND ||
		    path_is_below(volume->source, spec->project_dir))
			continue;
		add(out,
		    xasprintf("folder or file %s%s", volume->source,
			      volume->is_read_only ? "" : " (to write)"),
		    &volume->at);
	}
	for (i = 0; i < spec->home_file_count; i++)
		add(out,
		    xasprintf("home file %s%s", spec->home_files[i].path,
			      spec->home_files[i].mode == HOME_FILE_RW ? " (to write)" : ""),
		    &spec->home_files[i].at);
	for (i = 0; i < spec->device_count; i++)
		add(out, xasprintf("device %s", spec->devices[i].source), &spec->devices[i].at);
}

/* Its files are read and shown in the box, wherever a link in the workspace leads to. What the
 * user named on the command line needs no question. */
static void add_image(const struct spec *spec, struct grants *out)
{
	AUTO_REFERENCE struct reference ref = {0};
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *project = NULL;
	struct err ignored;

	if (!spec->image.at.file ||
	    reference_parse(spec->image.value, NULL, &ref, &ignored) < 0 || !ref.path)
		return;
	path = realpath(ref.path, NULL);
	project = realpath(spec->project_dir, NULL);
	if (path && project && path_is_below(path, project))
		return;
	add(out, xasprintf("image %s", ref.text), &spec->image.at);
}

/* What other machines can reach. */
static void add_ports(const struct spec *spec, struct grants *out)
{
	struct sockaddr_storage address;
	size_t i;

	for (i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];

		if (net_address_set(port->address, 0, &address) < 0 ||
		    net_address_is_loopback(&address))
			continue;
		add(out,
		    xasprintf("port %u-%u/%s on %s (for other machines)", port->host_first,
			      port->host_first ? port->host_first + port->count - 1U : 0,
			      port->is_udp ? "udp" : "tcp", port->address),
		    &port->at);
	}
}

static void list_of_box(const struct spec *spec, struct grants *out)
{
	size_t i;

	add_image(spec, out);
	add_mounts(spec, out);
	if (spec->home == HOME_SHARED)
		add(out, xstrdup("your real home"), &spec->home_at);
	if (spec->network_mode == NET_HOST)
		add(out, xstrdup("the host's network"), &spec->network_mode_at);
	if (spec->network.reaches_host)
		add(out, xstrdup("services of the host (network.host)"),
		    &spec->network.host_at);
	add_ports(spec, out);
	for (i = 0; i < spec->env_pass.count; i++)
		add(out, xasprintf("environment %s", spec->env_pass.items[i]), NULL);
	for (i = 0; i < spec->cap_add.items.count; i++)
		add(out, xasprintf("capability %s", spec->cap_add.items.items[i]),
		    &spec->cap_add.at[i]);
	if (spec->seccomp.value)
		add(out, xasprintf("seccomp %s", spec->seccomp.value), &spec->seccomp.at);
	if (!spec->no_new_privileges)
		add(out, xstrdup("new privileges"), NULL);
}

/* Of all boxes of the project. */
static void list_grants(const struct spec *spec, struct grants *out)
{
	list_of_box(spec, out);
	for (size_t i = 0; i < spec->service_count; i++)
		list_of_box(&spec->services[i], out);
}

/* By the folder and not by the project's name, which another folder may have one day. */
static char *trust_path(const struct devbox *devbox, const struct project *project)
{
	uint64_t hash = str_hash(project->folder, strlen(project->folder), STR_HASH_SEED);

	return xasprintf("%s/" TRUST_DIR "/%016llx", devbox->dirs.state,
			 (unsigned long long)hash);
}

/* The folder, then one line a grant. A folder that was never asked about has no file. */
static int read_known(const char *path, const char *folder, struct strv *out_known,
		      bool *out_is_known, struct err *err)
{
	AUTO_FREE char *text = NULL;
	char *line;
	char *save = NULL;

	*out_is_known = false;
	if (fd_read_file(AT_FDCWD, path, TRUST_MAX, &text, err) < 0)
		return err->code == ENOENT ? 0 : -1;
	line = strtok_r(text, "\n", &save);
	if (!line || strcmp(line, folder) != 0)
		return 0;
	*out_is_known = true;
	while ((line = strtok_r(NULL, "\n", &save)) != NULL)
		strv_add(out_known, line);
	return 0;
}

/* Those of @wanted that are not in @known. */
static void list_new(const struct grants *wanted, const struct strv *known, struct grants *out)
{
	size_t i;

	for (i = 0; i < wanted->texts.count; i++) {
		if (!strv_has(known, wanted->texts.items[i]) &&
		    !strv_has(&out->texts, wanted->texts.items[i]))
			add(out, xstrdup(wanted->texts.items[i]), wanted->at[i]);
	}
}

static char *question(const struct grants *more, bool is_known)
{
	struct buf words = {0};
	size_t i;

	buf_puts(&words, is_known ? "this profile now asks for more of this machine (a box can "
				    "write its profile):\n"
				  : "this profile asks for more than its own folder:\n");
	for (i = 0; i < more->texts.count; i++) {
		const struct origin *at = more->at[i];

		if (at && at->file)
			buf_printf(&words, "  %-48s  %s:%d\n", more->texts.items[i], at->file,
				   at->line);
		else
			buf_printf(&words, "  %s\n", more->texts.items[i]);
	}
	buf_puts(&words, "allow?");
	return buf_take(&words);
}

static int refuse(const struct grants *more, bool is_known, struct err *err)
{
	AUTO_BUF struct buf words = {0};
	size_t i;

	for (i = 0; i < more->texts.count; i++)
		buf_printf(&words, "%s%s", i > 0 ? ", " : "", more->texts.items[i]);
	if (is_known)
		(void)err_set(err,
			      "the profile asks for more of this machine than was granted: %s",
			      words.data);
	else
		(void)err_set(err, "the profile asks for more than its own folder: %s",
			      words.data);
	err->code = EPERM;
	for (i = 0; i < more->texts.count; i++) {
		if (more->at[i]) {
			(void)spec_at(more->at[i], err);
			break;
		}
	}
	return err_hint(err, is_known
				     ? "the box itself can write to the project folder. Was it "
				       "you? Then again with -y"
				     : "if that is what you want: again with -y, once");
}

int api_check_grants(struct devbox *devbox, const struct project *project,
		     const struct spec *spec, struct err *err)
{
	AUTO_FREE char *path = trust_path(devbox, project);
	AUTO_FREE char *words = NULL;
	AUTO_GRANTS struct grants wanted = {0};
	AUTO_GRANTS struct grants more = {0};
	AUTO_STRV struct strv known = {0};
	bool is_known;

	list_grants(spec, &wanted);
	if (wanted.texts.count == 0)
		return 0;
	if (read_known(path, project->folder, &known, &is_known, err) < 0)
		return -1;
	list_new(&wanted, &known, &more);
	if (more.texts.count == 0)
		return 0;
	if (!devbox->options.yes) {
		if (!devbox->options.ask)
			return refuse(&more, is_known, err);
		words = question(&more, is_known);
		if (!devbox->options.ask(devbox->options.ask_arg, words))
			return refuse(&more, is_known, err);
	}
	return api_keep_grants(devbox, project, spec, err);
}

int api_keep_grants(const struct devbox *devbox, const struct project *project,
		    const struct spec *spec, struct err *err)
{
	AUTO_FREE char *dir = path_join(devbox->dirs.state, TRUST_DIR);
	AUTO_FREE char *path = trust_path(devbox, project);
	AUTO_GRANTS struct grants wanted = {0};
	AUTO_BUF struct buf text = {0};
	size_t i;

	list_grants(spec, &wanted);
	if (wanted.texts.count == 0) {
		(void)unlink(path);
		return 0;
	}
	if (path_mkdirs(dir, 0700) < 0)
		return err_sys(err, "make '%s'", dir);
	buf_printf(&text, "%s\n", project->folder);
	for (i = 0; i < wanted.texts.count; i++)
		buf_printf(&text, "%s\n", wanted.texts.items[i]);
	return fd_write_atomic(AT_FDCWD, path, text.data, text.len, 0600, err);
}

void api_forget_grants(const struct devbox *devbox, const struct project *project)
{
	AUTO_FREE char *path = trust_path(devbox, project);

	(void)unlink(path);
}
