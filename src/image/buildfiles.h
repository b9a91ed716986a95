#ifndef IMAGE_BUILDFILES_H
#define IMAGE_BUILDFILES_H

#include "util/err.h"
#include "util/sha256.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * The files a build step reads, and the hashes of their content. Names, content, link targets
 * and the executable bit count; times, owners and other modes do not. A folder `.git` below an
 * input counts for nothing.
 */

/**
 * struct file_hashes - hashes of large files, kept from one run to the next in one file, by
 * device, inode, size and the times of change. What changed in the last seconds is not kept: it
 * could change again within the same tick of the clock.
 */
struct file_hashes;
/** file_hashes_open() - @path: the file; what is wrong with it makes it an empty one. */
struct file_hashes *file_hashes_open(const char *path);
/** file_hashes_close() - writes what is new; failing at that is no error. Accepts NULL. */
void file_hashes_close(struct file_hashes *hashes);
/** file_hashes_get() - SHA-256 of the regular file @fd, read from its start. */
int file_hashes_get(struct file_hashes *hashes, int fd, const char *shown,
		    char out_hex[SHA256_HEX_MAX], struct err *err);

enum build_file_kind { BUILD_FILE, BUILD_EXECUTABLE, BUILD_LINK, BUILD_FOLDER, BUILD_OTHER };

/** struct build_file - @path: from the workspace; @content: SHA-256 or target of the link, ""
 * for others */
struct build_file {
	char *path;
	enum build_file_kind kind;
	uint64_t size;
	char *content;
};

/** struct build_files - @hidden: the `.git` folders, as @path */
struct build_files {
	struct build_file *items;
	size_t count;
	struct strv hidden;
};
void build_files_done(struct build_files *files);

/**
 * build_files_read() - add the file or folder @path, and all below
 * @workspace:	absolute; @path lies in it, also after links are followed, and is named from it
 * @err:	ENOENT; something that cannot be read; more than a million files
 */
int build_files_read(const char *workspace, const char *path, struct file_hashes *hashes,
		     struct build_files *files, struct err *err);

#endif
