#ifndef UTIL_CLEANUP_H
#define UTIL_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Memory and descriptors are released by scope; `steal` hands ownership out. */

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

#define AUTO_FREE __attribute__((cleanup(cleanup_free)))
#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))
#define AUTO_FCLOSE __attribute__((cleanup(cleanup_fclose)))
#define AUTO_CLOSEDIR __attribute__((cleanup(cleanup_closedir)))

/** steal_fd() - take a descriptor out of its scope; leaves -1 behind. */
static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/** STEAL() - take a pointer out of its scope; leaves NULL behind. */
#define STEAL(p)                                 \
	__extension__({                          \
		__typeof__(p) steal_taken = (p); \
		(p) = NULL;                      \
		steal_taken;                     \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
