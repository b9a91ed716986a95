#include "image/document.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define D(n) "sha256:" HEX #n

/* Single quotes stand for double ones, so that a document can be read. */
static char *json(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

#define ROOTFS "'rootfs':{'type':'layers','diff_ids':['" D(1) "','" D(2) "']}"
#define MINIMAL(members) "{'os':'linux','architecture':'amd64'," members "}"

static void take(const char *text, struct image_config *out)
{
	AUTO_FREE char *document = json(text);
	struct err err = {0};

	if (image_config_parse(document, strlen(document), 2, out, &err) < 0)
		fail_msg("%s: %s", document, err.message);
}

static void check_list(const struct strv *list, const char *wanted)
{
	AUTO_BUF struct buf text = {0};

	for (size_t i = 0; i < list->count; i++)
		buf_printf(&text, "%s%s", i ? "|" : "", list->items[i]);
	assert_string_equal(text.data ? text.data : "", wanted);
}

static void a_config_gives_all_that_a_box_needs(void **state)
{
	struct image_config c;

	(void)state;
	take("{'created':'2024-05-01T10:00:00Z','os':'linux','architecture':'arm','variant':"
	     "'v7','config':{'Env':['PATH=/bin','A=b=c','E=','PATH=/usr/bin'],'Entrypoint':"
	     "['/init','-v'],'Cmd':['sh'],'WorkingDir':'/srv','User':'1000:1000','StopSignal':"
	     "'SIGQUIT','ExposedPorts':{'80/tcp':{},'53/udp':{}},'Volumes':{'/data':{}},"
	     "'Labels':{'a':'b','n':null},'Healthcheck':{'Test':['CMD','a','b'],'Interval':"
	     "5000000,'Timeout':null,'Retries':4},'OnBuild':[]}," ROOTFS
	     ",'history':[{'created':'x','created_by':'RUN\\ty','comment':'c'},"
	     "{'empty_layer':true},{'created_by':''}],'docker_version':'1'}",
	     &c);
	assert_string_equal(c.platform.os, "linux");
	assert_string_equal(c.platform.architecture, "arm");
	assert_string_equal(c.platform.variant, "v7");
	check_list(&c.env, "PATH=/usr/bin|A=b=c|E=");
	check_list(&c.entrypoint, "/init|-v");
	check_list(&c.command, "sh");
	assert_string_equal(c.working_dir, "/srv");
	assert_string_equal(c.user, "1000:1000");
	assert_string_equal(c.stop_signal, "SIGQUIT");
	check_list(&c.exposed_ports, "80/tcp|53/udp");
	check_list(&c.volumes, "/data");
	check_list(&c.labels, "a=b|n=");
	check_list(&c.diff_ids, D(1) "|" D(2));
	check_list(&c.health.test, "CMD|a|b");
	assert_int_equal(c.health.interval_ns, 5000000);
	assert_int_equal(c.health.timeout_ns, 0);
	assert_int_equal(c.health.retries, 4);
	assert_string_equal(c.created, "2024-05-01T10:00:00Z");
	assert_int_equal(c.history_count, 3);
	assert_string_equal(c.history[0].created, "x");
	assert_string_equal(c.history[0].created_by, "RUN\ty");
	assert_string_equal(c.history[0].comment, "c");
	assert_false(c.history[0].is_empty);
	assert_true(c.history[1].is_empty);
	assert_null(c.history[1].created_by);
	assert_null(c.history[2].created_by);
	image_config_done(&c);
}

static void what_is_null_or_empty_is_not_said(void **state)
{
	struct image_config c;

	(void)state;
	take(MINIMAL("'variant':'','config':{'Env':null,'Entrypoint':null,'Cmd':null,"
		     "'WorkingDir':'','User':'','StopSignal':null,'ExposedPorts':null,"
		     "'Volumes':null,'Labels':null}," ROOTFS ",'history':null,'created':null"),
	     &c);
	assert_null(c.platform.variant);
	assert_null(c.working_dir);
	assert_null(c.user);
	assert_null(c.stop_signal);
	assert_null(c.created);
	assert_int_equal(c.env.count + c.entrypoint.count + c.command.count + c.labels.count,
			 0);
	assert_int_equal(c.history_count, 0);
	image_config_done(&c);

	take(MINIMAL(ROOTFS), &c);
	assert_int_equal(c.diff_ids.count, 2);
	image_config_done(&c);
}

static void what_is_no_variable_is_left_out(void **state)
{
	struct image_config c;

	(void)state;
	take(MINIMAL("'config':{'Env':['','A','=b','C=d']}," ROOTFS), &c);
	check_list(&c.env, "C=d");
	image_config_done(&c);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "not valid JSON"},
		{"7", "not valid JSON"},
		{"[]", "not a JSON object"},
		{"{" ROOTFS "}", "'os' is missing"},
		{"{'os':'linux'," ROOTFS "}", "'architecture' is missing"},
		{"{'os':1," ROOTFS "}", "'os' must be a string"},
		{"{'os':'\\u001b','architecture':'a'," ROOTFS "}", "makes no sense"},
		{MINIMAL("'config':7"), "'config' must be an object"},
		{MINIMAL("'config':{'Env':{}}"), "'config.Env' must be an array"},
		{MINIMAL("'config':{'Env':[1]}"), "'config.Env' must be an array of strings"},
		{MINIMAL("'config':{'Cmd':'sh'}"), "'config.Cmd' must be an array"},
		{MINIMAL("'config':{'User':0}"), "'config.User' must be a string"},
		{MINIMAL("'config':{'Volumes':[]}"), "'config.Volumes' must be an object"},
		{MINIMAL("'config':{'Labels':{'a':1}}"), "'config.Labels' must hold strings"},
		{MINIMAL("'config':{'Healthcheck':{'Test':'x'}}"),
		 "'config.Healthcheck.Test' must be an array"},
		{MINIMAL("'config':{'Healthcheck':{'Interval':-1}}"),
		 "'config.Healthcheck.Interval' is negative"},
		{MINIMAL("'x':1"), "'rootfs' is missing"},
		{MINIMAL("'rootfs':{'diff_ids':[]}"), "'rootfs.type' must be 'layers', not ''"},
		{MINIMAL("'rootfs':{'type':'x','diff_ids':[]}"),
		 "'rootfs.type' must be 'layers', not 'x'"},
		{MINIMAL("'rootfs':{'type':'layers'}"),
		 "'rootfs.diff_ids' are 0, but the manifest has 2 layers"},
		{MINIMAL("'rootfs':{'type':'layers','diff_ids':['" D(1) "','sha256:x']}"),
		 "'rootfs.diff_ids[1]' is not a sha256 digest: 'sha256:x'"},
		{MINIMAL(ROOTFS ",'history':{}"), "'history' must be an array"},
		{MINIMAL(ROOTFS ",'history':[{},1]"), "'history[1]' must be an object"},
		{MINIMAL(ROOTFS ",'history':[{'empty_layer':1}]"),
		 "'history[0].empty_layer' must be true or false"},
		{MINIMAL(ROOTFS ",'created':1"), "'created' must be a string"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *document = json(cases[i].text);
		struct image_config c = {.history_count = 77};
		struct err err = {0};

		if (image_config_parse(document, strlen(document), 2, &c, &err) == 0)
			fail_msg("%s was taken", document);
		assert_int_equal(c.history_count, 77);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s: '%s', not '%s'", document, err.message, cases[i].message);
	}
}

static void the_number_of_layers_may_be_unknown(void **state)
{
	AUTO_FREE char *document = json(MINIMAL(ROOTFS));
	AUTO_BUF struct buf many = {0};
	AUTO_FREE char *text = NULL;
	struct image_config c = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(image_config_parse(document, strlen(document), SIZE_MAX, &c, &err), 0);
	image_config_done(&c);

	buf_puts(&many, "{'os':'a','architecture':'b','rootfs':{'type':'layers','diff_ids':[");
	for (int i = 0; i <= DOCUMENT_LAYERS_MAX; i++)
		buf_printf(&many, "%s'%s'", i ? "," : "", D(1));
	buf_puts(&many, "]}}");
	text = json(many.data);
	assert_int_equal(image_config_parse(text, strlen(text), SIZE_MAX, &c, &err), -1);
	assert_non_null(strstr(err.message, "are 128"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_config_gives_all_that_a_box_needs),
		cmocka_unit_test(what_is_null_or_empty_is_not_said),
		cmocka_unit_test(what_is_no_variable_is_left_out),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(the_number_of_layers_may_be_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
