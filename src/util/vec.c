#include "util/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_SIZE 128

void strv_take(struct strv *v, char *s)
{
	assert(s);
	v->items = xrealloc(v->items, (v->count + 2) * sizeof(*v->items));
	v->items[v->count++] = s;
	v->items[v->count] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
	strv_take(v, xstrdup(s));
}

void strv_addf(struct strv *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strv_take(v, xvasprintf(format, args));
	va_end(args);
}

void strv_add_all(struct strv *v, const struct strv *other)
{
	for (size_t i = 0, count = other->count; i < count; i++)
		strv_add(v, other->items[i]);
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->count; i++)
		if (str_eq(v->items[i], s))
			return true;
	return false;
}

void strv_done(struct strv *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv){0};
}

/* Return: the index of @name's entry, or the count. */
static size_t env_find(const struct strv *env, const char *name)
{
	size_t len = strlen(name);
	size_t i;

	for (i = 0; i < env->count; i++)
		if (strncmp(env->items[i], name, len) == 0 && env->items[i][len] == '=')
			break;
	return i;
}

const char *env_get(const struct strv *env, const char *name)
{
	size_t i = env_find(env, name);

	return i < env->count ? env->items[i] + strlen(name) + 1 : NULL;
}

static void env_remove(struct strv *env, size_t i)
{
	free(env->items[i]);
	/* The NULL at the end moves along. */
	memmove(&env->items[i], &env->items[i + 1], (env->count - i) * sizeof(*env->items));
	env->count--;
}

void env_set(struct strv *env, const char *name, const char *value)
{
	size_t i = env_find(env, name);
	char *entry;

	if (!value) {
		if (i < env->count)
			env_remove(env, i);
		return;
	}

	entry = xasprintf("%s=%s", name, value);
	if (i == env->count) {
		strv_take(env, entry);
		return;
	}
	free(env->items[i]);
	env->items[i] = entry;
}

/* Room for @len more bytes and the NUL. */
static void buf_reserve(struct buf *b, size_t len)
{
	size_t need, size = b->size ? b->size : BUF_FIRST_SIZE;

	if (__builtin_add_overflow(b->len, len, &need) || need > SIZE_MAX / 2 - 1)
		abort();
	if (b->data && need + 1 <= b->size)
		return;

	while (size < need + 1)
		size *= 2;
	b->data = xrealloc(b->data, size);
	b->size = size;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		abort();

	buf_reserve(b, (size_t)n);
	va_start(args, format);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, format, args);
	va_end(args);
	b->len += (size_t)n;
}

char *buf_take(struct buf *b)
{
	char *text;

	buf_reserve(b, 0);
	b->data[b->len] = '\0';
	text = b->data;
	*b = (struct buf){0};
	return text;
}

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}
