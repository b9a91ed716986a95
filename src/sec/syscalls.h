#ifndef SEC_SYSCALLS_H
#define SEC_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Names and numbers of system calls and architectures: libseccomp's tables, and ours for calls
 * newer than the libseccomp at hand. Architectures are libseccomp's tokens, which are
 * AUDIT_ARCH_* values but for x32.
 */

/**
 * struct callnum - by which numbers a call can be made
 * @direct:	its own number, -1 when the architecture has none
 * @mux:	number of socketcall(2) or ipc(2) when the call can be made through it, else -1
 * @mux_sub:	the first argument of @mux that stands for the call, in the bits @mux_mask
 */
struct callnum {
	int64_t direct;
	int64_t mux;
	uint32_t mux_sub;
	uint32_t mux_mask;
};

/** syscalls_number() - numbers of @name; both -1 when the architecture has no such call. */
struct callnum syscalls_number(uint32_t arch, const char *name);

/** syscalls_name() - name of a number, "call 999" when unknown. free() it. */
char *syscalls_name(uint32_t arch, int64_t number);

/** syscalls_native() - this machine's architecture. */
uint32_t syscalls_native(void);

/** syscalls_x32() - the x32 architecture. */
uint32_t syscalls_x32(void);

/** syscalls_arch() - token of "SCMP_ARCH_X86_64"; 0 when unknown. */
uint32_t syscalls_arch(const char *name);

/** syscalls_audit_arch() - what the kernel reports in seccomp_data.arch for @arch. */
uint32_t syscalls_audit_arch(uint32_t arch);

#define SYSCALLS_X32_BIT UINT32_C(0x40000000)

/** syscalls_go_arch() - the native architecture as Docker's includes.arches spell it: "amd64".
 */
const char *syscalls_go_arch(void);

/** syscalls_library() - version of libseccomp, "2.5.4". */
const char *syscalls_library(char out[32]);

/** syscalls_errno() - number of "EPERM"; -1 when unknown. */
int syscalls_errno(const char *name);

/** syscalls_errno_name() - "EPERM" for 1, NULL when unknown. */
const char *syscalls_errno_name(int number);

#endif
