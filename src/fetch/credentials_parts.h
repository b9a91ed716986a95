#ifndef FETCH_CREDENTIALS_PARTS_H
#define FETCH_CREDENTIALS_PARTS_H

#include "fetch/credentials.h"

#include <stdbool.h>
#include <stddef.h>

/* Private to the files that look for credentials. */

/**
 * struct login_text - what a file says about a host; owned
 * @helper:	NAME of docker-credential-NAME for the host
 * @store:	NAME of the one for all hosts
 * @is_known:	`auths` names the host, maybe without saying more
 */
struct login_text {
	struct credentials found;
	char *helper;
	char *store;
	bool is_known;
};
void login_text_done(struct login_text *login);
#define AUTO_LOGIN_TEXT __attribute__((cleanup(login_text_done)))

/**
 * login_text_read() - look for HOST/REPOSITORY in the text of one file
 * @is_legacy:	~/.dockercfg, which is `auths` alone
 */
int login_text_read(const char *text, bool is_legacy, const char *host, const char *repository,
		    struct login_text *out_login, struct err *err);

/** login_decode() - USER:PASSWORD in base64, as `auth` has it. */
int login_decode(const char *base64, char **out_user, char **out_password);

/**
 * helper_ask() - what a credential helper knows of @host
 * @name:	NAME of docker-credential-NAME
 * Return: 0 also when it knows nothing; -1 with ENOENT when there is no such program.
 */
int helper_ask(const char *name, const char *host, int limit_ms,
	       struct credentials *out_credentials, struct err *err);
/** helper_read_answer() - the JSON it prints. */
int helper_read_answer(const char *text, size_t len, struct credentials *out_credentials,
		       struct err *err);

#endif
