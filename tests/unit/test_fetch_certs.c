#include "fetch/certs.h"
#include "fetch_fixture.h"

static void write_certs(const struct rig *rig, const char *host, const char *name,
			const char *text)
{
	AUTO_FREE char *path = xasprintf(".config/containers/certs.d/%s/%s", host, name);

	rig_write(rig, path, text);
}

static void registry_without_a_folder_has_no_certificates(void **state)
{
	struct rig *rig = *state;
	AUTO_CERTS struct certs certs = {0};
	struct err err = {0};

	write_certs(rig, "other:5000", "ca.crt", "OTHER");
	assert_int_equal(certs_load(&rig->env, rig->top, "host:5000", &certs, &err), 0);
	assert_null(certs.authorities);
	assert_null(certs.client);
}

static void authorities_add_to_those_of_the_system(void **state)
{
	struct rig *rig = *state;
	AUTO_CERTS struct certs certs = {0};
	struct err err = {0};

	write_certs(rig, "host:5000", "a.crt", "FIRST");
	write_certs(rig, "host:5000", "b.crt", "SECOND");
	write_certs(rig, "host:5000", "c.txt", "THIRD");
	assert_int_equal(certs_load(&rig->env, rig->top, "host:5000", &certs, &err), 0);
	assert_non_null(strstr(certs.authorities, "FIRST\nSECOND\n"));
	assert_null(strstr(certs.authorities, "THIRD"));
	assert_int_equal(certs.authorities_len, strlen(certs.authorities));
}

static void client_comes_with_its_key_or_not_at_all(void **state)
{
	struct rig *rig = *state;
	AUTO_CERTS struct certs certs = {0};
	struct err err = {0};

	write_certs(rig, "host", "client.cert", "CERT");
	assert_int_equal(certs_load(&rig->env, rig->top, "host", &certs, &err), -1);
	assert_non_null(strstr(err.message, "client.key"));
	write_certs(rig, "host", "client.key", "KEY");
	assert_int_equal(certs_load(&rig->env, rig->top, "host", &certs, &err), 0);
	assert_true(str_ends(certs.client, "/certs.d/host/client.cert"));
	assert_true(str_ends(certs.key, "/certs.d/host/client.key"));
}

static void xdg_folder_wins(void **state)
{
	struct rig *rig = *state;
	AUTO_CERTS struct certs certs = {0};
	struct err err = {0};

	strv_addf(&rig->env, "XDG_CONFIG_HOME=%s/xdg", rig->top);
	rig_write(rig, "xdg/containers/certs.d/host/ca.crt", "MINE");
	write_certs(rig, "host", "ca.crt", "HOME");
	assert_int_equal(certs_load(&rig->env, rig->top, "host", &certs, &err), 0);
	assert_non_null(strstr(certs.authorities, "MINE"));
	assert_null(strstr(certs.authorities, "HOME"));
}

/* --- with a server */

static int tls_make(void **state)
{
	return rig_make_tls(state, "IP:127.0.0.1");
}

static int tls_make_elsewhere(void **state)
{
	return rig_make_tls(state, "DNS:registry.example.com");
}

static int get_of(struct rig *rig, const char *repository, struct err *err)
{
	AUTO_REFERENCE struct reference reference = rig_reference(rig, repository);
	struct fetched fetched = {0};

	(void)rig_fetch(rig, 5000);
	if (fetch_manifest(rig->fetch, &reference, NULL, &fetched, err) < 0)
		return -1;
	fetched_done(&fetched);
	return 0;
}

static int get(struct rig *rig, struct err *err)
{
	return get_of(rig, "app", err);
}

static void trust(struct rig *rig)
{
	AUTO_FREE char *host = xasprintf("127.0.0.1:%s", rig->port);
	AUTO_FREE char *path = path_join(rig->top, "tls.crt");
	AUTO_FREE char *pem = NULL;
	struct err err;

	assert_int_equal(fd_read_file(AT_FDCWD, path, 65536, &pem, &err), 0);
	write_certs(rig, host, "ca.crt", pem);
}

static void unknown_authority_is_refused_with_where_to_put_it(void **state)
{
	struct rig *rig = *state;
	struct err err = {0};

	assert_int_equal(get(rig, &err), -1);
	assert_non_null(strstr(err.message, "is not to be trusted (SSL certificate problem"));
	assert_non_null(strstr(err.hint, "certs.d/127.0.0.1:"));
	assert_int_equal(err.code, EPROTO);
}

static void known_authority_is_trusted(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};
	struct err err = {0};

	trust(rig);
	if (get(rig, &err) < 0)
		fail_msg("%s", err.message);
	blob_start(rig, "x-blob-redirect/x-blob-cut-100000/a", &run);
	assert_int_equal(blob_finish(rig, &run), TRANSFER_DONE);
	assert_whole(rig, &run);
}

static void certificate_of_another_host_is_refused(void **state)
{
	struct rig *rig = *state;
	struct err err = {0};

	trust(rig);
	assert_int_equal(get(rig, &err), -1);
	assert_non_null(strstr(err.message, "is not to be trusted"));
	assert_non_null(strstr(err.message, "127.0.0.1"));
}

static void insecure_takes_any_certificate(void **state)
{
	struct rig *rig = *state;
	AUTO_FREE char *conf = xasprintf(
		"[[registry]]\nlocation = \"127.0.0.1:%s\"\ninsecure = true\n", rig->port);
	struct err err = {0};

	rig_write(rig, "registries.conf", conf);
	if (get(rig, &err) < 0)
		fail_msg("%s", err.message);
	rig_write(rig, "registries.conf", "");
	assert_int_equal(get(rig, &err), -1);
	rig->is_insecure = true;
	assert_int_equal(get(rig, &err), 0);
}

static void redirection_from_tls_to_plain_is_refused(void **state)
{
	struct rig *rig = *state;
	AUTO_BLOB struct blob_run run = {0};

	trust(rig);
	(void)rig_fetch(rig, 5000);
	blob_start(rig, "x-blob-redirectplain/a", &run);
	assert_int_equal(blob_finish(rig, &run), TRANSFER_FAILED);
	assert_non_null(strstr(run.err.message, "which is not https"));
}

static void server_of_tls_is_never_asked_without(void **state)
{
	struct rig *rig = *state;
	AUTO_ASKED struct asked asked = {0};
	struct err err = {0};

	trust(rig);
	assert_int_equal(get_of(rig, "x-manifest-mute-0/app", &err), -1);
	/* Each of them came; in plain HTTP they would not have. */
	asked = rig_asked(rig);
	assert_int_equal(json_array_size(asked.all), 5);
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_make, rig_remove)
#define WITH_TLS(test) cmocka_unit_test_setup_teardown(test, tls_make, rig_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RIG(registry_without_a_folder_has_no_certificates),
		IN_RIG(authorities_add_to_those_of_the_system),
		IN_RIG(client_comes_with_its_key_or_not_at_all),
		IN_RIG(xdg_folder_wins),
		WITH_TLS(unknown_authority_is_refused_with_where_to_put_it),
		WITH_TLS(known_authority_is_trusted),
		cmocka_unit_test_setup_teardown(certificate_of_another_host_is_refused,
						tls_make_elsewhere, rig_remove),
		WITH_TLS(insecure_takes_any_certificate),
		WITH_TLS(server_of_tls_is_never_asked_without),
		WITH_TLS(redirection_from_tls_to_plain_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
