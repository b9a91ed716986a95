#ifndef FETCH_CERTS_H
#define FETCH_CERTS_H

#include "util/err.h"
#include "util/str.h"

#include <stddef.h>

/**
 * struct certs - certificates for one registry, by containers-certs.d(5); owned. All NULL: the
 * system's authorities, and no client
 * @authorities: PEM: those of the system and *.crt of the folder
 * @client, @key: paths of the first *.cert and its *.key
 */
struct certs {
	char *authorities;
	size_t authorities_len;
	char *client;
	char *key;
};
/**
 * certs_load() - from certs.d/<host> of $XDG_CONFIG_HOME/containers, /etc/containers and
 * /etc/docker: the first folder that is there
 */
int certs_load(const struct strv *env, const char *home, const char *host,
	       struct certs *out_certs, struct err *err);
void certs_done(struct certs *certs);
#define AUTO_CERTS __attribute__((cleanup(certs_done)))

#endif
