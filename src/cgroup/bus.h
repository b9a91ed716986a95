#ifndef CGROUP_BUS_H
#define CGROUP_BUS_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Private to this room: as much of D-Bus as it takes to ask systemd for a scope. Method calls
 * out, replies and signals in, over a unix socket, with a limit on every size and a deadline on
 * every wait.
 */

/* The messages we await have some hundred bytes; a signal about somebody else's unit can have
 * more. */
#define BUS_MESSAGE_MAX (1U << 20)
#define BUS_HEADER_LEN 16U

enum bus_type { BUS_METHOD_CALL = 1, BUS_METHOD_RETURN = 2, BUS_ERROR = 3, BUS_SIGNAL = 4 };

/* --- marshalling: bus_write.c --- */

/** bus_put_*() - append one value, padded as D-Bus wants it, relative to the beginning of @b.
 */
void bus_put_align(struct buf *b, size_t alignment);
void bus_put_u32(struct buf *b, uint32_t value);
void bus_put_string(struct buf *b, const char *s);    /* also object paths */
void bus_put_signature(struct buf *b, const char *s); /* at most 255 bytes */

/**
 * struct bus_method - a method to call
 * @signature:	of the arguments, NULL when there are none
 */
struct bus_method {
	const char *destination, *path, *interface, *member, *signature;
};

/** bus_write_call() - the bytes of a method call. @body is marshalled on its own: calls begin
 * it at a multiple of 8. */
void bus_write_call(const struct bus_method *method, uint32_t serial, const struct buf *body,
		    struct buf *out);

/* --- parsing: bus_read.c --- */

/**
 * struct bus_message - a message that came in
 *
 * Pointers lie in the caller's bytes and are NUL-terminated there; NULL when the message has no
 * such field.
 */
struct bus_message {
	enum bus_type type;
	bool is_swapped; /* written by the other byte order */
	uint32_t serial, reply_serial;
	const char *path, *interface, *member, *error_name, *sender, *signature;
	const uint8_t *body;
	size_t body_len;
};

/** bus_message_size() - bytes of the whole message that begins with these BUS_HEADER_LEN ones.
 * Return: 0 when it is not one, or above BUS_MESSAGE_MAX. */
size_t bus_message_size(const uint8_t head[BUS_HEADER_LEN]);

/** bus_message_parse() - take exactly one message apart. Return: 0, or -1 when it is malformed.
 */
int bus_message_parse(const uint8_t *data, size_t len, struct bus_message *out);

/** struct bus_cursor - reads the values of a body one after the other. */
struct bus_cursor {
	const uint8_t *data;
	size_t len, at;
	bool is_swapped;
};
struct bus_cursor bus_body(const struct bus_message *message);
bool bus_get_u32(struct bus_cursor *c, uint32_t *out);
bool bus_get_string(struct bus_cursor *c, const char **out); /* in place, NUL-terminated */
bool bus_get_signature(struct bus_cursor *c, const char **out);

/* --- connection: bus.c --- */

/**
 * struct bus - one connection
 * @is_peer:	straight to systemd, no bus between: no Hello, no match rules
 * @is_system:	the system's manager instead of the user's
 * @on_signal:	told of every signal that arrives while a reply or a signal is awaited
 */
struct bus {
	int fd;
	bool is_peer;
	bool is_system;
	uint32_t serial;
	int64_t deadline_ms;
	void (*on_signal)(void *arg, const struct bus_message *signal);
	void *arg;
};

/** bus_find_socket() - the first place where a systemd of ours seems to listen, for people.
 * free() it. Return: NULL when there is none. Connects to nothing. */
char *bus_find_socket(const char *runtime_dir, bool *out_is_system);

/**
 * bus_open() - connect to the user's systemd: its private socket, else the session bus (with
 * Hello)
 * @timeout_ms:	for everything that is done with this connection
 */
int bus_open(const char *runtime_dir, int timeout_ms, struct bus *out_bus, struct err *err);
void bus_done(struct bus *bus);
#define AUTO_BUS __attribute__((cleanup(bus_done)))

/**
 * bus_call() - call a method and await its reply
 * @out_error:	name of the D-Bus error when the peer answered with one, free() it; NULL
 * otherwise. May be NULL.
 * @out_text:	first string of the reply's arguments, free() it; may be NULL
 *
 * Return: 0, or -1: an error of the peer (*out_error set), a broken connection, ETIMEDOUT.
 */
int bus_call(struct bus *bus, const struct bus_method *method, const struct buf *body,
	     char **out_text, char **out_error, struct err *err);

/** bus_pump() - receive one message and hand it to on_signal. */
int bus_pump(struct bus *bus, struct err *err);

#endif
