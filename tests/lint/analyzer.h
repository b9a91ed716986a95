/*
 * Given to clang-tidy before every file. Its analyzer looks at one file at a time, so it does
 * not know that the functions of util which report an error return -1 and that those which
 * allocate never return NULL; told so, it follows real paths only.
 */
#ifndef LINT_ANALYZER_H
#define LINT_ANALYZER_H

#include "util/err.h"
#include "util/str.h"

extern __typeof__(xmalloc) xmalloc __attribute__((returns_nonnull));
extern __typeof__(xrealloc) xrealloc __attribute__((returns_nonnull));
extern __typeof__(xasprintf) xasprintf __attribute__((returns_nonnull));

#ifndef LINT_DEFINES_ERR
#define err_set(...) ((void)err_set(__VA_ARGS__), -1)
#define err_sys(...) ((void)err_sys(__VA_ARGS__), -1)
#define err_code(...) ((void)err_code(__VA_ARGS__), -1)
#define err_wrap(...) ((void)err_wrap(__VA_ARGS__), -1)
#define err_hint(...) ((void)err_hint(__VA_ARGS__), -1)
#define err_at(...) ((void)err_at(__VA_ARGS__), -1)
#endif

#endif
