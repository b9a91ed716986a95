#ifndef BOX_CONTROL_H
#define BOX_CONTROL_H

#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The supervisor's socket, `<runtime>/<project>/control.sock` of the dev box, and `BOX.sock` of
 * a service (SOCK_SEQPACKET, 0600). One request a connection:
 *
 *   stop BOX TIMEOUT_US   -1 for the profile's grace. The answer comes when the box is gone.
 *   ports BOX\nLINES      the lines "port …" and "forward …" of a plan: these are its ports
 *                       from now on. The answer is "ok", or "WHICH\nMESSAGE\nHINT" where WHICH
 * is the number of the port that cannot be had. limits BOX            those of its cgroup have
 * changed watch BOX             no answer: each port that appears is a message, until either
 * side goes.
 *
 * Else the answer is "ok" or words for the user.
 */
#define CONTROL_MESSAGE_MAX 2048
#define CONTROL_REQUEST_MAX 65536

/** control_listen() - make the socket of @box in @runtime_dir. Return: listening descriptor or
 * -1. */
int control_listen(const char *runtime_dir, const char *box, struct err *err);
/** control_remove() - remove it. */
void control_remove(const char *runtime_dir, const char *box);

/** control_ask() - send one request about its box and wait for the answer, at most @timeout_ms.
 * @err: ECONNREFUSED or ENOENT in code when no supervisor is there; ECONNRESET when it died
 * meanwhile; ETIMEDOUT when it is silent. */
int control_ask(const char *runtime_dir, const char *request, int timeout_ms, struct err *err);

/** control_watch() - send "watch @box". Return: a descriptor that gets the messages, or -1. */
int control_watch(const char *runtime_dir, const char *box);

#endif
