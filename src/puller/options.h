#ifndef PULLER_OPTIONS_H
#define PULLER_OPTIONS_H

#include "layer/layer.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

enum puller_verb { PULLER_PULL, PULLER_LOAD, PULLER_SAVE };
enum save_format { SAVE_OCI_ARCHIVE, SAVE_OCI, SAVE_DOCKER_ARCHIVE };

/**
 * struct puller_options - the command line; owned
 *
 *   pull [--always] [--insecure] [--platform P] REFERENCE
 *   load [--always] [--names] [--platform P] SOURCE
 *   save [--format oci-archive|oci|docker-archive] [--compress gzip|zstd|none] --output FILE
 * IMAGE...
 *
 * and for all --data DIR, --userns FD.
 * @data:	NULL: as the XDG variables say
 * @platform:	NULL: of this machine
 * @always:	ask the source even when the image is here
 * @names:	what an archive calls its images become names here, too
 * @userns_fd:	PULLER_USERNS_FD, or -1
 * @output:	"-": standard output
 * @compression: gzip when nothing was said, none for docker-archive
 */
struct puller_options {
	enum puller_verb verb;
	char *data;
	char *platform;
	char *output;
	bool always;
	bool insecure;
	bool names;
	int userns_fd;
	enum save_format format;
	enum layer_compression compression;
	struct strv operands;
};

/** puller_options_parse() - @argv: NULL-terminated, without the program's name. */
int puller_options_parse(const char *const *argv, struct puller_options *out_options,
			 struct err *err);
void puller_options_done(struct puller_options *options);

#endif
