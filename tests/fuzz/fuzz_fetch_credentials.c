#include "fetch/credentials.h"
#include "fetch/credentials_parts.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Files of credentials and answers of helpers: a user never without a password. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct credentials *found)
{
	if (!found->user != !found->password)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_CREDENTIALS struct credentials answer = {0};
	AUTO_FREE char *user = NULL;
	AUTO_FREE char *password = NULL;
	struct err err = {0};

	for (int i = 0; i < 2; i++) {
		AUTO_LOGIN_TEXT struct login_text login = {0};

		if (login_text_read(text, i == 1, i ? "docker.io" : "r.x:5000", "a/b", &login,
				    &err) == 0)
			check(&login.found);
		else if (!str_is_printable(err.message))
			abort();
	}
	if (helper_read_answer(text, strlen(text), &answer, &err) == 0)
		check(&answer);
	if (login_decode(text, &user, &password) == 0 && (!user || !password))
		abort();
	return 0;
}
