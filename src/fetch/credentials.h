#ifndef FETCH_CREDENTIALS_H
#define FETCH_CREDENTIALS_H

#include "util/err.h"
#include "util/str.h"

/**
 * struct credentials - of one registry; owned; all NULL when there are none
 * @user, @password: for basic authentication and the token service
 * @identity_token: a refresh token of the token service, instead of a password
 * @origin:	the file or the helper they come from, for messages
 */
struct credentials {
	char *user;
	char *password;
	char *identity_token;
	char *origin;
};
/** credentials_done() - overwrites them, too. */
void credentials_done(struct credentials *credentials);
#define AUTO_CREDENTIALS __attribute__((cleanup(credentials_done)))

/**
 * credentials_find() - what the user logged in with, by containers-auth.json(5)
 * @env, @home:	the caller's
 * @host:	of struct reference or struct registry_place ("docker.io" for Docker Hub)
 * @repository: for credentials that are for a part of a registry
 *
 * The first of these files that knows the host: $REGISTRY_AUTH_FILE alone when it is set; else
 * $XDG_RUNTIME_DIR/containers/auth.json, $XDG_CONFIG_HOME/containers/auth.json,
 * $DOCKER_CONFIG/config.json (~/.docker/config.json), ~/.dockercfg. In a file: the host's
 * credHelpers, else the most specific of auths, else credsStore. A helper
 * (docker-credential-NAME) has 30 seconds.
 *
 * Return: 0 also when there are none; -1 for a file that makes no sense or a helper that fails.
 */
int credentials_find(const struct strv *env, const char *home, const char *host,
		     const char *repository, struct credentials *out_credentials,
		     struct err *err);

#endif
