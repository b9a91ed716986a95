#include "box/start.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

extern const char devbox_init_start[];
extern const char devbox_init_end[];

static uint32_t add_list(struct buf *out, const struct strv *list)
{
	uint32_t offset = (uint32_t)out->len;
	size_t i;

	for (i = 0; i < list->count; i++)
		buf_add(out, list->items[i], strlen(list->items[i]) + 1);
	return offset;
}

static uint32_t add_text(struct buf *out, const char *text)
{
	uint32_t offset = (uint32_t)out->len;

	buf_add(out, text, strlen(text) + 1);
	return offset;
}

static int sealed_memfd(const char *name, const void *data, size_t len, struct err *err)
{
	AUTO_CLOSE int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || fd_write_all(fd, data, len) < 0)
		return err_sys(err, "write memfd '%s'", name);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) <
	    0)
		return err_sys(err, "seal memfd '%s'", name);
	return steal_fd(&fd);
}

int box_command_fd(const struct box_command *command, struct err *err)
{
	AUTO_BUF struct buf blob = {0};
	struct init_config config = {.magic = INIT_MAGIC, .flags = command->flags};
	const char *path = env_get(command->env, "PATH");

	config.confine = command->confine;
	config.confine.wants_listener = command->profile != NULL;
	config.winsize = command->winsize;
	config.argc = (uint32_t)command->argv->count;
	config.envc = (uint32_t)command->env->count;
	if (config.argc > 0)
		config.flags |= INIT_COMMAND;
	buf_add(&blob, &config, sizeof(config));
	if (command->filter && command->filter->len > 0) {
		config.filter_offset =
			(uint32_t)
				blob.len; /* right after the struct: aligned for sock_filter */
		config.confine.filter_len = command->filter->len;
		buf_add(&blob, command->filter->program,
			command->filter->len * sizeof(struct sock_filter));
	}
	config.argv_offset = add_list(&blob, command->argv);
	config.env_offset = add_list(&blob, command->env);
	config.path_offset = add_text(&blob, path ? path : BOX_PATH);
	config.cwd_offset = add_text(&blob, command->cwd);
	config.size = (uint32_t)blob.len;
	memcpy(blob.data, &config, sizeof(config));
	return sealed_memfd("devbox-command", blob.data, blob.len, err);
}

int box_init_fd(struct err *err)
{
	return sealed_memfd("devbox-init", devbox_init_start,
			    (size_t)(devbox_init_end - devbox_init_start), err);
}
