#include "puller/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

void signals_hold(struct signals *signals)
{
	sigset_t ours;

	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &ours, &signals->before);
	signals->fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool signals_came(const struct signals *signals)
{
	struct signalfd_siginfo info;

	return signals->fd >= 0 && read(signals->fd, &info, sizeof(info)) > 0;
}

void signals_release(struct signals *signals)
{
	if (signals->fd >= 0)
		(void)close(signals->fd);
	signals->fd = -1;
	(void)sigprocmask(SIG_SETMASK, &signals->before, NULL);
}
