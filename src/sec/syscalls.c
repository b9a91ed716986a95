#include "sec/syscalls.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

/* Since Linux 5.1 a new call has one number on all architectures. */
static const struct {
	const char *name;
	int number;
} newer[] = {
	{"futex_waitv", 449},       {"set_mempolicy_home_node", 450},
	{"cachestat", 451},         {"fchmodat2", 452},
	{"map_shadow_stack", 453},  {"futex_wake", 454},
	{"futex_wait", 455},        {"futex_requeue", 456},
	{"statmount", 457},         {"listmount", 458},
	{"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460},
	{"lsm_list_modules", 461},  {"mseal", 462},
	{"setxattrat", 463},        {"getxattrat", 464},
	{"listxattrat", 465},       {"removexattrat", 466},
	{"open_tree_attr", 467},    {"file_getattr", 468},
	{"file_setattr", 469},
};

/* Made by trampolines that the kernel itself puts into a traced program. */
static const struct {
	const char *name;
	int number;
} newer_x86_64[] = {
	{"uretprobe", 335},
	{"uprobe", 336},
};

/* libseccomp's stand-ins for calls that go through socketcall(2) and ipc(2): -100 - sub, -200 -
 * sub. */
#define MUX_SOCKET_FIRST (-101)
#define MUX_SOCKET_LAST (-120)
#define MUX_IPC_FIRST (-201)
#define MUX_IPC_LAST (-224)

/* x86, s390 and powerpc got direct calls later; they lie here. */
#define DIRECT_FIRST 326
#define DIRECT_END 403

static int newer_number(uint32_t arch, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(newer); i++) {
		if (str_eq(name, newer[i].name))
			return newer[i].number |
			       (arch == SCMP_ARCH_X32 ? (int)SYSCALLS_X32_BIT : 0);
	}
	for (size_t i = 0; arch == SCMP_ARCH_X86_64 && i < ARRAY_LEN(newer_x86_64); i++) {
		if (str_eq(name, newer_x86_64[i].name))
			return newer_x86_64[i].number;
	}
	return -1;
}

/* The number that libseccomp hides behind a stand-in. */
static int direct_number(uint32_t arch, const char *name)
{
	for (int number = DIRECT_FIRST; number < DIRECT_END; number++) {
		AUTO_FREE char *found = seccomp_syscall_resolve_num_arch(arch, number);

		if (str_eq(found, name))
			return number;
	}
	return -1;
}

struct callnum syscalls_number(uint32_t arch, const char *name)
{
	struct callnum call = {.direct = -1, .mux = -1};
	int number = seccomp_syscall_resolve_name_arch(arch, name);
	const char *mux = NULL;

	if (number == __NR_SCMP_ERROR)
		number = newer_number(arch, name);
	if (number >= 0) {
		call.direct = number;
		return call;
	}

	if (number <= MUX_SOCKET_FIRST && number >= MUX_SOCKET_LAST)
		mux = "socketcall";
	else if (number <= MUX_IPC_FIRST && number >= MUX_IPC_LAST)
		mux = "ipc";
	if (!mux)
		return call;

	call.direct = direct_number(arch, name);
	call.mux = seccomp_syscall_resolve_name_arch(arch, mux);
	call.mux_sub = (uint32_t)-number % 100;
	call.mux_mask = str_eq(mux, "ipc") ? 0xffff : UINT32_MAX; /* above it: ipc's version */
	if (call.mux < 0)
		call.mux = -1;
	return call;
}

static const char *newer_name(uint32_t arch, int64_t number)
{
	int64_t plain = arch == SCMP_ARCH_X32 ? number & ~(int64_t)SYSCALLS_X32_BIT : number;

	for (size_t i = 0; i < ARRAY_LEN(newer); i++) {
		if (newer[i].number == plain)
			return newer[i].name;
	}
	for (size_t i = 0; arch == SCMP_ARCH_X86_64 && i < ARRAY_LEN(newer_x86_64); i++) {
		if (newer_x86_64[i].number == number)
			return newer_x86_64[i].name;
	}
	return NULL;
}

char *syscalls_name(uint32_t arch, int64_t number)
{
	const char *name = newer_name(arch, number);
	char *found;

	if (name)
		return xstrdup(name);
	found = seccomp_syscall_resolve_num_arch(arch, (int)number);
	return found ? found : xasprintf("call %lld", (long long)number);
}

uint32_t syscalls_native(void)
{
	return seccomp_arch_native();
}

uint32_t syscalls_x32(void)
{
	return SCMP_ARCH_X32;
}

uint32_t syscalls_arch(const char *name)
{
	AUTO_FREE char *lower = NULL;

	if (!str_starts(name, "SCMP_ARCH_"))
		return 0;
	lower = xstrdup(name + strlen("SCMP_ARCH_"));
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return seccomp_arch_resolve_name(lower);
}

uint32_t syscalls_audit_arch(uint32_t arch)
{
	return arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch;
}

const char *syscalls_go_arch(void)
{
	static const struct {
		uint32_t arch;
		const char *name;
	} names[] = {
		{SCMP_ARCH_X86_64, "amd64"},      {SCMP_ARCH_X86, "x86"},
		{SCMP_ARCH_X32, "x32"},           {SCMP_ARCH_AARCH64, "arm64"},
		{SCMP_ARCH_ARM, "arm"},           {SCMP_ARCH_RISCV64, "riscv64"},
		{SCMP_ARCH_PPC64LE, "ppc64le"},   {SCMP_ARCH_PPC64, "ppc64"},
		{SCMP_ARCH_S390X, "s390x"},       {SCMP_ARCH_S390, "s390"},
		{SCMP_ARCH_MIPSEL64, "mips64le"}, {SCMP_ARCH_MIPS64, "mips64"},
		{SCMP_ARCH_MIPSEL, "mipsle"},     {SCMP_ARCH_MIPS, "mips"},
	};
	uint32_t native = syscalls_native();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].arch == native)
			return names[i].name;
	}
	return "unknown";
}

const char *syscalls_library(char out[32])
{
	const struct scmp_version *v = seccomp_version();

	(void)snprintf(out, 32, "%u.%u.%u", v->major, v->minor, v->micro);
	return out;
}

int syscalls_errno(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} aliases[] = {
		{"EWOULDBLOCK", EWOULDBLOCK},
		{"EDEADLOCK", EDEADLOCK},
		{"ENOTSUP", ENOTSUP},
	};

	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (str_eq(name, aliases[i].name))
			return aliases[i].number;
	}
	for (int number = 1; number <= EHWPOISON; number++) {
		if (str_eq(name, strerrorname_np(number)))
			return number;
	}
	return -1;
}

const char *syscalls_errno_name(int number)
{
	return strerrorname_np(number);
}
