#include "config/parts.h"
#include "config/spec.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct source *add_source(struct config *config)
{
	struct source *source = xmalloc(sizeof(*source));

	source->shown = xstrdup("devbox.yaml");
	source->path = xstrdup("/nowhere/shop/devbox.yaml");
	source->base_dir = xstrdup("/nowhere/shop");
	source->index = config->source_count;
	config->sources =
		xrealloc(config->sources, (config->source_count + 1) * sizeof(struct source *));
	config->sources[config->source_count++] = source;
	return source;
}

static struct config *make_config(void)
{
	struct config *config = xmalloc(sizeof(*config));

	config->root = node_new(NODE_MAP, &(struct place){0});
	config->home = xstrdup("/nowhere");
	config->project_dir = xstrdup("/nowhere/shop");
	strv_add(&config->env, "USER=dev");
	strv_add(&config->env, "EMPTY=");
	strv_add(&config->env, "ODD=a\xff: '$x\n");
	return config;
}

/* One file on top of what is there, as config_load() does it, without what it extends. */
static int add_text(struct config *config, const char *text, size_t len, struct err *err)
{
	struct interpolation vars = {.env = &config->env, .budget = CONFIG_EXPANDED_MAX};
	AUTO_NODE struct node *root = NULL;

	if (tree_read(text, len, add_source(config), &root, err) < 0 ||
	    keys_check(root, err) < 0 || interpolate_tree(&vars, root, err) < 0)
		return -1;
	merge_into(config->root, root);
	return 0;
}

/* What is printed is a profile again, and the same one. */
static void check_print(const struct config *config)
{
	struct config *again = make_config();
	AUTO_BUF struct buf first = {0};
	AUTO_BUF struct buf second = {0};
	struct err err;

	config_print(config, false, &first);
	/* Two files together may be larger than one may be. */
	if (first.len < CONFIG_FILE_MAX && node_weight(config->root) <= CONFIG_VALUES_MAX) {
		if (add_text(again, first.data, first.len, &err) < 0)
			abort();
		config_print(again, false, &second);
		if (strcmp(first.data, second.data) != 0)
			abort();
	}
	config_free(again);
}

/* Bytes up to a line of "%%" are the profile, those after it the local one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *cut = size ? memmem(text, size, "\n%%\n", 4) : NULL;
	size_t first = cut ? (size_t)(cut - text) + 1 : size;
	struct config *config = make_config();
	struct spec spec = {0};
	struct err err = {0};

	if (add_text(config, text, first, &err) == 0 &&
	    (!cut || add_text(config, cut + 4, size - first - 3, &err) == 0)) {
		AUTO_JSON struct json json = {0};

		check_print(config);
		config_print_json(config, &json);
		if (config_to_spec(config, &spec, &err) == 0)
			spec_done(&spec);
		else if (!*err.message)
			abort();
	} else if (!*err.message) {
		abort();
	}
	config_free(config);
	return 0;
}
