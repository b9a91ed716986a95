#if defined(__x86_64__) || defined(__aarch64__)

#include "util/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/*
 * The few functions of a C library that devbox-init uses. It is copied into memory and executed
 * at every start and every `exec`: with a static glibc it is forty times as large, and takes
 * longer to begin than to do its work. One thread, no heap, no stdio. Other architectures link
 * the C library.
 */

static int error_number;

int *__errno_location(void)
{
	return &error_number;
}

static long finish(long result)
{
	if (result < 0 && result > -4096) {
		error_number = (int)-result;
		return -1;
	}
	return result;
}

#if defined(__x86_64__)

/* The kernel enters with argc at the stack pointer and argv after it. */
__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call tiny_start\n"
	"	hlt\n");

#else

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl tiny_start\n"
	"	brk #1\n");

#endif

int main(int argc, char **argv);
void tiny_start(long *stack);

void tiny_start(long *stack)
{
	_exit(main((int)stack[0], (char **)(stack + 1)));
}

long syscall(long number, ...)
{
	long args[6];
	va_list list;
	int i;

	va_start(list, number);
	for (i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	return finish(raw_call(number, args[0], args[1], args[2], args[3], args[4], args[5]));
}

/* --- memory and strings; the compiler may call these by itself --- */

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	while (n-- > 0)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	unsigned char *t = to;

	while (n-- > 0)
		*t++ = (unsigned char)byte;
	return to;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return (size_t)(end - s);
}

char *strchrnul(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)(uintptr_t)s;
}

char *strchr(const char *s, int c)
{
	char *found = strchrnul(s, c);

	return *found == (char)c ? found : NULL;
}

/* --- system calls under their names --- */

void _exit(int status)
{
	(void)raw_call(SYS_exit_group, status, 0, 0, 0, 0, 0);
	(void)raw_call(SYS_exit, status, 0, 0, 0, 0, 0);
	/* A seccomp profile may refuse even these. */
	__builtin_trap();
}

ssize_t read(int fd, void *data, size_t n)
{
	return finish(raw_call(SYS_read, fd, (long)data, (long)n, 0, 0, 0));
}

ssize_t write(int fd, const void *data, size_t n)
{
	return finish(raw_call(SYS_write, fd, (long)data, (long)n, 0, 0, 0));
}

int close(int fd)
{
	return (int)finish(raw_call(SYS_close, fd, 0, 0, 0, 0, 0));
}

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list list;

	va_start(list, flags);
	mode = va_arg(list, mode_t);
	va_end(list);
	return (int)finish(raw_call(SYS_openat, AT_FDCWD, (long)path, flags, (long)mode, 0, 0));
}

int dup2(int from, int to)
{
	return from == to ? to : (int)finish(raw_call(SYS_dup3, from, to, 0, 0, 0, 0));
}

int fcntl(int fd, int command, ...)
{
	long argument;
	va_list list;

	va_start(list, command);
	argument = va_arg(list, long);
	va_end(list);
	return (int)finish(raw_call(SYS_fcntl, fd, command, argument, 0, 0, 0));
}

int ioctl(int fd, unsigned long request, ...)
{
	long argument;
	va_list list;

	va_start(list, request);
	argument = va_arg(list, long);
	va_end(list);
	return (int)finish(raw_call(SYS_ioctl, fd, (long)request, argument, 0, 0, 0));
}

int pipe2(int fds[2], int flags)
{
	return (int)finish(raw_call(SYS_pipe2, (long)fds, flags, 0, 0, 0, 0));
}

int fstat(int fd, struct stat *st)
{
	return (int)finish(raw_call(SYS_fstat, fd, (long)st, 0, 0, 0, 0));
}

int fstatfs(int fd, struct statfs *fs)
{
	return (int)finish(raw_call(SYS_fstatfs, fd, (long)fs, 0, 0, 0, 0));
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)finish(raw_call(SYS_fchown, fd, (long)uid, (long)gid, 0, 0, 0));
}

int chdir(const char *path)
{
	return (int)finish(raw_call(SYS_chdir, (long)path, 0, 0, 0, 0, 0));
}

int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data)
{
	return (int)finish(raw_call(SYS_mount, (long)source, (long)target, (long)type,
				    (long)flags, (long)data, 0));
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return (void *)finish(
		raw_call(SYS_mmap, (long)address, (long)size, protection, flags, fd, offset));
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)finish(raw_call(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0, 0));
}

pid_t fork(void)
{
	return (pid_t)finish(raw_call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0));
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return (pid_t)finish(raw_call(SYS_wait4, pid, (long)status, options, 0, 0, 0));
}

int kill(pid_t pid, int signal)
{
	return (int)finish(raw_call(SYS_kill, pid, signal, 0, 0, 0, 0));
}

pid_t getpid(void)
{
	return (pid_t)raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

pid_t setsid(void)
{
	return (pid_t)finish(raw_call(SYS_setsid, 0, 0, 0, 0, 0, 0));
}

int setpgid(pid_t pid, pid_t group)
{
	return (int)finish(raw_call(SYS_setpgid, pid, group, 0, 0, 0, 0));
}

int tcsetpgrp(int fd, pid_t group)
{
	return ioctl(fd, TIOCSPGRP, &group);
}

int prctl(int option, ...)
{
	long args[4];
	va_list list;
	int i;

	va_start(list, option);
	for (i = 0; i < 4; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	return (int)finish(raw_call(SYS_prctl, option, args[0], args[1], args[2], args[3], 0));
}

/* The kernel's signal sets are 64 bits, the library's are longer: the first word is the set. */
int sigemptyset(sigset_t *set)
{
	memset(set, 0, sizeof(*set));
	return 0;
}

int sigfillset(sigset_t *set)
{
	memset(set, 0xff, sizeof(*set));
	return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return (int)finish(raw_call(SYS_rt_sigprocmask, how, (long)set, (long)old, 8, 0, 0));
}

/* Only SIG_DFL and SIG_IGN: a handler would need a way back. */
__sighandler_t signal(int number, __sighandler_t handler)
{
	const struct {
		__sighandler_t handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} action = {.handler = handler};

	return finish(raw_call(SYS_rt_sigaction, number, (long)&action, 0, 8, 0, 0)) < 0
		       ? SIG_ERR
		       : SIG_DFL;
}

int signalfd(int fd, const sigset_t *set, int flags)
{
	return (int)finish(raw_call(SYS_signalfd4, fd, (long)set, 8, flags, 0, 0));
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec timeout = {.tv_sec = timeout_ms / 1000,
				   .tv_nsec = timeout_ms % 1000 * 1000000L};

	return (int)finish(raw_call(SYS_ppoll, (long)fds, (long)n,
				    timeout_ms < 0 ? 0 : (long)&timeout, 0, 8, 0));
}

int socket(int domain, int type, int protocol)
{
	return (int)finish(raw_call(SYS_socket, domain, type, protocol, 0, 0, 0));
}

ssize_t recv(int fd, void *data, size_t n, int flags)
{
	return finish(raw_call(SYS_recvfrom, fd, (long)data, (long)n, flags, 0, 0));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return finish(raw_call(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0));
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	return (int)finish(raw_call(SYS_nanosleep, (long)wanted, (long)left, 0, 0, 0, 0));
}

time_t time(time_t *out)
{
	struct timespec now = {0};

	(void)raw_call(SYS_clock_gettime, CLOCK_REALTIME, (long)&now, 0, 0, 0, 0);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

#endif
