#include "box/facts_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_folder.h"

#include <unistd.h>

/*
 * TOP/repo/.git is a repository, TOP/tree its worktree, TOP/home/worktrees/evil a workspace
 * that was written in a box.
 */
static char *make_top(void)
{
	char *made = folder_make();
	char *top = realpath(made, NULL);
	AUTO_FREE char *back = path_join(top, "tree/.git\n");
	AUTO_FREE char *there = xasprintf("gitdir: %s/repo/.git/worktrees/tree\n", top);

	free(made);
	folder_write(top, "repo/.git/HEAD", "ref: refs/heads/main\n");
	folder_write(top, "repo/.git/objects/x", "");
	folder_write(top, "repo/.git/refs/x", "");
	folder_write(top, "repo/.git/worktrees/tree/gitdir", back);
	folder_write(top, "repo/.git/worktrees/tree/commondir", "../..\n");
	folder_write(top, "tree/.git", there);
	folder_write(top, "home/secret", "");
	folder_write(top, "home/worktrees/evil/file", "");
	return top;
}

/* @wanted: below @top; NULL: no repository comes along. */
static void expect(const char *top, const char *workspace, const char *wanted)
{
	AUTO_FREE char *path = path_join(top, workspace);
	AUTO_FREE char *got = facts_git_common(path);
	AUTO_FREE char *full = wanted ? path_join(top, wanted) : NULL;

	if (!str_eq(got, full))
		fail_msg("%s brings %s", workspace, got ? got : "nothing");
}

static void the_repository_of_a_worktree_comes_along(void **state)
{
	AUTO_FOLDER char *top = make_top();
	AUTO_FREE char *link = path_join(top, "link");

	(void)state;
	expect(top, "tree", "repo/.git");
	expect(top, "repo", NULL);
	expect(top, "home", NULL);
	expect(top, "missing", NULL);
	assert_int_equal(symlink("tree", link), 0);
	expect(top, "link", "repo/.git");
	/* As git writes them with worktree.useRelativePaths. */
	folder_write(top, "tree/.git", "gitdir: ../repo/.git/worktrees/tree\n");
	folder_write(top, "repo/.git/worktrees/tree/gitdir", "../../../../tree/.git\n");
	expect(top, "tree", "repo/.git");
}

static void a_repository_that_names_another_worktree_stays_out(void **state)
{
	AUTO_FOLDER char *top = make_top();

	(void)state;
	folder_write(top, "home/worktrees/evil/.git",
		     "gitdir: ../../../repo/.git/worktrees/tree\n");
	expect(top, "home/worktrees/evil", NULL);
	folder_write(top, "home/worktrees/evil/.git", "gitdir: ../../../repo/.git\n");
	expect(top, "home/worktrees/evil", NULL);
}

/* Everything in the workspace was written in the box: it must not choose what of the host comes
 * next. */
static void a_workspace_cannot_ask_for_more_of_the_host(void **state)
{
	static const char *const dirs[] = {".", "gd", "worktrees/gd", "a/worktrees/gd"};
	static const char *const commons[] = {"..", "../..", "../../..", "/", "../../../.."};
	AUTO_FOLDER char *top = make_top();
	AUTO_FREE char *back = path_join(top, "home/worktrees/evil/.git");
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(dirs); i++) {
		AUTO_FREE char *line = xasprintf("gitdir: %s\n", dirs[i]);
		AUTO_FREE char *gitdir = xasprintf("home/worktrees/evil/%s/gitdir", dirs[i]);
		AUTO_FREE char *commondir =
			xasprintf("home/worktrees/evil/%s/commondir", dirs[i]);

		folder_write(top, "home/worktrees/evil/.git", line);
		folder_write(top, gitdir, back);
		for (j = 0; j < ARRAY_LEN(commons); j++) {
			folder_write(top, commondir, commons[j]);
			expect(top, "home/worktrees/evil", NULL);
		}
	}
}

/* A volume can be written in the box, too: its parents are not what it says. */
static void a_volume_cannot_ask_for_its_parents(void **state)
{
	AUTO_FOLDER char *top = make_top();
	AUTO_FREE char *back = path_join(top, "tree/.git");

	(void)state;
	folder_write(top, "home/worktrees/evil/gitdir", back);
	folder_write(top, "home/worktrees/evil/commondir", "../..");
	folder_write(top, "tree/.git", "gitdir: ../home/worktrees/evil\n");
	expect(top, "tree", NULL);
	folder_write(top, "home/worktrees/evil/sub/gitdir", back);
	folder_write(top, "home/worktrees/evil/sub/commondir", "../../..");
	folder_write(top, "tree/.git", "gitdir: ../home/worktrees/evil/sub\n");
	expect(top, "tree", NULL);
	/* A repository made inside of it is what the box has anyway. */
	folder_write(top, "home/worktrees/evil/r/HEAD", "");
	folder_write(top, "home/worktrees/evil/r/objects/x", "");
	folder_write(top, "home/worktrees/evil/r/refs/x", "");
	folder_write(top, "home/worktrees/evil/r/worktrees/w/gitdir", back);
	folder_write(top, "tree/.git", "gitdir: ../home/worktrees/evil/r/worktrees/w\n");
	expect(top, "tree", "home/worktrees/evil/r");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_repository_of_a_worktree_comes_along),
		cmocka_unit_test(a_repository_that_names_another_worktree_stays_out),
		cmocka_unit_test(a_workspace_cannot_ask_for_more_of_the_host),
		cmocka_unit_test(a_volume_cannot_ask_for_its_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
