#ifndef LAYER_LAYER_H
#define LAYER_LAYER_H

#include "util/err.h"
#include "util/sha256.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From the bytes of a layer to a folder for overlayfs, and back. All of it runs as root of the
 * boxes' user namespace, behind a seccomp filter, and sees nothing but the folder: it reads
 * what strangers made.
 *
 * Unpacking makes these system calls: brk clone3 (clone) close eventfd2 exit exit_group fchmod
 * fchmodat fchown fchownat fgetxattr fremovexattr fsetxattr fstat fstatfs ftruncate futex
 * getdents64 getegid geteuid getrandom linkat lseek madvise mkdirat mknodat mmap mprotect
 * mremap munmap newfstatat openat openat2 poll (ppoll) pwrite64 read rseq
 * rt_sigaction rt_sigprocmask set_robust_list symlinkat umask unlinkat utimensat write.
 * Packing makes fcntl flistxattr and readlinkat besides, and starts no thread.
 *
 * Memory: less than 6 MiB for blocks on their way, what libarchive needs for one entry (a map
 * of a sparse file has no limit of its own there: limit the memory of the process), and up to
 * 128 MiB for zstd when a blob was made with such a window.
 */

/** struct layer_limits - what a layer may be; 0 means the default in brackets */
struct layer_limits {
	uint64_t entries;    /* [2,000,000] */
	uint64_t bytes;      /* of content [64 GiB] */
	uint64_t file_bytes; /* apparent size of one file [32 GiB] */
	uint64_t
		ratio; /* content may be so many times the compressed bytes, plus 1 GiB [200] */
	uint64_t free_bytes; /* stop when the file system has less than this left [64 MiB] */
};

/**
 * struct layer_options - borrowed
 * @id_count:	ids 0..id_count-1 exist in this user namespace; others become 65534 (or 0 when
 * that does not exist)
 * @progress:	told how many compressed bytes were taken so far, at each block of 256 KiB of
 * the archive, in the thread that called; may be NULL
 */
struct layer_options {
	struct layer_limits limits;
	uint32_t id_count;
	void (*progress)(void *arg, uint64_t compressed_bytes);
	void *arg;
};

/**
 * struct layer_result - what was unpacked; plain memory
 * @diff_id:	SHA-256 of the uncompressed stream, hexadecimal
 * @foreign_path: first of those with an id beyond the map
 */
struct layer_result {
	char diff_id[SHA256_HEX_MAX];
	uint64_t tar_bytes;
	uint64_t entries;
	uint64_t bytes;
	uint64_t devices; /* device nodes left out */
	uint64_t foreign; /* owners beyond the map */
	uint64_t xattrs;  /* attributes left out */
	char device_path[256];
	char foreign_path[256];
	char xattr_name[256];
	uint64_t trailing; /* bytes after the compressed data that mean nothing */
};

/**
 * layer_unpack() - read the blob at @in_fd to its end into the empty folder @diff_fd
 *
 * gzip (several members, as RFC 1952 allows), zstd (RFC 8878) or nothing, by its first bytes;
 * inflating and hashing in a thread of their own. Entries by the OCI image layer specification:
 * whiteouts become overlay's, rootless (character device 0/0, user.overlay.opaque). Nothing
 * outside of @diff_fd is ever touched: see layer/extract.h.
 * @err: what is wrong with which entry.
 */
int layer_unpack(int in_fd, int diff_fd, const struct layer_options *options,
		 struct layer_result *out_result, struct err *err);

enum layer_compression { LAYER_PLAIN, LAYER_GZIP, LAYER_ZSTD };
/** struct layer_packed - a blob that was written; plain memory */
struct layer_packed {
	char diff_id[SHA256_HEX_MAX];
	char digest[SHA256_HEX_MAX];
	uint64_t blob_bytes;
	uint64_t tar_bytes;
};
/**
 * layer_pack() - the way back: the overlay folder @diff_fd as a layer blob to @out_fd (-1: only
 * digests) The same folder gives the same bytes: sorted names, no times of access, pax headers.
 */
int layer_pack(int diff_fd, int out_fd, enum layer_compression compression,
	       struct layer_packed *out_packed, struct err *err);

#endif
