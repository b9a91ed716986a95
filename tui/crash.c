#include "tui/loop.h"

#include "util/cleanup.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#define STACK_BYTES 16384

/* A signal handler is given nothing: what it needs has to lie here. */
static struct {
	struct termios modes;
	int has_modes;
	char stack[STACK_BYTES];
} guard;

static void give_back(int number)
{
	/* Leave the other screen, show the cursor, no mouse, no attributes. */
	static const char words[] =
		"\033[?1049l\033[?25h\033[?1000l\033[?1002l\033[?1006l\033[0m"
		"\r\n";

	if (write(STDOUT_FILENO, words, sizeof(words) - 1) < 0) {
		/* There is nobody to tell. */
	}
	if (guard.has_modes)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &guard.modes);
	/* SA_RESETHAND: this time it ends us. */
	(void)raise(number);
}

void crash_guard(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	const stack_t stack = {.ss_sp = guard.stack, .ss_size = sizeof(guard.stack)};
	struct sigaction action = {.sa_handler = give_back,
				   .sa_flags = SA_ONSTACK | SA_NODEFER | (int)SA_RESETHAND};

	guard.has_modes = tcgetattr(STDIN_FILENO, &guard.modes) == 0;
	(void)sigaltstack(&stack, NULL);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
}
