#include "cli/cli.h"

#include "api/images.h"
#include "cli/format.h"
#include "cli/image_words.h"
#include "cli/table.h"
#include "util/cleanup.h"

#include <string.h>

/* What people read of a step unless they ask for all. */
#define STEP_WIDTH 72

/* One line of the history; @layer NULL: it left none, or there is no record of it. */
struct step {
	const char *created;
	const char *words;
	const char *comment;
	const char *layer_id;
	const struct layer_meta *layer;
};

/*
 * The steps of the history that left something and the layers belong together, from the bottom
 * up. A history is optional, and may be shorter: layers without one come last.
 */
static size_t list_steps(const struct image_details *details, struct step *steps)
{
	const struct image_config *config = &details->config;
	size_t count = 0, layer = 0;

	for (size_t i = 0; i < config->history_count; i++) {
		const struct image_history *line = &config->history[i];
		struct step *step = &steps[count++];

		*step = (struct step){line->created, line->created_by, line->comment, NULL,
				      NULL};
		if (line->is_empty || layer == details->image.layers.count)
			continue;
		step->layer_id = details->image.layers.items[layer];
		step->layer = &details->layers[layer++];
	}
	for (; layer < details->image.layers.count; layer++)
		steps[count++] = (struct step){.layer_id = details->image.layers.items[layer],
					       .layer = &details->layers[layer]};
	return count;
}

/* Where the characters after the first STEP_WIDTH begin; the end when there are no more. */
static size_t cut_at(const char *line)
{
	size_t width = 0, i;

	for (i = 0; line[i]; i++)
		if (((unsigned char)line[i] & 0xc0) != 0x80 && width++ == STEP_WIDTH)
			break;
	return i;
}

static char *step_words(const struct step *step, bool whole)
{
	const char *words = step->words && *step->words ? step->words : step->comment;
	char *line = xstrdup(words && *words ? words : "-");
	size_t end = whole ? strlen(line) : cut_at(line);
	char *cut;

	for (size_t i = 0; line[i]; i++)
		if (strchr("\n\t\r", line[i]))
			line[i] = ' ';
	if (!line[end])
		return line;
	cut = xasprintf("%.*s\u2026", (int)end, line);
	free(line);
	return cut;
}

static void put_table(const struct step *steps, size_t count, bool whole)
{
	static const char *const titles[] = {"LAYER", "CREATED", "SIZE", "CREATED BY"};
	AUTO_TABLE struct table table = {0};
	const int64_t now = now_ms();
	struct strv *line = table_row(&table);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		strv_add(line, titles[i]);
	/* The newest first. */
	for (size_t i = count; i > 0; i--) {
		const struct step *step = &steps[i - 1];

		line = table_row(&table);
		strv_take(line, step->layer_id ? id_words(step->layer_id) : xstrdup("-"));
		strv_take(line, age_words(created_ms(step->created), now));
		strv_take(line, step->layer ? size_words(step->layer->bytes) : xstrdup("0"));
		strv_take(line, step_words(step, whole));
	}
	table_print(&table);
}

static void put_json(const struct step *steps, size_t count)
{
	AUTO_JSON struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = count; i > 0; i--) {
		const struct step *step = &steps[i - 1];

		json_object_begin(&j, NULL);
		json_text(&j, "layer", step->layer_id);
		json_created(&j, step->created);
		json_u64(&j, "size_bytes", step->layer ? step->layer->bytes : 0);
		json_text(&j, "created_by", step->words);
		json_text(&j, "comment", step->comment);
		json_object_end(&j);
	}
	json_array_end(&j);
	cli_put_json(&j);
}

int verb_history(struct cli *cli)
{
	struct image_details details;
	AUTO_FREE struct step *steps = NULL;
	struct err err = {0};
	size_t count;

	if (cli_open(cli, &err) < 0 ||
	    devbox_image(cli->devbox, cli->args.words.items[0], &details, &err) < 0)
		return cli_fail(cli, &err);
	steps = xmalloc((details.config.history_count + details.image.layers.count + 1) *
			sizeof(*steps));
	count = list_steps(&details, steps);
	if (cli->json)
		put_json(steps, count);
	else
		put_table(steps, count, args_has(&cli->args, "no-trunc"));
	image_details_done(&details);
	return 0;
}
