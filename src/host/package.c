#include "host/examine.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <string.h>

#define OS_RELEASE_MAX_BYTES 65536U

enum package_tool { APT, DNF, PACMAN, ZYPPER, APK, TOOL_COUNT };

static const char *const install_commands[TOOL_COUNT] = {
	[APT] = "sudo apt-get install", [DNF] = "sudo dnf install",
	[PACMAN] = "sudo pacman -S",    [ZYPPER] = "sudo zypper install",
	[APK] = "sudo apk add",
};

/* Words of ID= and ID_LIKE= in os-release(5). */
static const struct {
	const char *id;
	enum package_tool tool;
} distributions[] = {
	{"debian", APT},  {"ubuntu", APT},      {"fedora", DNF},
	{"rhel", DNF},    {"centos", DNF},      {"arch", PACMAN},
	{"suse", ZYPPER}, {"opensuse", ZYPPER}, {"alpine", APK},
};

/* Packages that are called otherwise than their program. */
static const struct {
	const char *program;
	const char *packages[TOOL_COUNT];
} odd_names[] = {
	{"newuidmap", {"uidmap", "shadow-utils", "shadow", "shadow", "shadow-subids"}},
	{"newgidmap", {"uidmap", "shadow-utils", "shadow", "shadow", "shadow-subids"}},
};

static bool tool_of(const char *id, enum package_tool *out_tool)
{
	for (size_t i = 0; i < ARRAY_LEN(distributions); i++) {
		if (!str_starts(id, distributions[i].id))
			continue;
		*out_tool = distributions[i].tool;
		return true;
	}
	return false;
}

/* ID is meant before ID_LIKE, whatever their order in the file. */
static bool find_tool(char *os_release, enum package_tool *out_tool)
{
	bool is_found = false;
	char *line;

	while ((line = strsep(&os_release, "\n")) != NULL) {
		const bool is_id = str_starts(line, "ID=");
		const char *word;

		if (!is_id && (is_found || !str_starts(line, "ID_LIKE=")))
			continue;
		line = strchr(line, '=') + 1;
		while ((word = strsep(&line, " \"'")) != NULL) {
			if (!*word || !tool_of(word, out_tool))
				continue;
			if (is_id)
				return true;
			is_found = true;
			break;
		}
	}
	return is_found;
}

static const char *package_name(const char *program, enum package_tool tool)
{
	for (size_t i = 0; i < ARRAY_LEN(odd_names); i++)
		if (str_eq(odd_names[i].program, program))
			return odd_names[i].packages[tool];
	return program;
}

char *examine_install(const char *etc, const char *program)
{
	AUTO_FREE char *path = xasprintf("%s/os-release", etc);
	AUTO_FREE char *text = NULL;
	struct err ignored = {0};
	enum package_tool tool;

	if (fd_read_file(AT_FDCWD, path, OS_RELEASE_MAX_BYTES, &text, &ignored) == 0 &&
	    find_tool(text, &tool))
		return xasprintf("%s %s", install_commands[tool], package_name(program, tool));
	return xasprintf("Debian, Ubuntu: %s %s\nFedora: %s %s", install_commands[APT],
			 package_name(program, APT), install_commands[DNF],
			 package_name(program, DNF));
}
