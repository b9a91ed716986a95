#ifndef FETCH_REALM_H
#define FETCH_REALM_H

#include "util/err.h"

#include <stdbool.h>

/*
 * Whom a registry sends us to for a token. It is a stranger's word: a registry must not make us
 * ask what only this machine can reach, nor hand out our password.
 */

/** host_is_loopback() - "localhost", 127.0.0.0/8 or [::1], with or without a port. */
bool host_is_loopback(const char *host);

/**
 * realm_check() - @realm is somewhere we ask
 * @host:	the registry, with its port
 * @is_plain:	the registry itself is talked to over plain HTTP, or may be
 *
 * https (or http with @is_plain); no user in it; no address of a private, link-local or
 * loopback network unless the registry is one of the same kind; link-local never but the
 * registry itself.
 */
int realm_check(const char *realm, const char *host, bool is_plain, struct err *err);

/**
 * realm_is_related() - credentials for @host may be shown to @realm: the same host, or both in
 * one domain (auth.docker.io and registry-1.docker.io)
 */
bool realm_is_related(const char *realm, const char *host);
/** realm_host() - the host of @realm, with a port when it has one. free() it; NULL: no URL. */
char *realm_host(const char *realm);

#endif
