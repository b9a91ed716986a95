#include "sec/caps.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>

/* Where /proc is not readable: everything up to CHECKPOINT_RESTORE (Linux 5.9). */
#define LAST_KNOWN 40

/* Indexed by number; capabilities(7). */
static const char *const names[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};

_Static_assert(ARRAY_LEN(names) == LAST_KNOWN + 1, "one name per capability");

#define BIT(cap) (UINT64_C(1) << (cap))

uint64_t caps_default(void)
{
	/*
	 * Docker's set without MKNOD (of no use in a user namespace) and AUDIT_WRITE (the audit
	 * system is the host's). Everything else only adds kernel code that a box could attack.
	 */
	return BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) |
	       BIT(CAP_KILL) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) |
	       BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_NET_RAW) | BIT(CAP_SYS_CHROOT) |
	       BIT(CAP_SETFCAP);
}

uint64_t caps_all(void)
{
	AUTO_FREE char *text = NULL;
	uint64_t last = LAST_KNOWN;
	struct err ignored;

	if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 32, &text, &ignored) == 0)
		(void)str_to_u64(str_trim(text), &last);
	if (last > 62)
		last = 62;
	return BIT(last + 1) - 1;
}

int caps_from_name(const char *name, uint64_t *out_mask, struct err *err)
{
	const char *candidates[ARRAY_LEN(names) + 2] = {0};
	const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
	AUTO_FREE char *upper = xstrdup(bare);
	const char *nearest;

	if (strcasecmp(bare, "ALL") == 0) {
		*out_mask = caps_all();
		return 0;
	}

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (strcasecmp(bare, names[i]) == 0) {
			*out_mask = BIT(i);
			return 0;
		}
		candidates[i] = names[i];
	}

	candidates[ARRAY_LEN(names)] = "ALL";
	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	nearest = str_nearest(upper, candidates);
	err_set(err, "unknown capability '%s'", name);
	if (nearest)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(err, "capabilities(7) lists the names");
}

const char *caps_name(int number)
{
	if (number < 0 || (size_t)number >= ARRAY_LEN(names))
		return NULL;
	return names[number];
}
