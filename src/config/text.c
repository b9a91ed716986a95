#include "config/parts.h"

size_t text_letter(const char *text, size_t left, uint32_t *out_letter)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;
	uint32_t letter = n == 1 ? s[0] : s[0] & (0x7fU >> n);

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		letter = letter << 6 | (s[i] & 0x3f);
	}
	/* overlong forms, surrogates, and what is past the end of Unicode */
	if ((n == 3 && letter < 0x800) || (n == 4 && letter < 0x10000) ||
	    (letter >= 0xd800 && letter <= 0xdfff) || letter > 0x10ffff)
		return 0;
	*out_letter = letter;
	return n;
}

/* What YAML allows in a file (and a terminal survives). */
static bool is_allowed(uint32_t letter)
{
	if (letter < 0x20 || letter == 0x7f)
		return letter == '\t' || letter == '\n' || letter == '\r';
	return (letter < 0x80 || letter > 0x9f || letter == 0x85) &&
	       (letter & 0xfffe) != 0xfffe;
}

int text_check(const char *text, size_t len, const struct source *source, struct err *err)
{
	struct place at = {.source = source, .line = 1, .column = 1};
	uint32_t letter;
	size_t used;

	for (size_t i = 0; i < len; i += used) {
		used = text_letter(text + i, len - i, &letter);
		if (text[i] == '\0') {
			(void)place_fail(err, &at, "not a text file: it holds a NUL byte");
			return err_hint(err, "save it as UTF-8 text");
		}
		if (used == 0) {
			(void)place_fail(err, &at, "not UTF-8 text: byte 0x%02x",
					 (unsigned char)text[i]);
			return err_hint(err, "save it as UTF-8 text");
		}
		if (!is_allowed(letter))
			return place_fail(
				err, &at,
				"control character U+%04X; in double quotes write \"\\u%04x\"",
				letter, letter);
		at.column++;
		if (text[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return 0;
}
