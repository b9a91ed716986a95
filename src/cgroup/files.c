#include "cgroup/files.h"

#include "cgroup/cgroup.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One read(2) is not all of a list that the kernel makes a page at a time, but all of what is
 * shorter than that. */
#define SHORT_MAX 4096
#define SHORT_SURE (SHORT_MAX - 512)

static const struct {
	uint32_t bit;
	const char *name;
} controllers[] = {
	{CGROUP_CPU, "cpu"},       {CGROUP_CPUSET, "cpuset"}, {CGROUP_IO, "io"},
	{CGROUP_MEMORY, "memory"}, {CGROUP_PIDS, "pids"},
};

/* A statistic fits one read(2); a hundred boxes have some two thousand of them. The kernel
 * gives all of a short file at once. Return: NULL: read it the long way. */
static char *read_short(int dir_fd, const char *name)
{
	AUTO_CLOSE int fd =
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[SHORT_MAX];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (len > SHORT_SURE)
		errno = 0;
	if (len < 0 || len > SHORT_SURE)
		return NULL;
	return xstrndup(text, (size_t)len);
}

char *cgroup_file_read(int dir_fd, const char *name)
{
	struct err err = {0};
	char *text = read_short(dir_fd, name);

	if (text || errno == ENOENT)
		return text;
	if (fd_read_file(dir_fd, name, CGROUP_FILE_MAX, &text, &err) < 0) {
		errno = err.code ? err.code : EIO;
		return NULL;
	}
	return text;
}

int cgroup_file_write(int dir_fd, const char *name, const char *value)
{
	AUTO_CLOSE int fd = -1;
	size_t len = strlen(value);
	ssize_t done;

	fd = openat(dir_fd, name, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -1;

	/* One write: the kernel takes each write(2) for a value of its own. */
	do
		done = write(fd, value, len);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -1;

	if ((size_t)done != len) {
		errno = EIO;
		return -1;
	}
	return 0;
}

bool cgroup_file_writable(const char *dir, const char *name)
{
	AUTO_FREE char *path = name ? xasprintf("%s/%s", dir, name) : xstrdup(dir);

	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

bool cgroup_flat_u64(const char *text, const char *key, uint64_t *out)
{
	size_t key_len = strlen(key);
	const char *line = text;

	while (line && *line) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, key, key_len) == 0 && line[key_len] == ' ') {
			AUTO_FREE char *word = NULL;
			const char *value = line + key_len + 1;

			word = xstrndup(value, (size_t)(end - value));
			return str_to_u64(word, out) == 0;
		}
		line = *end ? end + 1 : NULL;
	}
	return false;
}

uint32_t cgroup_controllers_parse(const char *text)
{
	uint32_t found = 0;

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		size_t len = strcspn(text, " \n");

		for (size_t i = 0; i < ARRAY_LEN(controllers); i++)
			if (strlen(controllers[i].name) == len &&
			    strncmp(controllers[i].name, text, len) == 0)
				found |= controllers[i].bit;
		text += len;
	}
	return found;
}

uint32_t cgroup_controllers_read(const char *dir)
{
	AUTO_FREE char *path = xasprintf("%s/cgroup.controllers", dir);
	AUTO_FREE char *text = cgroup_file_read(AT_FDCWD, path);

	return text ? cgroup_controllers_parse(text) : 0;
}

const char *cgroup_controller_name(uint32_t controller)
{
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++)
		if (controllers[i].bit == controller)
			return controllers[i].name;
	return "?";
}

const char *cgroup_controller_names(uint32_t bits, char out[64])
{
	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		size_t used = strlen(out);

		if (bits & controllers[i].bit)
			(void)snprintf(out + used, 64 - used, "%s%s", used ? " " : "",
				       controllers[i].name);
	}
	return out;
}

int64_t cgroup_now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cgroup_sleep_ms(int ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)nanosleep(&pause, NULL);
}

bool cgroup_is_populated(int group_fd)
{
	AUTO_FREE char *events = cgroup_file_read(group_fd, "cgroup.events");
	uint64_t populated = 0;

	return events && cgroup_flat_u64(events, "populated", &populated) && populated != 0;
}
