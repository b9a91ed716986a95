#include "cli/cli.h"

#include "util/cleanup.h"

#include <string.h>

#define END       \
	{         \
		0 \
	}

static const struct option global_options[] = {
	{"file", 'f', "FILE", "profile to use; several are merged in order", "DEVBOX_FILE"},
	{"directory", 'C', "DIR", "act as if started in DIR", "DEVBOX_DIRECTORY"},
	{"project", 'p', "NAME", "name of the project", "DEVBOX_PROJECT"},
	{"quiet", 'q', NULL, "no progress, only results and errors", "DEVBOX_QUIET"},
	{"yes", 'y', NULL, "answer what would be asked with yes", "DEVBOX_YES"},
	{"verbose", 'v', NULL, "say more of what is done", "DEVBOX_VERBOSE"},
	{"json", 0, NULL, "print JSON", "DEVBOX_JSON"},
	{"color", 0, "WHEN", "auto, always or never", "DEVBOX_COLOR"},
	{"progress", 0, "HOW", "auto, tty, plain, json or quiet", "DEVBOX_PROGRESS"},
	{"version", 0, NULL, "print the version", NULL},
	{"help", 'h', NULL, "print help, also of a verb", NULL},
	END,
};

static const struct option up_options[] = {
	{"dry-run", 0, NULL, "print the steps instead of taking them", NULL},
	{"allow-degraded", 0, NULL, "start without the limits this machine cannot keep", NULL},
	{"pull", 0, NULL, "fetch the image anew when the registry has another", NULL},
	{"rebuild", 0, NULL, "install packages and run build.steps again", NULL},
	{"profile", 0, "NAME", "also the services of this profile", NULL},
	{"wait-timeout", 0, "DURATION", "how long to wait until the box is up; 60s", NULL},
	END,
};
static const struct option down_options[] = {
	{"volumes", 0, NULL, "remove the box's home and named volumes too", NULL},
	END,
};
static const struct option stop_options[] = {
	{"timeout", 't', "DURATION", "grace until the box is killed; as in the profile", NULL},
	END,
};
static const struct option kill_options[] = {
	{"signal", 's', "SIGNAL", "the signal; KILL", NULL},
	END,
};
static const struct option update_options[] = {
	{"cpus", 0, "N", "processors, such as 1.5", NULL},
	{"cpu-shares", 0, "N", "share of the processors when they are short", NULL},
	{"memory", 0, "SIZE", "memory, such as 512m", NULL},
	{"memory-reservation", 0, "SIZE", "memory that is left to it when it is short", NULL},
	{"memory-swap", 0, "SIZE", "memory and swap together", NULL},
	{"pids-limit", 0, "N", "processes and threads", NULL},
	{"blkio-weight", 0, "N", "share of the disks, from 10 to 1000", NULL},
	END,
};
static const struct option shell_options[] = {
	{"user", 'u', "USER", "as another user: a name or uid[:gid]", NULL},
	{"workdir", 'w', "DIR", "folder to start in", NULL},
	END,
};
static const struct option exec_options[] = {
	{"no-tty", 'T', NULL, "no terminal, even when there is one", NULL},
	{"env", 'e', "NAME[=VALUE]", "set a variable, or pass that of the caller", NULL},
	{"user", 'u', "USER", "as another user: a name or uid[:gid]", NULL},
	{"workdir", 'w', "DIR", "folder to start in", NULL},
	END,
};
static const struct option run_options[] = {
	{"image", 0, "REF", "image or root file system; that of the profile, or host", NULL},
	{"platform", 0, "PLATFORM", "of the image, such as linux/arm64", NULL},
	{"pull", 0, NULL, "fetch the image anew when the registry has another", NULL},
	{"network", 0, "MODE", "project, host or none; as in the profile", NULL},
	{"no-tty", 'T', NULL, "no terminal, even when there is one", NULL},
	{"env", 'e', "NAME[=VALUE]", "set a variable, or pass that of the caller", NULL},
	{"user", 'u', "USER", "as another user: a name or uid[:gid]", NULL},
	{"workdir", 'w', "DIR", "folder to start in", NULL},
	{"allow-degraded", 0, NULL, "start without the limits this machine cannot keep", NULL},
	END,
};
static const struct option ps_options[] = {
	{"all", 'a', NULL, "boxes that ended, too", NULL},
	END,
};
static const struct option stats_options[] = {
	{"once", 0, NULL, "one reading instead of one a second", NULL},
	{"interval", 0, "DURATION", "between two readings; 1s", NULL},
	{"csv", 0, NULL, "as lines of values with commas between them", NULL},
	END,
};
static const struct option logs_options[] = {
	{"follow", 'f', NULL, "go on until the box ends", NULL},
	{"tail", 'n', "N", "only the last N lines of each box", NULL},
	{"since", 0, "DURATION", "only what is not older than this", NULL},
	{"until", 0, "DURATION", "only what is older than this", NULL},
	{"grep", 0, "PATTERN", "only lines in which the regular expression is found", NULL},
	{"net", 0, NULL, "what a filtered network let through and refused", NULL},
	{"timestamps", 't', NULL, "begin each line with its time", NULL},
	END,
};
static const struct option events_options[] = {
	{"follow", 'f', NULL, "go on with what happens", NULL},
	{"since", 0, "DURATION", "only what is not older than this", NULL},
	END,
};
static const struct option metrics_options[] = {
	{"listen", 0, "ADDRESS", "serve them there: a port of loopback, or unix:PATH", NULL},
	{"format", 0, "FORMAT", "openmetrics or prometheus", NULL},
	END,
};
static const struct option inspect_options[] = {
	{"type", 0, "TYPE", "box or image; a box, and where there is none an image", NULL},
	END,
};
static const struct option tui_options[] = {
	{"ascii", 0, NULL, "only ASCII characters", NULL},
	{"plain", 0, NULL, "words instead of drawings, for screen readers", NULL},
	{"headless", 0, NULL, "without a terminal: print what a script dumps", NULL},
	{"size", 0, "SIZE", "of the screen without a terminal; 80x24", NULL},
	{"script", 0, "FILE", "keys to press without a terminal", NULL},
	{"model", 0, "FILE", "a recording instead of the boxes of this machine", NULL},
	END,
};
static const struct option images_options[] = {
	{"all", 'a', NULL, "those without a name, too", NULL},
	END,
};
static const struct option history_options[] = {
	{"no-trunc", 0, NULL, "the whole of each step", NULL},
	END,
};
static const struct option rmi_options[] = {
	{"force", 'f', NULL, "also what boxes stand on; by id, with all its names", NULL},
	END,
};
static const struct option prune_options[] = {
	{"all", 'a', NULL, "also images with a name that no box stands on", NULL},
	{"builds", 0, NULL, "also build steps that no box stands on", NULL},
	{"dry-run", 0, NULL, "only list what would go", NULL},
	END,
};
static const struct option pull_options[] = {
	{"platform", 0, "PLATFORM", "such as linux/arm64; this machine's", NULL},
	{"insecure", 0, NULL, "accept plain HTTP and unknown certificates", NULL},
	END,
};
static const struct option build_options[] = {
	{"no-cache", 0, NULL, "run every step again", NULL},
	{"from", 0, "N", "run step N of build.steps again, and those after it", NULL},
	{"debug", 0, NULL, "open a shell where a step failed", NULL},
	{"dry-run", 0, NULL, "only say which steps would run, and why", NULL},
	{"pull", 0, NULL, "fetch the image anew when the registry has another", NULL},
	{"allow-degraded", 0, NULL, "build without the limits this machine cannot keep", NULL},
	END,
};
static const struct option load_options[] = {
	{"input", 'i', "FILE", "the file; standard input", NULL},
	{"platform", 0, "PLATFORM", "such as linux/arm64; this machine's", NULL},
	END,
};
static const struct option save_options[] = {
	{"output", 'o', "FILE", "file or folder to write; standard output", NULL},
	{"format", 0, "FORMAT", "oci-archive, oci or docker-archive", NULL},
	{"compress", 0, "HOW", "gzip, zstd or none", NULL},
	END,
};
static const struct option config_options[] = {
	{"origin", 0, NULL, "say file and line of each value", NULL},
	END,
};

#define BOX "[BOX]"
#define BOXES "[BOX...]"
#define NONE NULL
#define MANY 0, WORDS_ANY
#define LATER(name)                                                     \
	{                                                               \
		name, "", "", NULL, NULL, GROUP_OTHER, VERB_LATER, MANY \
	}

static const struct verb table[] = {
	{"up", BOXES, "start the boxes, or change what differs", verb_up, up_options,
	 GROUP_BOXES, 0, MANY},
	{"down", "", "stop and remove what up started", verb_down, down_options, GROUP_BOXES, 0,
	 0, 0},
	{"start", BOXES, "start boxes that were stopped", verb_start, NONE, GROUP_BOXES, 0,
	 MANY},
	{"stop", BOXES, "ask boxes to end, then kill them", verb_stop, stop_options,
	 GROUP_BOXES, 0, MANY},
	{"restart", BOXES, "stop and start", verb_restart, stop_options, GROUP_BOXES, 0, MANY},
	{"kill", BOXES, "send a signal", verb_kill, kill_options, GROUP_BOXES, 0, MANY},
	{"pause", BOXES, "freeze every process", verb_pause, NONE, GROUP_BOXES, 0, MANY},
	{"unpause", BOXES, "let them go on", verb_unpause, NONE, GROUP_BOXES, 0, MANY},
	{"update", BOXES, "change limits of boxes that run", verb_update, update_options,
	 GROUP_BOXES, 0, MANY},

	{"shell", BOX, "a login shell in the box, which is started if it is down", verb_shell,
	 shell_options, GROUP_COMMANDS, VERB_STATUS, 0, 1},
	{"exec", "[BOX] -- COMMAND [ARG...]", "run a command in a running box", verb_exec,
	 exec_options, GROUP_COMMANDS, VERB_COMMAND | VERB_STATUS, MANY},
	{"run", "[-- COMMAND [ARG...]]", "run a command in a fresh box that is thrown away",
	 verb_run, run_options, GROUP_COMMANDS, VERB_COMMAND | VERB_STATUS, MANY},

	{"ps", "", "list boxes that run", verb_ps, ps_options, GROUP_LOOK, VERB_JSON, 0, 0},
	{"stats", BOXES, "what boxes use", verb_stats, stats_options, GROUP_LOOK, VERB_JSON,
	 MANY},
	{"top", BOX, "the processes of a box, the busiest first", verb_top, NONE, GROUP_LOOK,
	 VERB_JSON, 0, 1},
	{"port", BOXES, "which ports of the host lead into boxes", verb_port, NONE, GROUP_LOOK,
	 VERB_JSON, MANY},
	{"network", BOX, "how a box is connected", verb_network, NONE, GROUP_LOOK, VERB_JSON, 0,
	 1},
	{"logs", BOXES, "what boxes wrote", verb_logs, logs_options, GROUP_LOOK, VERB_JSON,
	 MANY},
	{"events", BOXES, "what happened to boxes", verb_events, events_options, GROUP_LOOK,
	 VERB_JSON, MANY},
	{"metrics", "", "numbers of all boxes for Prometheus", verb_metrics, metrics_options,
	 GROUP_LOOK, 0, 0, 0},
	{"inspect", "[BOX|IMAGE]", "everything known of a box or an image, as JSON",
	 verb_inspect, inspect_options, GROUP_LOOK, VERB_JSON, 0, 1},
	{"tui", "", "the dashboard", verb_tui, tui_options, GROUP_LOOK, 0, 0, 0},

	{"images", "", "list the images of the store", verb_images, images_options,
	 GROUP_IMAGES, VERB_JSON, 0, 0},
	{"pull", "IMAGE...", "fetch images of a registry", verb_pull, pull_options,
	 GROUP_IMAGES, VERB_JSON, 1, WORDS_ANY},
	{"build", "", "make the layers of packages and build.steps", verb_build, build_options,
	 GROUP_IMAGES, 0, 0, 0},
	{"load", "[SOURCE]", "read an image from a file or folder", verb_load, load_options,
	 GROUP_IMAGES, VERB_JSON, 0, 1},
	{"save", "IMAGE...", "write images to a file or folder", verb_save, save_options,
	 GROUP_IMAGES, 0, 1, WORDS_ANY},
	{"history", "IMAGE", "how an image was made", verb_history, history_options,
	 GROUP_IMAGES, VERB_JSON, 1, 1},
	{"rmi", "IMAGE...", "remove images", verb_rmi, rmi_options, GROUP_IMAGES, 0, 1,
	 WORDS_ANY},
	{"prune", "", "remove what nobody needs", verb_prune, prune_options, GROUP_IMAGES,
	 VERB_JSON, 0, 0},
	{"du", "", "what lies on the disk, and what could go", verb_du, NONE, GROUP_IMAGES,
	 VERB_JSON, 0, 0},

	{"config", "", "the profile as merged", verb_config, config_options, GROUP_PROFILE,
	 VERB_JSON, 0, 0},
	{"plan", "", "the steps up would take", verb_plan, NONE, GROUP_PROFILE, 0, 0, 0},

	{"doctor", "", "what works on this machine and what mends the rest", verb_doctor, NONE,
	 GROUP_OTHER, VERB_JSON, 0, 0},
	{"completion", "bash|zsh|fish", "print the shell's completion", verb_completion, NONE,
	 GROUP_OTHER, 0, 1, 1},
	{"version", "", "print the version", verb_version, NONE, GROUP_OTHER, 0, 0, 0},
	{"help", "[VERB]", "print help", verb_help, NONE, GROUP_OTHER, 0, 0, 1},

	{"__complete", "boxes|images|verbs|options [VERB]|keys", "words for completion",
	 verb_complete, NONE, GROUP_OTHER, VERB_HIDDEN, 1, 2},

	LATER("init"),
	LATER("diff"),
	LATER("snapshot"),
	LATER("rollback"),
	LATER("commit"),
	LATER("reset"),
	LATER("cp"),
	LATER("import"),
	LATER("export"),
	END,
};

const struct verb *verbs_all(void)
{
	return table;
}

const struct verb *verbs_find(const char *name)
{
	for (const struct verb *verb = table; verb->name; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}

const struct option *options_global(void)
{
	return global_options;
}

bool verb_is_shown(const struct verb *verb)
{
	return !(verb->flags & (VERB_HIDDEN | VERB_LATER));
}

bool verb_takes(const struct verb *verb, const struct option *global)
{
	if (!verb || strcmp(global->name, "json") != 0)
		return true;
	return verb->flags & (VERB_JSON | VERB_LATER);
}
