#include "puller/puller.h"

#include "store/dirs.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int run_verb(struct puller *puller, const struct reference *reference, struct err *err)
{
	int here = 0;

	if (!puller->options.always)
		here = intake_here(puller, reference, err);
	if (here != 0)
		return here < 0 ? -1 : 0;
	switch (reference->source) {
	case IMAGE_REGISTRY:
		if (puller->options.verb != PULLER_PULL)
			return err_set(err, "'%s' is in a registry: pull it", reference->text);
		return puller_pull(puller, reference, err);
	case IMAGE_OCI_DIR:
	case IMAGE_OCI_ARCHIVE:
	case IMAGE_DOCKER_ARCHIVE:
	case IMAGE_TAR:
		if (puller->options.verb != PULLER_LOAD)
			return err_set(err, "'%s' is not in a registry: load it",
				       reference->text);
		return puller_load(puller, reference, err);
	case IMAGE_HOST:
	case IMAGE_ROOTFS:
		break;
	}
	return err_set(err, "'%s' is used where it is: there is nothing to fetch",
		       reference->text);
}

static int open_store(struct puller *puller, struct err *err)
{
	struct dirs dirs;
	int rc;

	if (puller->options.data)
		return image_store_open(puller->options.data, true, &puller->store, err);
	if (dirs_get(&puller->env, puller->home, &dirs, err) < 0)
		return -1;
	rc = image_store_open(dirs.data, true, &puller->store, err);
	dirs_done(&dirs);
	return rc;
}

static int run(struct puller *puller, struct err *err)
{
	AUTO_FREE char *folder = getcwd(NULL, 0);
	struct reference reference;
	int rc;

	if (open_store(puller, err) < 0)
		return -1;
	if (puller->options.verb == PULLER_SAVE)
		return puller_save(puller, err);
	if (reference_parse(puller->options.operands.items[0], folder, &reference, err) < 0)
		return -1;
	rc = run_verb(puller, &reference, err);
	reference_done(&reference);
	return rc;
}

static void close_all(struct puller *puller)
{
	image_store_close(&puller->store);
	puller_options_done(&puller->options);
	strv_done(&puller->env);
	free(puller->home);
}

int main(int argc, char **argv)
{
	struct puller puller = {.report = {.fd = PULLER_STATUS_FD}, .store = {.fd = -1}};
	struct err err;
	int rc;

	/* Names of files are bytes; in the C locale libarchive loses some. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0022);
	fd_cloexec_all();
	if (argc > 1 && strcmp(argv[1], WORKER_VERB) == 0)
		worker_main(argv + 2);
	for (char **item = environ; *item; item++)
		strv_add(&puller.env, *item);
	puller.home = xstrdup(env_get(&puller.env, "HOME"));
	rc = puller_options_parse((const char *const *)(uintptr_t)(argv + 1), &puller.options,
				  &err);
	if (rc == 0)
		rc = run(&puller, &err);
	if (rc < 0)
		report_failed(&puller.report, &err);
	close_all(&puller);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
