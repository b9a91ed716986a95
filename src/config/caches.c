#include "config/caches.h"

#include <stddef.h>
#include <string.h>

/* apt locks its lists and archives against itself, and waits for nobody. The others lock file
 * by file, or add files under names of their content. */
static const struct cache_word table[] = {
	{"apt", true, {"apt", "apt-lists"}, {"/var/cache/apt", "/var/lib/apt/lists"}},
	{"dnf", true, {"dnf", "dnf5"}, {"/var/cache/dnf", "/var/cache/libdnf5"}},
	{"apk", true, {"apk"}, {"/var/cache/apk"}},
	{"pacman", true, {"pacman"}, {"/var/cache/pacman/pkg"}},
	{"pip", false, {"pip"}, {"/root/.cache/pip"}},
	{"npm", false, {"npm"}, {"/root/.npm"}},
	{"cargo",
	 false,
	 {"cargo-registry", "cargo-git"},
	 {"/root/.cargo/registry", "/root/.cargo/git"}},
	{"go", false, {"go-mod", "go-build"}, {"/root/go/pkg/mod", "/root/.cache/go-build"}},
	{"ccache", false, {"ccache"}, {"/root/.cache/ccache"}},
	{NULL, false, {NULL}, {NULL}},
};

const struct cache_word *cache_words(void)
{
	return table;
}

const struct cache_word *cache_word_find(const char *word)
{
	for (const struct cache_word *w = table; w->word; w++)
		if (strcmp(w->word, word) == 0)
			return w;
	return NULL;
}

const struct cache_word *cache_word_of_dir(const char *dir, int *out_index)
{
	for (const struct cache_word *w = table; w->word; w++) {
		for (int i = 0; w->dirs[i]; i++) {
			if (strcmp(w->dirs[i], dir) == 0) {
				*out_index = i;
				return w;
			}
		}
	}
	return NULL;
}
