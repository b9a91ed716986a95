#include "config/fill.h"

#include "util/cleanup.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* @text is after an opening @quote. Return: after the closing one, NULL when there is none. */
static const char *take_quoted(const char *text, char quote, struct buf *word)
{
	for (; *text && *text != quote; text++) {
		if (quote == '"' && *text == '\\' && text[1] && strchr("\"\\$`\n", text[1]))
			text++;
		buf_putc(word, *text);
	}
	return *text ? text + 1 : NULL;
}

/* One word that begins at @text. Return: after it, or NULL with the error made. */
static const char *take_word(const char *text, struct buf *word, struct err *err)
{
	while (*text && !is_blank(*text)) {
		if (*text == '\'' || *text == '"') {
			char quote = *text;

			text = take_quoted(text + 1, quote, word);
			if (!text) {
				(void)err_set(err, "the quote %c is not closed", quote);
				return NULL;
			}
			continue;
		}
		if (strchr(";|&<>", *text)) {
			(void)err_set(err, "'%c' means nothing here: no shell reads this",
				      *text);
			(void)err_hint(
				err,
				"quote it when it is meant as it stands; for a shell write "
				"[sh, -c, \"...\"]");
			return NULL;
		}
		if (*text == '\\' && text[1])
			text++;
		buf_putc(word, *text++);
	}
	return text;
}

int words_split(const char *text, struct strv *out_words, struct err *err)
{
	struct strv words = {0};

	for (;;) {
		AUTO_BUF struct buf word = {0};

		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		text = take_word(text, &word, err);
		if (!text) {
			strv_done(&words);
			return -1;
		}
		strv_take(&words, buf_take(&word));
	}
	*out_words = words;
	return 0;
}
