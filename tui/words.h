#ifndef TUI_WORDS_H
#define TUI_WORDS_H

#include <stdint.h>

/* Numbers for people; what is not known is '-'. */

#define WORD_MAX 32

/** word_percent() - "61.0", from 1000 on "1600". */
const char *word_percent(double value, char out[WORD_MAX]);
/** word_share() - a whole number of percent of @whole: "97". */
const char *word_share(double value, double whole, char out[WORD_MAX]);
/** word_size() - "498M". */
const char *word_size(double bytes, char out[WORD_MAX]);
/** word_number() - "1204". */
const char *word_number(double value, char out[WORD_MAX]);
/** word_since() - how long ago, "2h14m"; "-" for a time that is not known. */
const char *word_since(int64_t then_ms, int64_t now_ms, char out[WORD_MAX]);
/** word_clock() - "12:41:07", local time. */
const char *word_clock(int64_t time_ms, char out[WORD_MAX]);

#endif
