#include "net/filter_parse.h"

#include <string.h>

#define HEADER 12
#define FLAG_RESPONSE 0x8000
#define FLAG_OPCODE 0x7800
#define FLAG_RECURSION 0x0100
#define FLAG_RECURSES 0x0080
#define POINTER_TO_QUESTION 0xc00c
#define CLASS_IN 1

static uint16_t get(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static void put(uint8_t **at, uint32_t value, int bytes)
{
	while (bytes-- > 0)
		*(*at)++ = (uint8_t)(value >> (8 * bytes));
}

static char show(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '.' && c != '\'' ? (char)c : '?';
}

/* Labels to text. Return: where it ends in the message, 0: it is none. */
static size_t read_name(const uint8_t *data, size_t len, char shown[FILTER_NAME_MAX])
{
	size_t at = HEADER;
	size_t used = 0;

	while (at < len && data[at] != 0) {
		size_t label = data[at++];

		/* A question has nothing before it that a pointer could mean. */
		if (label > 63 || at + label > len || used + label + 1 >= FILTER_NAME_MAX)
			return 0;
		if (used > 0)
			shown[used++] = '.';
		for (size_t i = 0; i < label; i++)
			shown[used++] = show(data[at + i]);
		at += label;
	}
	shown[used] = '\0';
	return at < len ? at + 1 : 0;
}

int dns_parse(const uint8_t *data, size_t len, struct dns_question *out_question)
{
	struct dns_question q = {.end = HEADER};
	size_t end;

	if (len < HEADER || (get(data + 2) & FLAG_RESPONSE))
		return -1;
	*out_question = q;
	if (get(data + 2) & FLAG_OPCODE)
		return DNS_NOT_DONE;
	end = get(data + 4) == 1 ? read_name(data, len, q.shown) : 0;
	if (end == 0 || end + 4 > len)
		return DNS_FORMAT;
	q.type = get(data + end);
	q.class = get(data + end + 2);
	q.end = end + 4;
	if (q.class != CLASS_IN || filter_name(q.shown, strlen(q.shown), q.name) < 0)
		*q.name = '\0';
	*out_question = q;
	return DNS_OK;
}

size_t dns_answer(const uint8_t *query, const struct dns_question *question, int code,
		  const struct in_addr *address, uint8_t out[DNS_ANSWER_MAX])
{
	const uint32_t flags = FLAG_RESPONSE | FLAG_RECURSES |
			       (get(query + 2) & (FLAG_OPCODE | FLAG_RECURSION)) |
			       (uint32_t)code;
	uint8_t *at = out;

	put(&at, get(query), 2);
	put(&at, flags, 2);
	put(&at, question->end > HEADER, 2);
	put(&at, address != NULL, 2);
	put(&at, 0, 4);
	memcpy(at, query + HEADER, question->end - HEADER);
	at += question->end - HEADER;
	if (address) {
		put(&at, POINTER_TO_QUESTION, 2);
		put(&at, DNS_TYPE_A, 2);
		put(&at, CLASS_IN, 2);
		put(&at, DNS_TTL_S, 4);
		put(&at, sizeof(*address), 2);
		memcpy(at, address, sizeof(*address));
		at += sizeof(*address);
	}
	return (size_t)(at - out);
}
