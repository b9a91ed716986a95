#include "host/examine.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <string.h>

#define SYSCTL_MAX_BYTES 4096U

int examine_sysctl(const char *proc_sys, const char *name, char **out_text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", proc_sys, name);
	struct err ignored = {0};
	char *text = NULL;

	if (fd_read_file(AT_FDCWD, path, SYSCTL_MAX_BYTES, &text, &ignored) < 0)
		return -1;
	memmove(text, str_trim(text), strlen(str_trim(text)) + 1);
	*out_text = text;
	return 0;
}

int examine_sysctl_number(const char *proc_sys, const char *name, uint64_t *out_value)
{
	AUTO_FREE char *text = NULL;

	if (examine_sysctl(proc_sys, name, &text) < 0)
		return -1;
	return str_to_u64(text, out_value);
}

char *examine_mend_sysctl(const char *setting)
{
	return xasprintf("echo '%s' | sudo tee -a /etc/sysctl.d/60-devbox.conf && "
			 "sudo sysctl --system",
			 setting);
}
