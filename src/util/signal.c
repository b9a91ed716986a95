#include "util/proc.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"SIGHUP", SIGHUP},
	{"SIGINT", SIGINT},
	{"SIGQUIT", SIGQUIT},
	{"SIGILL", SIGILL},
	{"SIGTRAP", SIGTRAP},
	{"SIGABRT", SIGABRT},
	{"SIGBUS", SIGBUS},
	{"SIGFPE", SIGFPE},
	{"SIGKILL", SIGKILL},
	{"SIGUSR1", SIGUSR1},
	{"SIGSEGV", SIGSEGV},
	{"SIGUSR2", SIGUSR2},
	{"SIGPIPE", SIGPIPE},
	{"SIGALRM", SIGALRM},
	{"SIGTERM", SIGTERM},
	{"SIGSTKFLT", SIGSTKFLT},
	{"SIGCHLD", SIGCHLD},
	{"SIGCONT", SIGCONT},
	{"SIGSTOP", SIGSTOP},
	{"SIGTSTP", SIGTSTP},
	{"SIGTTIN", SIGTTIN},
	{"SIGTTOU", SIGTTOU},
	{"SIGURG", SIGURG},
	{"SIGXCPU", SIGXCPU},
	{"SIGXFSZ", SIGXFSZ},
	{"SIGVTALRM", SIGVTALRM},
	{"SIGPROF", SIGPROF},
	{"SIGWINCH", SIGWINCH},
	{"SIGIO", SIGIO},
	{"SIGPWR", SIGPWR},
	{"SIGSYS", SIGSYS},
	/* Other names of the same numbers; signal_name() gives the first. */
	{"SIGIOT", SIGIOT},
	{"SIGPOLL", SIGPOLL},
};

/* "RTMIN", "RTMIN+3", "RTMAX-1": images that run systemd stop on SIGRTMIN+3. */
static int real_time_signal(const char *name)
{
	bool from_top = strncasecmp(name, "RTMAX", 5) == 0;
	uint64_t offset = 0;

	if (!from_top && strncasecmp(name, "RTMIN", 5) != 0)
		return -1;
	name += 5;
	if (*name) {
		if (*name != (from_top ? '-' : '+') || str_to_u64(name + 1, &offset) < 0)
			return -1;
		if (offset > (uint64_t)(SIGRTMAX - SIGRTMIN))
			return -1;
	}
	return from_top ? SIGRTMAX - (int)offset : SIGRTMIN + (int)offset;
}

int signal_from_name(const char *name)
{
	uint64_t number;

	if (str_to_u64(name, &number) == 0)
		return number >= 1 && number <= (uint64_t)SIGRTMAX ? (int)number : -1;

	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (strcasecmp(name, signals[i].name + 3) == 0)
			return signals[i].number;
	return real_time_signal(name);
}

const char *signal_name(int number)
{
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (signals[i].number == number)
			return signals[i].name;
	return NULL;
}
