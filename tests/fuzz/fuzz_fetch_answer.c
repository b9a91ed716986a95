#include "fetch/answer.h"
#include "fetch/token.h"
#include "util/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	if (text && !str_is_printable(text))
		abort();
}

static void read_head(const char *data, size_t size)
{
	struct answer answer = {0};

	while (size) {
		const char *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) + 1 : size;

		answer_line(&answer, data, len, 784111777);
		data += len;
		size -= len;
	}
	check_text(answer.media_type);
	for (size_t i = 0; i < answer.warnings.count; i++)
		check_text(answer.warnings.items[i]);
	if (answer.range == RANGE_GOOD &&
	    (answer.first > answer.last || answer.last >= answer.total))
		abort();
	if (answer.retry_after_s < -1 || answer.length < -1 || answer.status < 0)
		abort();
	answer_done(&answer);
}

static void read_token(const char *data, size_t size)
{
	AUTO_FREE char *token = NULL;
	int64_t seconds = 0;
	struct err err = {0};

	if (token_parse(data, size, &token, &seconds, &err) < 0)
		return;
	if (!*token || seconds < 60 || strchr(token, '\n') || strchr(token, ' '))
		abort();
}

/* An answer of a server, head and body: what is shown of it is printable. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *words = answer_words(text, size, &code);
	AUTO_FREE char *shown = foreign_text(text, size, 40);

	check_text(words);
	check_text(code);
	check_text(shown);
	if (strlen(shown) > 40)
		abort();
	read_token(text, size);
	read_head(text, size);
	return 0;
}
