#ifndef TESTS_HOSTILE_TREE_H
#define TESTS_HOSTILE_TREE_H

#include "util/cleanup.h"
#include "util/path.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * A root that means ill, and the canary it is after:
 *
 *	TOP/outside/canary	must never be reached
 *	TOP/root/...		the root
 */
struct tree {
	char *top;
	int top_fd;
	int root_fd;
};

static inline void tree_file(int dir_fd, const char *path, const char *text)
{
	AUTO_CLOSE int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static inline void tree_dir(int dir_fd, const char *path)
{
	assert_int_equal(mkdirat(dir_fd, path, 0755), 0);
}

static inline void tree_link(const struct tree *tree, const char *target, const char *path)
{
	assert_int_equal(symlinkat(target, tree->root_fd, path), 0);
}

/* A link to TOP/<rest> by its real absolute path. */
static inline void tree_link_out(const struct tree *tree, const char *rest, const char *path)
{
	AUTO_FREE char *target = path_join(tree->top, rest);

	tree_link(tree, target, path);
}

static inline void tree_fill(const struct tree *tree)
{
	static const char up[] = "../../../../../../../../../../../../../../../..";
	AUTO_FREE char *chain = xasprintf("%s%s/outside/canary", up, tree->top);
	int root = tree->root_fd;

	tree_dir(root, "etc");
	tree_dir(root, "a");
	tree_dir(root, "a/b");
	tree_dir(root, "a/b/c");
	tree_file(root, "a/b/c/file", "deep");
	tree_file(root, "etc/passwd", "inside");
	tree_file(root, "file", "top");
	assert_int_equal(mkfifoat(root, "fifo", 0644), 0);

	tree_link_out(tree, "outside/canary", "etc/absolute");
	tree_link(tree, "../../outside/canary", "etc/relative");
	tree_link(tree, chain, "etc/chain");
	tree_link_out(tree, "outside", "out");
	tree_link(tree, "../../outside", "a/out");
	tree_link(tree, "loop2", "loop1");
	tree_link(tree, "loop1", "loop2");
	tree_link(tree, ".", "self");
	tree_link(tree, "/", "slash");
	tree_link(tree, "..", "a/up");
	tree_link(tree, "/etc/passwd", "to-passwd");
	tree_link(tree, "a/b/", "to-dir");
	tree_link(tree, "file/", "file-as-dir");
	tree_link(tree, "fifo", "to-fifo");
	tree_link(tree, "../run/net/resolv.conf", "etc/resolv.conf");
	tree_link(tree, "/var/none", "dangling");
}

static inline int tree_make(void **state)
{
	const char *base = getenv("TMPDIR");
	struct tree *tree = xmalloc(sizeof(*tree));

	tree->top = xasprintf("%s/devbox-tree-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(tree->top));
	tree->top_fd = open(tree->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->top_fd >= 0);
	tree_dir(tree->top_fd, "outside");
	tree_dir(tree->top_fd, "root");
	tree_file(tree->top_fd, "outside/canary", "canary");
	tree->root_fd = openat(tree->top_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->root_fd >= 0);
	tree_fill(tree);
	*state = tree;
	return 0;
}

/* The canary is as it was, alone in its folder. */
static inline void tree_check_canary(const struct tree *tree)
{
	AUTO_CLOSE int fd = openat(tree->top_fd, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int file = openat(tree->top_fd, "outside/canary", O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	DIR *dir = fdopendir(dup(fd));
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	assert_int_equal(count, 3);
	assert_true(file >= 0);
	assert_int_equal(read(file, text, sizeof(text) - 1), 6);
	assert_string_equal(text, "canary");
}

static inline int tree_remove(void **state)
{
	struct tree *tree = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", tree->top);

	path_force_walk(false);
	tree_check_canary(tree);
	(void)close(tree->top_fd);
	(void)close(tree->root_fd);
	assert_int_equal(system(command), 0);
	free(tree->top);
	free(tree);
	return 0;
}

static inline int tree_make_for_walk(void **state)
{
	path_force_walk(true);
	return tree_make(state);
}

/* Every case runs twice: by openat2 and by the walk. */
#define BOTH_WAYS(f)                                                   \
	{#f " (openat2)", f, tree_make, tree_remove, NULL},            \
	{                                                              \
#f " (walk)", f, tree_make_for_walk, tree_remove, NULL \
	}

#endif
