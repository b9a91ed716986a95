#include "cli/cli.h"

#include "api/images.h"
#include "cli/format.h"
#include "cli/image_words.h"
#include "cli/table.h"
#include "util/cleanup.h"

static void put_titles(struct table *table, const char *const *titles)
{
	struct strv *line = table_row(table);

	for (; *titles; titles++)
		strv_add(line, *titles);
}

static void put_images(const struct disk_use *use)
{
	static const char *const titles[] = {"IMAGE", "ID", "SIZE", "UNIQUE", "SHARED", NULL};
	AUTO_TABLE struct table table = {0};

	if (!use->images.count)
		return;
	put_titles(&table, titles);
	for (size_t i = 0; i < use->images.count; i++) {
		const struct image_row *row = &use->images.items[i];
		struct strv *line = table_row(&table);

		strv_add(line, row->name ? row->name : "-");
		strv_take(line, id_words(row->id));
		strv_take(line, size_words(row->bytes));
		strv_take(line, size_words(row->unique_bytes));
		strv_take(line, size_words(row->shared_bytes));
	}
	table_print(&table);
	cli_put("\n");
}

static void put_projects(const struct disk_use *use)
{
	static const char *const titles[] = {"PROJECT", "BOXES", "HOME", "VOLUMES", NULL};
	AUTO_TABLE struct table table = {0};

	if (!use->project_count)
		return;
	put_titles(&table, titles);
	for (size_t i = 0; i < use->project_count; i++) {
		const struct project_use *project = &use->projects[i];
		struct strv *line = table_row(&table);

		strv_add(line, project->id);
		strv_take(line, size_words(project->boxes_bytes));
		strv_take(line, size_words(project->home_bytes));
		strv_take(line, size_words(project->volumes_bytes));
	}
	table_print(&table);
	cli_put("\n");
}

static void put_caches(const struct disk_use *use)
{
	static const char *const titles[] = {"CACHE", "SIZE", NULL};
	AUTO_TABLE struct table table = {0};

	if (!use->cache_count)
		return;
	put_titles(&table, titles);
	for (size_t i = 0; i < use->cache_count; i++) {
		struct strv *line = table_row(&table);

		strv_add(line, use->caches[i].name);
		strv_take(line, size_words(use->caches[i].bytes));
	}
	table_print(&table);
	cli_put("\n");
}

/* The sums of projects and caches. */
struct sums {
	uint64_t boxes, homes, volumes, caches, all;
};

static struct sums sum_up(const struct disk_use *use)
{
	struct sums sums = {0};

	for (size_t i = 0; i < use->project_count; i++) {
		sums.boxes += use->projects[i].boxes_bytes;
		sums.homes += use->projects[i].home_bytes;
		sums.volumes += use->projects[i].volumes_bytes;
	}
	for (size_t i = 0; i < use->cache_count; i++)
		sums.caches += use->caches[i].bytes;
	sums.all = use->images_bytes + use->builds_bytes + use->garbage_bytes + sums.boxes +
		   sums.homes + sums.volumes + sums.caches;
	return sums;
}

static void add_sum(struct table *table, const char *name, uint64_t bytes, const char *remark)
{
	struct strv *line = table_row(table);

	strv_add(line, name);
	strv_take(line, size_words(bytes));
	if (remark)
		strv_add(line, remark);
}

static void put_sums(const struct disk_use *use)
{
	static const char *const titles[] = {"TOTAL", "SIZE", NULL};
	const struct sums sums = sum_up(use);
	AUTO_TABLE struct table table = {0};

	put_titles(&table, titles);
	add_sum(&table, "images", use->images_bytes, NULL);
	add_sum(&table, "build steps", use->builds_bytes, NULL);
	add_sum(&table, "unused layers", use->garbage_bytes, NULL);
	add_sum(&table, "boxes", sums.boxes, NULL);
	add_sum(&table, "homes", sums.homes, NULL);
	add_sum(&table, "volumes", sums.volumes, NULL);
	add_sum(&table, "caches", sums.caches, NULL);
	add_sum(&table, "all", sums.all, NULL);
	add_sum(&table, "to be freed", use->prune_bytes, "devbox prune");
	add_sum(&table, "", use->prune_all_bytes, "devbox prune --all --builds");
	table_print(&table);
}

static void json_images(struct json *j, const struct disk_use *use)
{
	json_array_begin(j, "images");
	for (size_t i = 0; i < use->images.count; i++) {
		const struct image_row *row = &use->images.items[i];

		json_object_begin(j, NULL);
		json_text(j, "name", row->name);
		json_text(j, "id", row->id);
		json_u64(j, "size_bytes", row->bytes);
		json_u64(j, "unique_bytes", row->unique_bytes);
		json_u64(j, "shared_bytes", row->shared_bytes);
		json_object_end(j);
	}
	json_array_end(j);
}

static void json_places(struct json *j, const struct disk_use *use)
{
	json_array_begin(j, "projects");
	for (size_t i = 0; i < use->project_count; i++) {
		json_object_begin(j, NULL);
		json_text(j, "project", use->projects[i].id);
		json_u64(j, "boxes_bytes", use->projects[i].boxes_bytes);
		json_u64(j, "home_bytes", use->projects[i].home_bytes);
		json_u64(j, "volumes_bytes", use->projects[i].volumes_bytes);
		json_object_end(j);
	}
	json_array_end(j);
	json_array_begin(j, "caches");
	for (size_t i = 0; i < use->cache_count; i++) {
		json_object_begin(j, NULL);
		json_text(j, "name", use->caches[i].name);
		json_u64(j, "size_bytes", use->caches[i].bytes);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_json(const struct disk_use *use)
{
	const struct sums sums = sum_up(use);
	AUTO_JSON struct json j = {0};

	json_object_begin(&j, NULL);
	json_images(&j, use);
	json_places(&j, use);
	json_object_begin(&j, "total");
	json_u64(&j, "images_bytes", use->images_bytes);
	json_u64(&j, "build_steps", use->build_count);
	json_u64(&j, "build_steps_bytes", use->builds_bytes);
	json_u64(&j, "unused_layers_bytes", use->garbage_bytes);
	json_u64(&j, "boxes_bytes", sums.boxes);
	json_u64(&j, "homes_bytes", sums.homes);
	json_u64(&j, "volumes_bytes", sums.volumes);
	json_u64(&j, "caches_bytes", sums.caches);
	json_u64(&j, "all_bytes", sums.all);
	json_object_end(&j);
	json_u64(&j, "prune_bytes", use->prune_bytes);
	json_u64(&j, "prune_all_bytes", use->prune_all_bytes);
	json_object_end(&j);
	cli_put_json(&j);
}

int verb_du(struct cli *cli)
{
	struct disk_use use;
	struct err err = {0};

	if (cli_open(cli, &err) < 0 || devbox_du(cli->devbox, &use, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->json) {
		put_json(&use);
	} else {
		put_images(&use);
		put_projects(&use);
		put_caches(&use);
		put_sums(&use);
	}
	disk_use_done(&use);
	return 0;
}
