#include "config_fixture.h"

#include "box/prepare_parts.h"

#include <sys/resource.h>

#define ALL_CONTROLLERS (CGROUP_CPU | CGROUP_CPUSET | CGROUP_IO | CGROUP_MEMORY | CGROUP_PIDS)

/* The limits of @yaml where a session has these controllers. */
static int limits_of(const struct desk *desk, const char *yaml, uint32_t controllers,
		     bool allow_degraded, struct prepared *out, struct err *err)
{
	struct spec spec = desk_good(desk, yaml);
	int rc;

	memset(out, 0, sizeof(*out));
	out->place.method = CGROUP_SUBTREE;
	out->place.controllers = controllers;
	out->place.why = xstrdup("a subtree of your own");
	rc = prepare_limits_here(&spec, allow_degraded, out, err);
	/* Borrowed from the spec. */
	out->limits.cpuset = out->limits.cpuset ? xstrdup(out->limits.cpuset) : NULL;
	out->limits.cpuset_mems = xstrdup(out->limits.cpuset_mems);
	spec_done(&spec);
	return rc;
}

static void limits_done(struct prepared *p)
{
	free(p->limits.cpuset);
	free(p->limits.cpuset_mems);
	prepared_done(p);
}

static struct cgroup_limits good(const struct desk *desk, const char *yaml)
{
	struct prepared p;
	struct err err = {0};
	struct cgroup_limits limits;

	if (limits_of(desk, yaml, ALL_CONTROLLERS, false, &p, &err) < 0)
		fail_msg("%s: %s", yaml, err.message);
	assert_int_equal(p.notes.count, 0);
	limits = p.limits;
	limits_done(&p);
	limits.cpuset = limits.cpuset_mems = NULL;
	return limits;
}

static void limits_become_what_the_kernel_takes(void **state)
{
	struct cgroup_limits l;

	l = good(*state, "{}\n");
	assert_int_equal(cgroup_needed(&l), 0);
	l = good(*state, "cpus: 1.5\n");
	assert_true(l.has_cpu_max);
	assert_int_equal(l.cpu_quota_us, 150000);
	assert_int_equal(l.cpu_period_us, 100000);
	l = good(*state, "cpu_quota: 50ms\ncpu_period: 20ms\n");
	assert_int_equal(l.cpu_quota_us, 50000);
	assert_int_equal(l.cpu_period_us, 20000);
	l = good(*state, "cpu_shares: 1024\n");
	assert_true(l.has_cpu_weight);
	assert_false(l.has_cpu_max);
	l = good(*state, "mem_limit: 1g\nmemswap_limit: 3g\nmem_reservation: 512m\n");
	assert_true(l.memory_max == UINT64_C(1) << 30);
	assert_true(l.swap_max == UINT64_C(2) << 30);
	assert_true(l.memory_low == UINT64_C(512) << 20);
	l = good(*state, "mem_limit: 1g\nmemswap_limit: 1g\n");
	assert_true(l.has_swap_max);
	assert_int_equal(l.swap_max, 0);
	l = good(*state, "mem_limit: 1g\nmemswap_limit: -1\npids_limit: -1\n");
	assert_true(l.swap_max == CGROUP_NO_LIMIT);
	assert_true(l.has_pids_max && l.pids_max == CGROUP_NO_LIMIT);
	l = good(*state, "pids_limit: 100\n");
	assert_int_equal(l.pids_max, 100);
	assert_false(l.has_memory_max);
}

static void block_weights_reach_from_1_to_10000(void **state)
{
	assert_int_equal(good(*state, "blkio_config: {weight: 10}\n").io_weight, 1);
	assert_int_equal(good(*state, "blkio_config: {weight: 500}\n").io_weight, 4950);
	assert_int_equal(good(*state, "blkio_config: {weight: 1000}\n").io_weight, 10000);
}

static const struct {
	const char *yaml;
	const char *key;
	uint32_t controller;
	const char *name;
} needs[] = {
	{"cpus: 1\n", "cpus", CGROUP_CPU, "cpu"},
	{"cpu_quota: 50ms\n", "cpu_quota", CGROUP_CPU, "cpu"},
	{"cpu_shares: 100\n", "cpu_shares", CGROUP_CPU, "cpu"},
	{"cpuset_mems: 0\n", "cpuset_mems", CGROUP_CPUSET, "cpuset"},
	{"mem_limit: 1g\n", "mem_limit", CGROUP_MEMORY, "memory"},
	{"mem_reservation: 1g\n", "mem_reservation", CGROUP_MEMORY, "memory"},
	{"pids_limit: 10\n", "pids_limit", CGROUP_PIDS, "pids"},
	{"blkio_config: {weight: 10}\n", "blkio_config.weight", CGROUP_IO, "io"},
};

static void a_limit_without_its_controller_is_refused_by_name(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(needs); i++) {
		AUTO_FREE char *wanted = xasprintf("%s cannot be enforced: this session's "
						   "cgroup has no %s controller",
						   needs[i].key, needs[i].name);
		struct prepared p;
		struct err err = {0};

		assert_int_equal(limits_of(*state, needs[i].yaml,
					   ALL_CONTROLLERS & ~needs[i].controller, false, &p,
					   &err),
				 -1);
		assert_true(str_starts(err.message, wanted));
		assert_true(str_ends(err.hint, "--allow-degraded starts without it"));
		assert_string_equal(err.file, "devbox.yaml");
		assert_int_equal(err.line, 1);
		limits_done(&p);
	}
}

static void degraded_it_becomes_a_note(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(needs); i++) {
		AUTO_FREE char *wanted =
			xasprintf("%s is not enforced: no %s controller in this session's "
				  "cgroup",
				  needs[i].key, needs[i].name);
		struct prepared p;
		struct err err = {0};

		assert_int_equal(limits_of(*state, needs[i].yaml,
					   ALL_CONTROLLERS & ~needs[i].controller, true, &p,
					   &err),
				 0);
		assert_int_equal(p.notes.count, 1);
		assert_string_equal(p.notes.items[0], wanted);
		assert_int_equal(cgroup_needed(&p.limits), 0);
		limits_done(&p);
	}
}

/* Without the controller a CPU set is kept by affinity, which is tried at once. */
static void a_cpu_set_needs_no_controller(void **state)
{
	struct prepared p;
	struct err err = {0};

	assert_int_equal(limits_of(*state, "cpuset: 0\n", ALL_CONTROLLERS, false, &p, &err), 0);
	assert_string_equal(p.limits.cpuset, "0");
	assert_null(p.affinity);
	limits_done(&p);

	assert_int_equal(limits_of(*state, "cpuset: 0\n", 0, false, &p, &err), 0);
	assert_null(p.limits.cpuset);
	assert_string_equal(p.affinity, "0");
	assert_int_equal(p.confine.sched_affinity[0], 1);
	assert_string_equal(
		p.notes.items[0],
		"cpuset 0 by CPU affinity: no cpuset controller in this session's cgroup");
	limits_done(&p);

	assert_int_equal(limits_of(*state, "cpuset: 1000\n", 0, false, &p, &err), -1);
	assert_true(str_starts(err.message, "cpuset '1000': "));
	assert_int_equal(err.line, 1);
	limits_done(&p);
}

static void what_is_no_block_device_is_refused(void **state)
{
	struct prepared p;
	struct err err = {0};

	assert_int_equal(limits_of(*state,
				   "blkio_config:\n"
				   "  device_read_bps: [{path: /dev/null, rate: 1m}]\n",
				   ALL_CONTROLLERS, false, &p, &err),
			 -1);
	assert_string_equal(err.message, "blkio_config: '/dev/null' is not a block device");
	assert_int_equal(err.line, 2);
	limits_done(&p);
}

static void only_what_the_caller_may_is_promised(void **state)
{
	struct rlimit files;
	struct prepared p;
	struct err err = {0};
	AUTO_FREE char *more = NULL;

	assert_int_equal(limits_of(*state,
				   "oom_score_adj: 999\nulimits: {nofile: {soft: 10, "
				   "hard: 20}}\n",
				   0, false, &p, &err),
			 0);
	assert_true(p.has_oom_score_adj);
	assert_int_equal(p.oom_score_adj, 999);
	assert_int_equal(p.confine.rlimit_count, 1);
	assert_int_equal(p.confine.rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(p.confine.rlimits[0].limit.rlim_cur, 10);
	assert_int_equal(p.confine.rlimits[0].limit.rlim_max, 20);
	limits_done(&p);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max == RLIM_INFINITY)
		return;
	more = xasprintf("ulimits:\n  nofile: %llu\n", (unsigned long long)files.rlim_max + 1);
	assert_int_equal(limits_of(*state, more, 0, false, &p, &err), -1);
	assert_non_null(strstr(err.message, "is above your own hard limit of"));
	assert_int_equal(err.line, 2);
	limits_done(&p);
}

static void expect_mask(const char *list, const char *wanted)
{
	unsigned char mask[2] = {0};
	char text[8];

	prepare_cpu_mask(list, mask, sizeof(mask));
	(void)snprintf(text, sizeof(text), "%02x%02x", mask[0], mask[1]);
	assert_string_equal(text, wanted);
}

static void a_cpu_list_becomes_bits(void **state)
{
	(void)state;
	expect_mask("", "0000");
	expect_mask("0", "0100");
	expect_mask("0-2,5", "2700");
	expect_mask("7-8", "8001");
	expect_mask("15", "0080");
	/* More than there is room for. */
	expect_mask("16", "0000");
	expect_mask("14-4000000000,3", "08c0");
	expect_mask("0-18446744073709551615", "ffff");
}

static void a_command_starts_in_the_matching_folder(void **state)
{
	static const struct {
		const char *wanted, *host_cwd, *source, *target, *where;
	} table[] = {
		{NULL, NULL, NULL, NULL, "/home/dev"},
		{NULL, "/src/shop", "/src/shop", "/work", "/work"},
		{NULL, "/src/shop/a/b", "/src/shop", "/work", "/work/a/b"},
		{NULL, "/src/shopping", "/src/shop", "/work", "/home/dev"},
		{NULL, "/src", "/src/shop", "/work", "/home/dev"},
		{NULL, "/src/a", "/", "/work", "/work/src/a"},
		{NULL, "/src/shop", NULL, NULL, "/home/dev"},
		{"/opt", "/src/shop", "/src/shop", "/work", "/opt"},
		{"lib/../bin/", "/src/shop", "/src/shop", "/work", "/home/dev/bin"},
		{"../../..", NULL, NULL, NULL, "/"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *where =
			prepare_cwd(table[i].wanted, table[i].host_cwd, table[i].source,
				    table[i].target, "/home/dev");

		assert_string_equal(where, table[i].where);
	}
}

#define ON_A_DESK(f) cmocka_unit_test_setup_teardown(f, desk_make, desk_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DESK(limits_become_what_the_kernel_takes),
		ON_A_DESK(block_weights_reach_from_1_to_10000),
		ON_A_DESK(a_limit_without_its_controller_is_refused_by_name),
		ON_A_DESK(degraded_it_becomes_a_note),
		ON_A_DESK(a_cpu_set_needs_no_controller),
		ON_A_DESK(what_is_no_block_device_is_refused),
		ON_A_DESK(only_what_the_caller_may_is_promised),
		cmocka_unit_test(a_cpu_list_becomes_bits),
		cmocka_unit_test(a_command_starts_in_the_matching_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
