#include "net/filter_parse.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	char again[FILTER_NAME_MAX];

	if (*name && (filter_name(name, strlen(name), again) < 0 || strcmp(name, again) != 0))
		abort();
}

static void ask(const uint8_t *data, size_t size)
{
	const struct in_addr address = {0x7f};
	uint8_t answer[DNS_ANSWER_MAX];
	struct dns_question question;
	int code = dns_parse(data, size, &question);
	size_t len;

	if (code < 0)
		return;
	check_name(question.name);
	len = dns_answer(data, &question, code, code == DNS_OK ? &address : NULL, answer);
	if (len < 12 || len > sizeof(answer) || question.end > size)
		abort();
}

/* What goes on to a server reads the same, as a path of that server and nothing else. */
static void request(const char *data, size_t size)
{
	AUTO_BUF struct buf text = {0};
	struct http_head head, again;

	(void)http_looks(data, size);
	if (http_parse(data, size, &head) != PARSE_DONE)
		return;
	check_name(head.name);
	if (head.is_connect || !*head.name)
		return;
	http_rewrite(data, &head, 80, &text);
	if (text.len >= HTTP_HEAD_MAX)
		return;
	if (http_parse(text.data, text.len, &again) != PARSE_DONE || again.is_url ||
	    again.len != text.len || strcmp(head.name, again.name) != 0 || again.port != 0 ||
	    again.body != head.body || again.is_chunked != head.is_chunked)
		abort();
}

/* Whatever a box says to the filter of its network. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[FILTER_NAME_MAX];

	ask(data, size);
	request((const char *)data, size);
	if (tls_server_name(data, size, name) == PARSE_DONE)
		check_name(name);
	return 0;
}
