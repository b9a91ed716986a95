#include "tui/recording.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MS 1000
#define BOXES_MAX 2000

struct member {
	const char *name;
	size_t at;
};
#define RATE(name)                                  \
	{                                           \
#name, offsetof(struct rates, name) \
	}
#define READ(name)                                    \
	{                                             \
#name, offsetof(struct reading, name) \
	}
#define STALL(which, part, average)                                          \
	{                                                                    \
#which "_" #part "_" #average,                               \
			offsetof(struct reading, pressure) +                 \
				PRESSURE_##which * sizeof(struct pressure) + \
				offsetof(struct pressure, part) +            \
				offsetof(struct stall, average)              \
	}
#define STALLS(which)                                                                     \
	STALL(which, some, avg10), STALL(which, some, avg60), STALL(which, some, avg300), \
		STALL(which, full, avg10), STALL(which, full, avg60),                     \
		STALL(which, full, avg300)

static const struct member rates[] = {
	RATE(cpu),
	RATE(cpu_user),
	RATE(cpu_system),
	RATE(cpu_limit),
	RATE(throttled),
	RATE(memory),
	RATE(memory_limit),
	RATE(read),
	RATE(write),
	RATE(reads),
	RATE(writes),
	RATE(received),
	RATE(sent),
	RATE(pids),
	RATE(pids_limit),
	{"stall_cpu", offsetof(struct rates, stalled)},
	{"stall_memory", offsetof(struct rates, stalled) + sizeof(double)},
	{"stall_io", offsetof(struct rates, stalled) + 2 * sizeof(double)},
};
static const struct member readings[] = {
	READ(periods),        READ(throttled_periods),
	READ(throttled_us),   READ(weight),
	READ(memory),         READ(memory_peak),
	READ(memory_max),     READ(memory_high),
	READ(swap),           READ(anon),
	READ(file),           READ(inactive_file),
	READ(slab),           READ(sock),
	READ(kernel),         READ(event_high),
	READ(event_max),      READ(event_oom),
	READ(event_oom_kill), READ(pids),
	READ(pids_max),       READ(pids_refused),
	READ(net_errors),     READ(net_drops),
	STALLS(CPU),          STALLS(MEMORY),
	STALLS(IO),
};
static const struct member texts[] = {
	{"project", offsetof(struct box, project)}, {"service", offsetof(struct box, box)},
	{"folder", offsetof(struct box, folder)},   {"image", offsetof(struct box, image)},
	{"network", offsetof(struct box, network)}, {"reason", offsetof(struct box, reason)},
	{"health", offsetof(struct box, health)},
};
static const char *const graphs[GRAPH_COUNT] = {"cpu",       "memory",       "read",
						"write",     "received",     "sent",
						"stall_cpu", "stall_memory", "stall_io"};

void recording_open(struct recording *recording, const char *text, const char *folder)
{
	*recording = (struct recording){.text = xstrdup(text), .folder = xstrdup(folder)};
	recording->at = recording->text;
}

void recording_close(struct recording *recording)
{
	free(recording->text);
	free(recording->folder);
	strv_done(&recording->logs);
	strv_done(&recording->inspects);
	*recording = (struct recording){0};
}

/* A number, a size, or "-" for one that is not known. */
static int parse_value_word(const char *word, double *out)
{
	char *end;
	uint64_t size;
	double value;

	if (str_eq(word, "-")) {
		*out = UNKNOWN;
		return 0;
	}
	value = strtod(word, &end);
	if (*word >= '0' && *word <= '9' && !*end && value < 1e18) {
		*out = value;
		return 0;
	}
	if (str_to_size(word, &size) < 0)
		return -1;
	*out = (double)size;
	return 0;
}

static const struct member *find_member(const struct member *members, size_t count,
					const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static int bad_word(const char *word, struct err *err)
{
	return err_set(err, "'%s' means nothing here", word);
}

/* KEY=VALUE of @word in @out_value; the key ends in place. */
static int split(char *word, double *out_value, struct err *err)
{
	char *equals = strchr(word, '=');

	if (!equals)
		return bad_word(word, err);
	*equals = '\0';
	return parse_value_word(equals + 1, out_value) < 0 ? bad_word(equals + 1, err) : 0;
}

static int set_rate(struct box *box, char *word, struct err *err)
{
	const struct member *member;
	double value;

	if (split(word, &value, err) < 0)
		return -1;
	member = find_member(rates, ARRAY_LEN(rates), word);
	if (!member)
		return bad_word(word, err);
	memcpy((char *)&box->rates + member->at, &value, sizeof(value));
	return 0;
}

static int set_reading(struct box *box, char *word, struct err *err)
{
	const struct member *member;
	uint64_t number = STAT_NO_LIMIT;
	double value;

	if (str_ends(word, "=max")) {
		*strchr(word, '=') = '\0';
	} else {
		if (split(word, &value, err) < 0)
			return -1;
		number = is_known(value) ? (uint64_t)value : STAT_UNKNOWN;
	}
	member = find_member(readings, ARRAY_LEN(readings), word);
	if (!member)
		return bad_word(word, err);
	memcpy((char *)&box->now + member->at, &number, sizeof(number));
	return 0;
}

static int set_host(struct host *host, char *word, struct err *err)
{
	double value;

	if (split(word, &value, err) < 0)
		return -1;
	if (str_eq(word, "cpus") && value >= 1 && value < 100000)
		host->cpus = (int)value;
	else if (str_eq(word, "cpu"))
		host->cpu = value;
	else if (str_eq(word, "memory_total"))
		host->memory_total = value;
	else if (str_eq(word, "memory_used"))
		host->memory_used = value;
	else if (str_eq(word, "stall_cpu"))
		host->stalled[PRESSURE_CPU] = value;
	else if (str_eq(word, "stall_memory"))
		host->stalled[PRESSURE_MEMORY] = value;
	else if (str_eq(word, "stall_io"))
		host->stalled[PRESSURE_IO] = value;
	else
		return bad_word(word, err);
	return 0;
}

static int set_state(struct box *box, const char *word, struct err *err)
{
	static const char *const words[] = {"starting", "up",     "paused",
					    "oom",      "failed", "exited"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!str_eq(words[i], word))
			continue;
		box->state = (enum box_state)i;
		return 0;
	}
	return bad_word(word, err);
}

static int set_box(struct model *model, struct box *box, char *word, struct err *err)
{
	const struct member *member;
	double value;
	char *equals = strchr(word, '=');

	if (!equals)
		return bad_word(word, err);
	*equals = '\0';
	if (str_eq(word, "state"))
		return set_state(box, equals + 1, err);
	member = find_member(texts, ARRAY_LEN(texts), word);
	if (member) {
		char **text = (char **)((char *)box + member->at);

		free(*text);
		*text = xstrdup(equals + 1);
		return 0;
	}
	if (parse_value_word(equals + 1, &value) < 0 || !is_known(value))
		return bad_word(equals + 1, err);
	if (str_eq(word, "pid") && value < 1e9)
		box->init_pid = (pid_t)value;
	else if (str_eq(word, "up"))
		box->started_ms = model->now_ms - (int64_t)(value * 1000);
	else if (str_eq(word, "ended"))
		box->finished_ms = model->now_ms - (int64_t)(value * 1000);
	else if (str_eq(word, "exit") && value < 256)
		box->exit_code = (int)value;
	else
		return bad_word(word, err);
	return 0;
}

static int begin_box(struct recording *recording, struct model *model, char *rest,
		     struct err *err)
{
	const char *name = strsep(&rest, " ");
	char *word;

	if (!*name || model->count >= BOXES_MAX)
		return bad_word("box", err);
	recording->box = model_box(model, name);
	if (!recording->box)
		recording->box = model_add(model, name);
	while ((word = strsep(&rest, " ")))
		if (*word && set_box(model, recording->box, word, err) < 0)
			return -1;
	return 0;
}

static int add_series(struct box *box, char *rest, struct err *err)
{
	const char *name = strsep(&rest, " "), *word;
	double value;
	int graph = 0;

	while (graph < GRAPH_COUNT && !str_eq(graphs[graph], name))
		graph++;
	if (graph == GRAPH_COUNT)
		return bad_word(name, err);
	while ((word = strsep(&rest, " "))) {
		if (*word && parse_value_word(word, &value) < 0)
			return bad_word(word, err);
		if (*word)
			series_add(&box->graphs[graph], value);
	}
	return 0;
}

static int add_process(struct model *model, const struct box *box, char *rest, struct err *err)
{
	struct processes *list = &model->processes;
	struct process process = {0};
	const char *words[5];
	double pid;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!(words[i] = strsep(&rest, " ")))
			return bad_word("process", err);
	if (!rest || parse_value_word(words[0], &pid) < 0 || !(pid > 0 && pid < 1e9) ||
	    parse_value_word(words[2], &process.cpu) < 0 ||
	    parse_value_word(words[3], &process.rss) < 0)
		return bad_word("process", err);
	if (!str_eq(list->box, box->name)) {
		processes_done(list);
		list->box = xstrdup(box->name);
	}
	process.pid = (pid_t)pid;
	(void)strncpy(process.user, words[1], sizeof(process.user) - 1);
	process.state = words[4][0] > ' ' && words[4][0] < 0x7f ? words[4][0] : '?';
	process.command = xstrdup(rest);
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = process;
	return 0;
}

static int add_event(struct model *model, const struct box *box, char *rest, struct err *err)
{
	const char *ago = strsep(&rest, " ");
	const char *kind = strsep(&rest, " ");
	double seconds;

	if (!kind || !rest || parse_value_word(ago, &seconds) < 0 || !is_known(seconds))
		return bad_word("event", err);
	model_event(model, model->now_ms - (int64_t)(seconds * 1000), box->name,
		    str_eq(kind, "bad"), "%s", rest);
	return 0;
}

/* As a line of a box's file of ports. */
static int add_port(struct box *box, const char *rest, struct err *err)
{
	struct port_list list;
	const bool is_one = (port_list_parse(rest, &list), list.count == 1);

	if (is_one)
		port_list_add(&box->ports, list.items[0].kind, list.items[0].protocol,
			      list.items[0].address, list.items[0].host_port,
			      list.items[0].box_port);
	port_list_done(&list);
	return is_one ? 0 : bad_word(rest, err);
}

static void drop_box(struct recording *recording, struct model *model)
{
	for (size_t i = 0; i < model->count; i++)
		model->boxes[i]->is_seen = model->boxes[i] != recording->box;
	recording->box = NULL;
	model_sweep(model);
}

static int each_word(struct box *box, char *rest,
		     int (*set)(struct box *box, char *word, struct err *err), struct err *err)
{
	char *word;

	while ((word = strsep(&rest, " ")))
		if (*word && set(box, word, err) < 0)
			return -1;
	return 0;
}

/* Lines about the box that was named last. */
static int apply_to_box(struct recording *recording, struct model *model, const char *key,
			char *rest, struct err *err)
{
	struct box *box = recording->box;

	if (!box)
		return bad_word(key, err);
	if (str_eq(key, "rate"))
		return each_word(box, rest, set_rate, err);
	if (str_eq(key, "read"))
		return each_word(box, rest, set_reading, err);
	if (str_eq(key, "series"))
		return add_series(box, rest, err);
	if (str_eq(key, "process"))
		return add_process(model, box, rest, err);
	if (str_eq(key, "event"))
		return add_event(model, box, rest, err);
	if (str_eq(key, "log"))
		env_set(&recording->logs, box->name, rest);
	else if (str_eq(key, "inspect"))
		env_set(&recording->inspects, box->name, rest);
	else if (str_eq(key, "note"))
		strv_add(&box->notes, rest);
	else if (str_eq(key, "port"))
		return add_port(box, rest, err);
	else if (str_eq(key, "gone"))
		drop_box(recording, model);
	else
		return bad_word(key, err);
	return 0;
}

static int apply(struct recording *recording, struct model *model, char *line, struct err *err)
{
	char *rest = line;
	const char *key = strsep(&rest, " ");
	char nothing[] = "";
	char *word;
	int64_t now_ms;

	if (!rest)
		rest = nothing;
	if (str_eq(key, "now")) {
		if (str_to_i64(rest, &now_ms) < 0 || now_ms < 0 || now_ms > 1LL << 50)
			return bad_word(rest, err);
		model->now_ms = now_ms;
		return 0;
	}
	if (str_eq(key, "missing")) {
		free(model->host.missing);
		model->host.missing = xstrdup(rest);
		return 0;
	}
	if (str_eq(key, "box"))
		return begin_box(recording, model, rest, err);
	if (!str_eq(key, "host"))
		return apply_to_box(recording, model, key, rest, err);
	while ((word = strsep(&rest, " ")))
		if (*word && set_host(&model->host, word, err) < 0)
			return -1;
	return 0;
}

int recording_next(struct recording *recording, struct model *model, struct err *err)
{
	if (model->now_ns)
		model->now_ms += FRAME_MS;
	model->now_ns += (uint64_t)FRAME_MS * 1000000;
	while (*recording->at) {
		const char *end = strchrnul(recording->at, '\n');
		AUTO_FREE char *line = xstrndup(recording->at, (size_t)(end - recording->at));
		const char *trimmed = str_trim(line);

		recording->at = end + (*end == '\n');
		recording->line++;
		if (str_eq(trimmed, "frame"))
			break;
		if (*trimmed && *trimmed != '#' &&
		    apply(recording, model, str_trim(line), err) < 0)
			return err_at(err, NULL, recording->line, 0);
	}
	for (size_t i = 0; i < model->count; i++)
		box_judge(model, model->boxes[i]);
	return 0;
}

char *recording_log(void *arg, const struct box *box)
{
	const struct recording *recording = arg;
	const char *file = env_get(&recording->logs, box->name);

	return file ? path_join(recording->folder, file) : NULL;
}

char *recording_inspect(const struct recording *recording, const char *box)
{
	const char *file = env_get(&recording->inspects, box);

	return file ? path_join(recording->folder, file) : NULL;
}
