#include "config/fill.h"

#include "util/cleanup.h"

#include <string.h>

/* `healthcheck`: how one sees that the box does its work. */

#define SECOND_US UINT64_C(1000000)
#define PROBE_MIN_US UINT64_C(1000)
#define PROBE_MAX_US (24 * 3600 * SECOND_US)
#define RETRIES_MAX 1000
#define PATH_LEN_MAX 1024

static int take_kind(struct fill *f, const char *what, const struct node *value,
		     enum health_kind kind)
{
	struct spec_health *health = &f->spec->health;

	if (health->kind != HEALTH_NONE) {
		(void)place_fail(f->err, &value->at, "%s: there is another probe", what);
		return err_hint(f->err, "one of 'test', 'tcp', 'http' and 'file'");
	}
	health->kind = kind;
	return 0;
}

static int add_word(struct fill *f, const char *what, const struct node *item)
{
	if (item->kind != NODE_SCALAR)
		return value_refuse(f, what, item, "a list of texts");
	strv_add(&f->spec->health.argv, item->text);
	return 0;
}

static void use_shell(struct strv *argv, const char *text)
{
	strv_add(argv, "/bin/sh");
	strv_add(argv, "-c");
	strv_add(argv, text);
}

/* The first word of a list says what the others are, as in Compose. Return: 0, or -1: it is not
 * one of these. */
static int take_test(struct spec_health *health, const struct strv *words)
{
	const char *first = words->count ? words->items[0] : "";

	if (words->count == 1 && strcmp(first, "NONE") == 0) {
		health->kind = HEALTH_NONE;
		return 0;
	}
	if (words->count == 2 && strcmp(first, "CMD-SHELL") == 0) {
		use_shell(&health->argv, words->items[1]);
		return 0;
	}
	if (words->count < 2 || strcmp(first, "CMD") != 0)
		return -1;
	for (size_t i = 1; i < words->count; i++)
		strv_add(&health->argv, words->items[i]);
	return 0;
}

static int fill_test(struct fill *f, const char *what, const struct node *value)
{
	static const char accepted[] =
		"a command, or a list that begins with CMD, CMD-SHELL or "
		"NONE";
	AUTO_STRV struct strv words = {0};
	struct strv *argv = &f->spec->health.argv;
	const char *text;

	if (take_kind(f, what, value, HEALTH_TEST) < 0)
		return -1;
	if (value->kind == NODE_SCALAR) {
		if (value_text(f, what, value, accepted, &text) < 0)
			return -1;
		use_shell(argv, text);
		return 0;
	}
	if (value_each(f, what, value, false, add_word) < 0)
		return -1;
	words = *argv;
	*argv = (struct strv){0};
	return take_test(&f->spec->health, &words) < 0 ? value_refuse(f, what, value, accepted)
						       : 0;
}

static int fill_tcp(struct fill *f, const char *what, const struct node *value)
{
	static const struct range range = {1, UINT16_MAX, false, "a port from 1 to 65535"};
	struct spec_number number = {0};

	if (take_kind(f, what, value, HEALTH_TCP) < 0 ||
	    value_integer(f, what, value, &range, &number) < 0)
		return -1;
	f->spec->health.port = (uint16_t)number.value;
	return 0;
}

/* "http://localhost:8080/health", "8080/health", "8080" */
static int parse_page(const char *text, uint16_t *out_port, char **out_path)
{
	static const char *const prefixes[] = {"http://localhost", "http://127.0.0.1",
					       "http://[::1]"};
	uint64_t port = 80;
	AUTO_FREE char *digits = NULL;
	bool is_url = false;

	for (size_t i = 0; !is_url && i < ARRAY_LEN(prefixes); i++) {
		is_url = str_starts(text, prefixes[i]);
		if (is_url)
			text += strlen(prefixes[i]);
	}
	if (is_url && *text == ':')
		text++;
	else if (is_url && *text && *text != '/')
		return -1;
	digits = xstrndup(text, strcspn(text, "/"));
	if ((*digits || !is_url) &&
	    (str_to_u64(digits, &port) < 0 || port < 1 || port > UINT16_MAX))
		return -1;
	text += strlen(digits);
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return -1;
	if (strlen(text) > PATH_LEN_MAX)
		return -1;
	*out_port = (uint16_t)port;
	*out_path = xstrdup(*text ? text : "/");
	return 0;
}

static int fill_http(struct fill *f, const char *what, const struct node *value)
{
	static const char accepted[] = "a page of the box such as "
				       "'http://localhost:8080/health' or '8080/health'";
	struct spec_health *health = &f->spec->health;
	const char *text;

	if (take_kind(f, what, value, HEALTH_HTTP) < 0 ||
	    value_text(f, what, value, accepted, &text) < 0)
		return -1;
	return parse_page(text, &health->port, &health->path) < 0
		       ? value_refuse(f, what, value, accepted)
		       : 0;
}

static int fill_file(struct fill *f, const char *what, const struct node *value)
{
	const char *text;

	if (take_kind(f, what, value, HEALTH_FILE) < 0 ||
	    value_text(f, what, value, "a path in the box", &text) < 0)
		return -1;
	return value_box_path(f, what, value, text, &f->spec->health.path);
}

static int fill_time(struct fill *f, const char *what, const struct node *value,
		     uint64_t *out_us)
{
	uint64_t us;

	if (value->kind != NODE_SCALAR || str_to_duration_us(value->text, &us) < 0 ||
	    us > PROBE_MAX_US || (us > 0 && us < PROBE_MIN_US))
		return value_refuse(f, what, value,
				    "a duration such as '500ms' or '10s', at most a day");
	*out_us = us;
	return 0;
}

/* Durations; of those that must not be 0 too. */
static int fill_times(struct fill *f, const struct node *value)
{
	struct spec_health *h = &f->spec->health;
	const struct {
		const char *name;
		uint64_t *us;
		bool may_be_none;
	} times[] = {
		{"interval", &h->interval_us, false},
		{"timeout", &h->timeout_us, false},
		{"start_period", &h->start_period_us, true},
		{"start_interval", &h->start_interval_us, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		const struct node *node = node_get(value, times[i].name);
		AUTO_FREE char *what = xasprintf("healthcheck.%s", times[i].name);

		if (!node)
			continue;
		if (fill_time(f, what, node, times[i].us) < 0)
			return -1;
		if (*times[i].us == 0 && !times[i].may_be_none)
			return place_fail(f->err, &node->at, "%s must be more than 0", what);
	}
	return 0;
}

static int fill_retries(struct fill *f, const struct node *value)
{
	static const struct range range = {1, RETRIES_MAX, false, "a number from 1 to 1000"};
	const struct node *node = node_get(value, "retries");
	struct spec_number number = {0};

	if (!node)
		return 0;
	if (value_integer(f, "healthcheck.retries", node, &range, &number) < 0)
		return -1;
	f->spec->health.retries = (unsigned int)number.value;
	return 0;
}

static int fill_probes(struct fill *f, const struct node *value)
{
	static const struct {
		const char *name;
		fill_one *fill;
	} probes[] = {{"test", fill_test},
		      {"tcp", fill_tcp},
		      {"http", fill_http},
		      {"file", fill_file}};
	bool has_one = false;

	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		const struct node *node = node_get(value, probes[i].name);
		AUTO_FREE char *what = xasprintf("healthcheck.%s", probes[i].name);

		if (node && probes[i].fill(f, what, node) < 0)
			return -1;
		has_one = has_one || node;
	}
	if (has_one)
		return 0;
	(void)place_fail(f->err, &value->at, "healthcheck: there is no probe");
	return err_hint(f->err, "one of 'test', 'tcp', 'http' and 'file', or 'disable: true'");
}

static void use_defaults(struct spec_health *health)
{
	health->interval_us = 30 * SECOND_US;
	health->timeout_us = 30 * SECOND_US;
	health->start_interval_us = SECOND_US;
	health->retries = 3;
}

void spec_use_health(struct spec *spec, const struct strv *test, const uint64_t times_ns[4],
		     uint64_t retries)
{
	struct spec_health *h = &spec->health;
	uint64_t *const times[] = {&h->interval_us, &h->timeout_us, &h->start_period_us,
				   &h->start_interval_us};

	if (h->at.file || h->kind != HEALTH_NONE || test->count == 0)
		return;
	h->kind = HEALTH_TEST;
	if (take_test(h, test) < 0)
		h->kind = HEALTH_NONE;
	use_defaults(h);
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (times_ns[i] >= PROBE_MIN_US * 1000)
			*times[i] = times_ns[i] / 1000;
	if (retries > 0 && retries <= RETRIES_MAX)
		h->retries = (unsigned int)retries;
}

int fill_healthcheck(struct fill *f, const char *key, const struct node *value)
{
	struct spec_health *health = &f->spec->health;
	const struct node *disable = node_get(value, "disable");
	bool is_disabled = false;

	if (value->kind == NODE_NULL)
		return 0;
	if (value->kind != NODE_MAP)
		return value_refuse(f, key, value,
				    "a map with 'test', 'tcp', 'http' or 'file'");
	use_defaults(health);
	health->at = value_origin(f, value);
	if (disable && value_bool(f, "healthcheck.disable", disable, &is_disabled) < 0)
		return -1;
	if (fill_times(f, value) < 0 || fill_retries(f, value) < 0)
		return -1;
	if (is_disabled && !node_get(value, "test") && !node_get(value, "tcp") &&
	    !node_get(value, "http") && !node_get(value, "file"))
		return 0;
	if (fill_probes(f, value) < 0)
		return -1;
	if (is_disabled)
		health->kind = HEALTH_NONE;
	return 0;
}
