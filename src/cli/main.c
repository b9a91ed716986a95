#include "cli/cli.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

/*
 * A descriptor we open must never get a standard number by chance. Output that nobody can
 * read is still an error: what stands in for stdout cannot be written to.
 */
static int open_standard(void)
{
	static const int modes[] = {O_RDWR, O_RDONLY, O_RDWR};

	for (int fd = 0; fd < (int)ARRAY_LEN(modes); fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* Those below are open: this gets the lowest free number. */
		/* NOLINTNEXTLINE(android-cloexec-open): it is handed to every program. */
		if (open("/dev/null", modes[fd]) != fd)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (open_standard() < 0)
		return EXIT_FAILED;
	/* What our caller left open is nobody's business in a box. */
	fd_cloexec_all();
	/* Its environment and its paths are the caller's: it must have no more rights. */
	if (getuid() != geteuid() || getgid() != getegid() || getauxval(AT_SECURE)) {
		(void)fputs("devbox: refuses to run setuid or with file capabilities\n"
			    "  hint: chmod u-s,g-s it; it needs no privileges\n",
			    stderr);
		return EXIT_FAILED;
	}
	return cli_main(argc, argv);
}
