#ifndef API_METRICS_H
#define API_METRICS_H

#include "api/api.h"
#include "api/status.h"

/* The two text formats of Prometheus differ in the names behind # TYPE. */
enum metrics_format { METRICS_OPENMETRICS, METRICS_PROMETHEUS };

/** metrics_write() - numbers of @list. Text a user chose is escaped and valid UTF-8. */
void metrics_write(const struct box_list *list, enum metrics_format format, struct buf *out);

/** devbox_metrics() - of all boxes of the user, NULL: else of @project_id; also of those that
 * ended. */
int devbox_metrics(struct devbox *devbox, const char *project_id, enum metrics_format format,
		   struct buf *out, struct err *err);

/**
 * struct metrics_address - where they are served
 * @path:	of a unix socket, owned; NULL: @port of loopback
 * @is_v6:	[::1], else an address of 127.0.0.0/8
 */
struct metrics_address {
	char *path;
	bool is_v6;
	uint32_t v4; /* in the machine's order */
	uint16_t port;
};
/** metrics_address_parse() - "PORT", "127.0.0.1:PORT", "localhost:PORT", "[::1]:PORT",
 * "unix:PATH", "/PATH". @err: any other address, by name: these numbers are nobody else's
 * business. */
int metrics_address_parse(const char *text, struct metrics_address *out_address,
			  struct err *err);

/** devbox_metrics_serve() - answer GET /metrics there until SIGINT or SIGTERM; says where by
 * log_note(). A socket in the file system is the user's own (0600) and goes at the end. */
int devbox_metrics_serve(struct devbox *devbox, const char *project_id,
			 const struct metrics_address *address, struct err *err);

/* --- for tests --- */

#define METRICS_REQUEST_MAX 8192
/**
 * struct metrics_request - what a client asks for
 * @status:	of the answer, 0: the request is not complete
 * @is_head:	without the body
 */
struct metrics_request {
	int status;
	bool is_head;
	enum metrics_format format;
};
/** metrics_request_parse() - the bytes of a request so far. Host must be a name of loopback:
 * a page of a stranger can make a browser ask, under a name of the stranger's. */
void metrics_request_parse(const char *text, size_t len, struct metrics_request *out_request);

#endif
