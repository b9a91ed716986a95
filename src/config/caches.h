#ifndef CONFIG_CACHES_H
#define CONFIG_CACHES_H

#include <stdbool.h>

#define CACHE_DIRS_MAX 3

/**
 * struct cache_word - a short word for the folders a tool keeps downloads in
 * @names, @dirs: name of the shared folder, and where it is mounted; ended by NULL
 * @is_exclusive: only one may use it at a time
 */
struct cache_word {
	const char *word;
	bool is_exclusive;
	const char *names[CACHE_DIRS_MAX + 1];
	const char *dirs[CACHE_DIRS_MAX + 1];
};

/** cache_words() - all of them, ended by a NULL word. */
const struct cache_word *cache_words(void);
/** cache_word_find() - NULL when it is none. */
const struct cache_word *cache_word_find(const char *word);
/** cache_word_of_dir() - the one that has @dir, and its place there; NULL: none has. */
const struct cache_word *cache_word_of_dir(const char *dir, int *out_index);

#endif
