#include "config/fill.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <string.h>

#define MEM_LIMIT_MIN (UINT64_C(1024) * 1024)
#define CPUS_MILLI_MIN 10
#define CPUS_MAX 8192

/* "1.5" is 1500. */
static int parse_milli(const char *text, int64_t *out)
{
	size_t whole_len = strcspn(text, ".");
	AUTO_FREE char *whole = xstrndup(text, whole_len);
	const char *fraction = text[whole_len] ? text + whole_len + 1 : "0";
	size_t digits = strlen(fraction);
	uint64_t units;
	uint64_t parts;

	if (digits > 3 || str_to_u64(fraction, &parts) < 0)
		return -1;
	if (str_to_u64(*whole ? whole : "0", &units) < 0 || units > CPUS_MAX)
		return -1;
	for (; digits < 3; digits++)
		parts *= 10;
	*out = (int64_t)(units * 1000 + parts);
	return 0;
}

int fill_cpus(struct fill *f, const char *key, const struct node *value)
{
	int64_t milli;

	if (value->kind != NODE_SCALAR || parse_milli(value->text, &milli) < 0 ||
	    milli < CPUS_MILLI_MIN)
		return value_refuse(
			f, key, value,
			"a number of processors such as '2' or '1.5', at least 0.01, with at "
			"most three decimals");
	f->spec->limits.cpus_milli = (struct spec_number){
		.is_set = true, .value = milli, .at = value_origin(f, value)};
	return 0;
}

int fill_cpu_shares(struct fill *f, const char *key, const struct node *value)
{
	static const struct range range = {2, 262144, false, "a number from 2 to 262144"};

	return value_integer(f, key, value, &range, &f->spec->limits.cpu_shares);
}

/* cpu_quota and cpu_period: bare numbers are microseconds here, as in Compose, and not seconds.
 */
int fill_cpu_time(struct fill *f, const char *key, const struct node *value)
{
	bool is_quota = strcmp(key, "cpu_quota") == 0;
	struct spec_number *out =
		is_quota ? &f->spec->limits.cpu_quota_us : &f->spec->limits.cpu_period_us;
	uint64_t max = is_quota ? UINT64_C(1000000) * CPUS_MAX : 1000000;
	uint64_t us;

	if (value->kind != NODE_SCALAR ||
	    (str_to_u64(value->text, &us) < 0 && str_to_duration_us(value->text, &us) < 0) ||
	    us < 1000 || us > max)
		return value_refuse(
			f, key, value,
			is_quota ? "microseconds, at least 1000, or a duration such as '50ms'"
				 : "microseconds from 1000 to 1000000, or a duration such as "
				   "'100ms'");
	*out = (struct spec_number){
		.is_set = true, .value = (int64_t)us, .at = value_origin(f, value)};
	return 0;
}

/* "0-3,8": the list format of cpuset(7) */
static bool is_cpu_list(const char *text)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy;
	char *word;

	while ((word = strsep(&rest, ","))) {
		char *dash = strchr(word, '-');
		uint64_t first;
		uint64_t last;

		if (dash)
			*dash++ = '\0';
		if (str_to_u64(word, &first) < 0 || str_to_u64(dash ? dash : word, &last) < 0 ||
		    last < first || last >= CPUS_MAX)
			return false;
	}
	return true;
}

int fill_cpuset(struct fill *f, const char *key, const struct node *value)
{
	struct spec_limits *limits = &f->spec->limits;
	static const char accepted[] = "a list of numbers and ranges such as '0-3,8'";
	const char *text;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	if (!is_cpu_list(text))
		return value_refuse(f, key, value, accepted);
	value_keep(f, value, xstrdup(text),
		   strcmp(key, "cpuset") == 0 ? &limits->cpuset : &limits->cpuset_mems);
	return 0;
}

/* mem_limit, mem_reservation, memswap_limit */
int fill_memory(struct fill *f, const char *key, const struct node *value)
{
	struct spec_limits *limits = &f->spec->limits;
	struct spec_number number = {.is_set = true, .at = value_origin(f, value)};
	bool is_swap = strcmp(key, "memswap_limit") == 0;
	bool is_limit = strcmp(key, "mem_limit") == 0;
	uint64_t bytes = 0;

	if (is_swap && value->kind == NODE_SCALAR && strcmp(value->text, "-1") == 0) {
		number.value = -1;
	} else {
		if (value_size(f, key, value, &bytes) < 0)
			return -1;
		if (is_limit && bytes < MEM_LIMIT_MIN) {
			(void)place_fail(f->err, &value->at,
					 "mem_limit '%.100s' is less than 1 MiB", value->text);
			return err_hint(
				f->err,
				"a number without a unit is in bytes: write '512m' or '2g'");
		}
		number.value = (int64_t)bytes;
	}
	if (is_limit)
		limits->mem_limit_bytes = number;
	else if (is_swap)
		limits->memswap_limit_bytes = number;
	else
		limits->mem_reservation_bytes = number;
	return 0;
}

int fill_pids_limit(struct fill *f, const char *key, const struct node *value)
{
	static const struct range range = {1, 4194304, true,
					   "a number from 1 to 4194304, or -1 for no limit"};

	return value_integer(f, key, value, &range, &f->spec->limits.pids_limit);
}

int fill_oom_score_adj(struct fill *f, const char *key, const struct node *value)
{
	static const struct range range = {-1000, 1000, false, "a number from -1000 to 1000"};

	return value_integer(f, key, value, &range, &f->spec->limits.oom_score_adj);
}

static const char *const blkio_keys[] = {"device_read_bps", "device_write_bps",
					 "device_read_iops", "device_write_iops"};

static int read_rate(struct fill *f, const struct node *rate, size_t kind, uint64_t *out)
{
	static const struct range range = {1, INT64_MAX, false,
					   "a number of operations in a second"};
	struct spec_number number;

	if (kind == BLKIO_READ_BPS || kind == BLKIO_WRITE_BPS)
		return value_size(f, "blkio_config: rate", rate, out);
	if (value_integer(f, "blkio_config: rate", rate, &range, &number) < 0)
		return -1;
	*out = (uint64_t)number.value;
	return 0;
}

static int add_blkio(struct fill *f, const struct node *item, size_t kind)
{
	struct spec_limits *limits = &f->spec->limits;
	struct spec_blkio_device device = {.kind = (unsigned int)kind,
					   .at = value_origin(f, item)};
	const struct node *path = node_get(item, "path");
	const struct node *rate = node_get(item, "rate");
	const char *text;

	if (!path || !rate)
		return place_fail(f->err, &item->at,
				  "blkio_config: %s must be a list of {path, rate}",
				  blkio_keys[kind]);
	if (value_text(f, "blkio_config: path", path, "a device such as '/dev/sda'", &text) < 0)
		return -1;
	if (*text != '/' || !str_is_printable(text))
		return value_refuse(f, "blkio_config: path", path,
				    "a device such as '/dev/sda'");
	if (read_rate(f, rate, kind, &device.rate) < 0)
		return -1;
	device.path = path_normalize("/", text);
	limits->blkio_devices = xrealloc(limits->blkio_devices,
					 (limits->blkio_device_count + 1) * sizeof(device));
	limits->blkio_devices[limits->blkio_device_count++] = device;
	return 0;
}

int fill_blkio_config(struct fill *f, const char *key, const struct node *value)
{
	static const struct range weights = {10, 1000, false, "a number from 10 to 1000"};
	const struct node *weight = node_get(value, "weight");
	ssize_t later = node_index(value, "weight_device");

	if (value->kind == NODE_NULL)
		return 0;
	if (value->kind != NODE_MAP)
		return value_refuse(f, key, value, "a map");
	if (later >= 0)
		return place_fail(f->err, &value->keys[later].at,
				  "key 'weight_device' of blkio_config is not built yet");
	if (weight && value_integer(f, "blkio_config.weight", weight, &weights,
				    &f->spec->limits.blkio_weight) < 0)
		return -1;

	for (size_t kind = 0; kind < ARRAY_LEN(blkio_keys); kind++) {
		const struct node *list = node_get(value, blkio_keys[kind]);

		if (list && list->kind != NODE_LIST && list->kind != NODE_NULL)
			return value_refuse(f, blkio_keys[kind], list,
					    "a list of {path, rate}");
		for (size_t i = 0; list && i < list->count; i++)
			if (add_blkio(f, list->items[i], kind) < 0)
				return -1;
	}
	return 0;
}
