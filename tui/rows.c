#include "tui/parts.h"

#include "util/cleanup.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool contains(const char *text, const char *part)
{
	bool has_capital = false;

	for (const char *c = part; *c; c++)
		has_capital = has_capital || isupper((unsigned char)*c);
	return text && (has_capital ? strstr(text, part) : strcasestr(text, part)) != NULL;
}

static bool matches_word(const struct box *box, const char *word)
{
	return contains(box->name, word) || contains(box->image, word) ||
	       contains(box_state_word(box, false), word);
}

/* Every word must be there, every !word must not. */
static bool is_wanted(const struct app *app, const struct box *box)
{
	AUTO_FREE char *copy = xstrdup(app->filter);
	char *rest = copy;
	const char *word;

	while ((word = strsep(&rest, " "))) {
		if (word[0] == '!' && word[1] && matches_word(box, word + 1))
			return false;
		if (word[0] && word[0] != '!' && !matches_word(box, word))
			return false;
	}
	return true;
}

double shown_cpu(const struct app *app, const struct box *box)
{
	const struct rates *rates = &box->rates;

	if (app->settings.cpu_scale == CPU_OF_LIMIT && is_known(rates->cpu_limit))
		return rates->cpu / rates->cpu_limit * 100;
	if (app->settings.cpu_scale != CPU_OF_ONE && app->model.host.cpus > 0)
		return rates->cpu / app->model.host.cpus;
	return rates->cpu;
}

double shown_memory(const struct app *app, const struct box *box)
{
	const struct reading *now = &box->now;

	if (app->settings.memory_kind == MEMORY_CURRENT && now->memory < STAT_NO_LIMIT)
		return (double)now->memory;
	if (app->settings.memory_kind == MEMORY_ANON && now->anon < STAT_NO_LIMIT)
		return (double)now->anon;
	return box->rates.memory;
}

/* What is not known sorts below everything. */
static double sort_value(const struct app *app, const struct box *box, enum column column)
{
	const struct rates *rates = &box->rates;
	double value = UNKNOWN;

	if (column == COLUMN_STATE)
		value = -(double)box->state;
	else if (column == COLUMN_UP)
		value = box_is_running(box) ? -(double)box->started_ms : UNKNOWN;
	else if (column == COLUMN_CPU || column == COLUMN_CPU_GRAPH)
		value = shown_cpu(app, box);
	else if (column == COLUMN_LIMIT)
		value = rates->cpu / rates->cpu_limit;
	else if (column == COLUMN_MEMORY || column == COLUMN_MEMORY_GRAPH)
		value = shown_memory(app, box);
	else if (column == COLUMN_MEMORY_SHARE)
		value = rates->memory / rates->memory_limit;
	else if (column == COLUMN_STALLS)
		value = fmax(rates->stalled[0], fmax(rates->stalled[1], rates->stalled[2]));
	else if (column == COLUMN_PIDS)
		value = rates->pids;
	else if (column == COLUMN_READ)
		value = rates->read;
	else if (column == COLUMN_WRITE)
		value = rates->write;
	else if (column == COLUMN_RECEIVED)
		value = rates->received;
	else if (column == COLUMN_SENT)
		value = rates->sent;
	return is_known(value) ? value : -1e300;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int compare_boxes(const struct app *app, const struct box *a, const struct box *b)
{
	const enum column column = app->settings.sort;
	int result = 0;

	if (app->settings.group)
		result = strcmp(or_empty(a->project), or_empty(b->project));
	if (result)
		return result;
	if (column == COLUMN_NAME || column == COLUMN_PROJECT) {
		result = strcmp(a->name, b->name);
	} else if (column == COLUMN_IMAGE) {
		result = strcmp(or_empty(a->image), or_empty(b->image));
	} else {
		const double left = sort_value(app, a, column);
		const double right = sort_value(app, b, column);

		result = left < right ? 1 : (left > right ? -1 : 0);
	}
	if (app->settings.invert)
		result = -result;
	return result ? result : strcmp(a->name, b->name);
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	return compare_boxes(arg, ((const struct row *)a)->box, ((const struct row *)b)->box);
}

/* A line with the project's name before its boxes. */
static void add_titles(struct app *app)
{
	struct row *rows = xmalloc((app->row_count * 2 + 1) * sizeof(*rows));
	size_t count = 0;

	for (size_t i = 0; i < app->row_count; i++) {
		const char *project = or_empty(app->rows[i].box->project);

		if (i == 0 || !str_eq(project, or_empty(app->rows[i - 1].box->project)))
			rows[count++] = (struct row){.project = project};
		rows[count++] = app->rows[i];
	}
	free(app->rows);
	app->rows = rows;
	app->row_count = count;
}

static size_t selected_row(const struct app *app)
{
	for (size_t i = 0; i < app->row_count; i++)
		if (app->rows[i].box && str_eq(app->rows[i].box->name, app->selected))
			return i;
	return app->row_count;
}

static void select_row(struct app *app, size_t i)
{
	free(app->selected);
	app->selected = xstrdup(app->rows[i].box->name);
	app->row_at = i;
}

void rows_update(struct app *app)
{
	size_t old = app->row_at;
	size_t count = 0;

	free(app->rows);
	app->rows = xmalloc((app->model.count + 1) * sizeof(*app->rows));
	for (size_t i = 0; i < app->model.count; i++)
		if (is_wanted(app, app->model.boxes[i]))
			app->rows[count++] = (struct row){.box = app->model.boxes[i]};
	app->row_count = count;
	if (count)
		qsort_r(app->rows, count, sizeof(*app->rows), compare_rows, app);
	if (app->settings.group)
		add_titles(app);
	if (!count)
		return;
	if (selected_row(app) < app->row_count) {
		app->row_at = selected_row(app);
		return;
	}
	/* The one under the cursor is gone: the one that took its place, else the last. */
	old = old < app->row_count ? old : app->row_count - 1;
	while (!app->rows[old].box)
		old++;
	select_row(app, old);
}

struct box *selected_box(const struct app *app)
{
	return app->selected ? model_box(&app->model, app->selected) : NULL;
}

void select_step(struct app *app, int steps)
{
	const int step = steps < 0 ? -1 : 1;
	long at = (long)selected_row(app), best = -1;

	if (at == (long)app->row_count)
		at = step > 0 ? -1 : at;
	while (steps) {
		at += step;
		if (at < 0 || at >= (long)app->row_count)
			break;
		if (!app->rows[at].box)
			continue;
		best = at;
		steps -= step;
	}
	if (best >= 0)
		select_row(app, (size_t)best);
}

size_t targets(const struct app *app, struct box ***out_boxes)
{
	struct box *selected = selected_box(app);
	size_t count = 0;

	*out_boxes = xmalloc((app->model.count + 1) * sizeof(struct box *));
	for (size_t i = 0; i < app->model.count; i++)
		if (app->model.boxes[i]->is_marked)
			(*out_boxes)[count++] = app->model.boxes[i];
	if (!count && selected)
		(*out_boxes)[count++] = selected;
	return count;
}
