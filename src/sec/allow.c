#include "sec/allow.h"

#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define NUMBERS_MAX 1024

#define NAMESPACES                                                                  \
	(0x80U /* CLONE_NEWTIME */ | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
	 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))

/* Where clone(2) has its flags, and which half of an argument the filter can test. */
#ifdef __s390__
#define FLAGS_ARGUMENT 1
#else
#define FLAGS_ARGUMENT 0
#endif
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif

struct program {
	struct sock_filter *code;
	size_t len;
};

static void put(struct program *p, unsigned short code, uint32_t k, uint8_t yes, uint8_t no)
{
	p->code[p->len++] = (struct sock_filter){code, yes, no, k};
}

static void put_load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* "When the number is @number then @action." */
static void put_case(struct program *p, int number, uint32_t action)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
	put_return(p, action);
}

static void put_begin(struct program *p)
{
	put_load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, syscalls_audit_arch(syscalls_native()), 1, 0);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	put_load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	put(p, BPF_JMP | BPF_JSET | BPF_K, SYSCALLS_X32_BIT, 0, 1);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
#endif
}

static void put_threads(struct program *p)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
	put_load(p, offsetof(struct seccomp_data, args[FLAGS_ARGUMENT]) + LOW_HALF);
	put(p, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 2, 0);
	put(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	put_return(p, SECCOMP_RET_ALLOW);
}

static void put_all(struct program *p, const int *numbers, size_t count)
{
	bool makes_threads = false;

	put_begin(p);
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] == SYS_clone)
			makes_threads = true;
		else
			put_case(p, numbers[i], SECCOMP_RET_ALLOW);
	}
	put_case(p, SYS_clone3, REFUSE(ENOSYS));
	/* Last: it loads an argument over the number. */
	if (makes_threads)
		put_threads(p);
	put_return(p, REFUSE(EPERM));
}

static int load(const struct program *p, unsigned long flags)
{
	struct sock_fprog fprog = {.len = (unsigned short)p->len, .filter = p->code};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
}

int sec_allow_only(const int *numbers, size_t count, struct err *err)
{
	AUTO_FREE struct sock_filter *code = NULL;
	struct program p = {0};

	if (count > NUMBERS_MAX)
		return err_set(err, "too many system calls for one filter");
	code = xmalloc((2 * count + 16) * sizeof(*code));
	p.code = code;
	put_all(&p, numbers, count);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, "set no_new_privs");
	/* Without SPEC_ALLOW the kernel turns speculation mitigations on, which cost every
	 * branch; before Linux 4.17 it does not know the flag. */
	if (load(&p, SECCOMP_FILTER_FLAG_SPEC_ALLOW) == 0 ||
	    (errno == EINVAL && load(&p, 0) == 0))
		return 0;
	return err_sys(err, "load the seccomp filter");
}
