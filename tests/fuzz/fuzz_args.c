#include "cli/args.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A command line, a word a line: it is refused with a reason, or what it gives is whole. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	char *argv[WORDS_MAX + 1] = {NULL};
	char *rest = text;
	struct args args;
	struct err err = {0};
	int argc = 0;

	while (argc < WORDS_MAX && (argv[argc] = strsep(&rest, "\n")))
		argc++;
	argv[argc] = NULL;
	if (args_parse(argc, argv, &args, &err) < 0) {
		if (!*err.message)
			abort();
	} else {
		for (size_t i = 0; i < args.given_count; i++)
			if (!args.given[i].option->argument != !args.given[i].value)
				abort();
		if (args.words.count && !args.verb)
			abort();
	}
	args_done(&args);
	return 0;
}
