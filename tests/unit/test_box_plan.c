#include "config_fixture.h"

#include "box/plan.h"

#include <linux/mount.h>
#include <sched.h>

/* Machine and user that all plans here are for; a case changes what it is about. */
static void fill_facts(const struct desk *desk, const struct spec *spec,
		       struct box_facts *facts)
{
	static const struct host_range range = {100000, 65536};
	size_t i;

	facts->user.uid = facts->user.gid = 1000;
	facts->user.name = xstrdup("dev");
	facts->user.group = xstrdup("dev");
	facts->user.home = xstrdup(desk->home);
	facts->user.shell = xstrdup("/bin/bash");
	host_map_build(&range, 1, 1000, &facts->uid_map);
	host_map_build(&range, 1, 1000, &facts->gid_map);
	facts->image = xstrdup("host");
	facts->home_dir = spec->home == HOME_ISOLATED ? xstrdup("/data/home") : NULL;
	facts->home_in_box = xstrdup("/home/dev");
	facts->entry_count = 2;
	facts->entries = xmalloc(facts->entry_count * sizeof(*facts->entries));
	facts->entries[0].name = xstrdup("usr");
	facts->entries[1].name = xstrdup("bin");
	facts->entries[1].link = xstrdup("usr/bin");
	facts->node_count = 1 + spec->home_file_count + spec->volume_count + spec->device_count;
	facts->nodes = xmalloc(facts->node_count * sizeof(*facts->nodes));
	for (i = 0; i < facts->node_count; i++)
		facts->nodes[i] = (struct known_node){.exists = true, .is_dir = i == 0};
	for (i = 0; i < spec->volume_count; i++)
		strv_addf(&facts->volume_dirs, "%s%s",
			  spec->volumes[i].type == VOLUME_NAMED   ? "/data/volumes/"
			  : spec->volumes[i].type == VOLUME_CACHE ? "/data/caches/"
								  : "",
			  spec->volumes[i].type == VOLUME_NAMED ||
					  spec->volumes[i].type == VOLUME_CACHE
				  ? spec->volumes[i].source
				  : "");
	strv_add(&facts->masks, "/proc/kcore");
	facts->hostname = xstrdup(spec->hostname.value ? spec->hostname.value : "shop-1");
	facts->resolv_conf = xstrdup("nameserver 10.0.2.3\n");
	facts->hosts = xstrdup("127.0.0.1 localhost\n");
	facts->passwd = xstrdup("dev:x:1000:1000::/home/dev:/bin/bash\n");
	facts->group = xstrdup("dev:x:1000:\n");
	facts->passwd_line = xstrdup(facts->passwd);
	facts->group_line = xstrdup(facts->group);
	facts->has_cgroup2 = true;
	facts->nested = true;
	for (i = 0; i < 7; i++)
		facts->has_dev[i] = true;
}

static char *text_of(const struct plan *plan, const struct desk *desk)
{
	AUTO_BUF struct buf text = {0};

	plan_print(plan, true, &text);
	return desk_short(desk, text.data);
}

/* The plan that @yaml asks for on this machine, after @change of the facts. */
static char *plan_of(const struct desk *desk, const char *yaml,
		     void (*change)(struct box_facts *facts))
{
	struct spec spec = desk_good(desk, yaml);
	struct box_facts facts = {0};
	struct plan plan = {0};
	struct err err = {0};
	char *text;

	fill_facts(desk, &spec, &facts);
	if (change)
		change(&facts);
	if (plan_build(&spec, &facts, facts.is_single_id ? 0 : 1000,
		       facts.is_single_id ? 0 : 1000, &plan, &err) < 0)
		fail_msg("%s", err.message);
	text = text_of(&plan, desk);
	plan_done(&plan);
	box_facts_done(&facts);
	spec_done(&spec);
	return text;
}

static void lines_of(char *text, struct strv *out)
{
	char *save = NULL;
	char *line;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		strv_add(out, line);
}

/* What is in one text and not in the other, a line each: "-", "+", in order. */
static char *differences(const char *from, const char *to)
{
	AUTO_FREE char *from_text = xstrdup(from);
	AUTO_FREE char *to_text = xstrdup(to);
	AUTO_STRV struct strv a = {0};
	AUTO_STRV struct strv b = {0};
	AUTO_FREE size_t *common = NULL; /* length of the longest one from [i][j] on */
	struct buf out = {0};
	size_t i, j, wide;

	lines_of(from_text, &a);
	lines_of(to_text, &b);
	wide = b.count + 1;
	common = xmalloc((a.count + 1) * wide * sizeof(*common));
	for (i = a.count; i-- > 0;) {
		for (j = b.count; j-- > 0;) {
			size_t skip = common[(i + 1) * wide + j];

			if (common[i * wide + j + 1] > skip)
				skip = common[i * wide + j + 1];
			if (strcmp(a.items[i], b.items[j]) == 0)
				skip = common[(i + 1) * wide + j + 1] + 1;
			common[i * wide + j] = skip;
		}
	}
	for (i = j = 0; i < a.count || j < b.count;) {
		if (i < a.count && j < b.count && strcmp(a.items[i], b.items[j]) == 0) {
			i++;
			j++;
		} else if (j == b.count || (i < a.count && common[(i + 1) * wide + j] >=
								   common[i * wide + j + 1])) {
			buf_printf(&out, "-%s\n", a.items[i++]);
		} else {
			buf_printf(&out, "+%s\n", b.items[j++]);
		}
	}
	return buf_take(&out);
}

/* What @yaml and @change make different from the plan of an empty profile. */
static void expect(const struct desk *desk, const char *yaml,
		   void (*change)(struct box_facts *facts), const char *wanted)
{
	AUTO_FREE char *plain = plan_of(desk, "{}\n", NULL);
	AUTO_FREE char *changed = plan_of(desk, yaml, change);
	AUTO_FREE char *got = differences(plain, changed);

	assert_string_equal(got, wanted);
}

static void an_empty_profile_is_the_host_image(void **state)
{
	static const char wanted[] =
		"keep mounts of the box from the host\n"
		"open '/usr' (read-only)\n"
		"open '/dev/null'\n"
		"open '/dev/zero'\n"
		"open '/dev/full'\n"
		"open '/dev/random'\n"
		"open '/dev/urandom'\n"
		"open '/dev/tty'\n"
		"open '/dev/fuse'\n"
		"open '/data/home'\n"
		"open 'TOP/home/shop'\n"
		"become root of the box\n"
		"put the box together on a tmpfs\n"
		"root: an empty tmpfs\n"
		"enter the root; all paths below are inside it\n"
		"bind '/usr' on '/usr' (read-only)\n"
		"link '/bin' to 'usr/bin'\n"
		"folder '/var/tmp' mode 1777\n"
		"folder '/tmp' mode 1777\n"
		"folder '/var/lib' mode 0755\n"
		"folder '/var/log' mode 0755\n"
		"folder '/var/cache' mode 0755\n"
		"folder '/root' mode 0700\n"
		"folder '/mnt' mode 0755\n"
		"folder '/srv' mode 0755\n"
		"link '/var/run' to '/run'\n"
		"link '/var/lock' to '/run/lock'\n"
		"mount 'proc' on '/proc'\n"
		"mount 'tmpfs' on '/dev' with mode=0755,size=65536k\n"
		"bind '/dev/null' on '/dev/null'\n"
		"bind '/dev/zero' on '/dev/zero'\n"
		"bind '/dev/full' on '/dev/full'\n"
		"bind '/dev/random' on '/dev/random'\n"
		"bind '/dev/urandom' on '/dev/urandom'\n"
		"bind '/dev/tty' on '/dev/tty'\n"
		"bind '/dev/fuse' on '/dev/fuse' (if possible)\n"
		"link '/dev/fd' to '/proc/self/fd'\n"
		"link '/dev/stdin' to '/proc/self/fd/0'\n"
		"link '/dev/stdout' to '/proc/self/fd/1'\n"
		"link '/dev/stderr' to '/proc/self/fd/2'\n"
		"link '/dev/ptmx' to 'pts/ptmx'\n"
		"mount 'devpts' on '/dev/pts' with newinstance,ptmxmode=0666,mode=0620,gid=5\n"
		"empty folder on '/dev/shm' mode 1777\n"
		"mount 'mqueue' on '/dev/mqueue' (if possible)\n"
		"folder '/dev/.devbox' mode 0700\n"
		"mount 'proc' on '/dev/.devbox/proc'\n"
		"mount 'sysfs' on '/dev/.devbox/sys' (read-only)\n"
		"mount 'sysfs' on '/sys' (read-only)\n"
		"mount 'cgroup2' on '/sys/fs/cgroup' (read-only) (if possible)\n"
		"empty folder on '/run' mode 0755\n"
		"folder '/run/lock' mode 1777\n"
		"folder '/run/user' mode 0755\n"
		"folder '/run/user/1000' mode 0700 of uid 1000 gid 1000\n"
		"write '/etc/hostname' (1 lines, 8d7c8a3b891e96d7) (if possible)\n"
		"write '/etc/hosts' (1 lines, c121b8d81e1fa1b3) (if possible)\n"
		"write '/etc/resolv.conf' (1 lines, 883d11e7f7d361ff) (if possible)\n"
		"write '/etc/passwd' (1 lines, d3412ecc43afe2d5) (read-only) (if possible)\n"
		"write '/etc/group' (1 lines, 8762070b113f4bbd) (read-only) (if possible)\n"
		"bind '/data/home' on '/home/dev'\n"
		"bind 'TOP/home/shop' on 'TOP/home/shop'\n"
		"hide '/proc/kcore'\n"
		"read-only '/proc/bus'\n"
		"read-only '/proc/fs'\n"
		"read-only '/proc/irq'\n"
		"read-only '/proc/sysrq-trigger'\n"
		"pivot into the root, leave the host behind\n"
		"hostname 'shop-1'\n"
		"bring up 'lo'\n"
		"write '0' to '/proc/sys/net/ipv4/ip_unprivileged_port_start' (if possible)\n"
		"write '1000 1000' to '/proc/sys/net/ipv4/ping_group_range' (if possible)\n";
	AUTO_FREE char *text = plan_of(*state, "{}\n", NULL);

	assert_string_equal(text, wanted);
}

static void to_overlay(struct box_facts *facts)
{
	facts->root_kind = ROOT_OVERLAY;
	free(facts->image);
	facts->image = xstrdup("rootfs:/srv/deb");
	strv_add(&facts->lower, "/srv/top");
	strv_add(&facts->lower, "/srv/deb");
	facts->upper_dir = xstrdup("/data/upper");
	facts->work_dir = xstrdup("/data/work");
	free(STEAL(facts->passwd));
	free(STEAL(facts->group));
}

#define NOT_HOST                                                                       \
	"-bind '/usr' on '/usr' (read-only)\n"                                         \
	"-link '/bin' to 'usr/bin'\n"                                                  \
	"-folder '/var/tmp' mode 1777\n"                                               \
	"-folder '/tmp' mode 1777\n"                                                   \
	"-folder '/var/lib' mode 0755\n"                                               \
	"-folder '/var/log' mode 0755\n"                                               \
	"-folder '/var/cache' mode 0755\n"                                             \
	"-folder '/root' mode 0700\n"                                                  \
	"-folder '/mnt' mode 0755\n"                                                   \
	"-folder '/srv' mode 0755\n"                                                   \
	"-link '/var/run' to '/run'\n"                                                 \
	"-link '/var/lock' to '/run/lock'\n"                                           \
	"-write '/etc/hostname' (1 lines, 8d7c8a3b891e96d7) (if possible)\n"           \
	"-write '/etc/hosts' (1 lines, c121b8d81e1fa1b3) (if possible)\n"              \
	"-write '/etc/resolv.conf' (1 lines, 883d11e7f7d361ff) (if possible)\n"        \
	"-write '/etc/passwd' (1 lines, d3412ecc43afe2d5) (read-only) (if possible)\n" \
	"-write '/etc/group' (1 lines, 8762070b113f4bbd) (read-only) (if possible)\n"  \
	"+write '/etc/hostname' (1 lines, 8d7c8a3b891e96d7)\n"                         \
	"+write '/etc/hosts' (1 lines, c121b8d81e1fa1b3)\n"                            \
	"+write '/etc/resolv.conf' (1 lines, 883d11e7f7d361ff)\n"                      \
	"+your account in '/etc/passwd'\n"                                             \
	"+your account in '/etc/group'\n"

static void a_root_file_system_goes_below_an_overlay(void **state)
{
	expect(*state, "{}\n", to_overlay,
	       "-open '/usr' (read-only)\n"
	       "+open folder '/srv/top'\n"
	       "+open folder '/srv/deb'\n"
	       "+open folder '/data/upper'\n"
	       "+give to the box's root '/data/upper'\n"
	       "+open folder '/data/work'\n"
	       "+give to the box's root '/data/work'\n"
	       "-root: an empty tmpfs\n"
	       "+root: overlayfs over 'rootfs:/srv/deb'\n" NOT_HOST);
}

/* A throw-away box whose layer is on the stage, through fuse, of a caller without ids. */
static void to_single_fuse(struct box_facts *facts)
{
	to_overlay(facts);
	facts->root_kind = ROOT_FUSE;
	free(STEAL(facts->upper_dir));
	free(STEAL(facts->work_dir));
	facts->is_single_id = true;
	facts->passwd_line[0] = facts->group_line[0] = '\0';
	free(facts->home_in_box);
	facts->home_in_box = xstrdup("/root");
}

static void a_single_id_is_root_without_an_account(void **state)
{
	AUTO_FREE char *text = plan_of(*state, "home: tmpfs\n", to_single_fuse);

	assert_non_null(strstr(text, "root: fuse-overlayfs over 'rootfs:/srv/deb'\n"));
	assert_non_null(
		strstr(text, "on '/dev/pts' with newinstance,ptmxmode=0666,mode=0620\n"));
	assert_non_null(strstr(text, "folder '/run/user/0' mode 0700\n"));
	assert_non_null(strstr(text, "empty folder on '/root' mode 0700  # "));
	assert_null(strstr(text, "account"));
	assert_null(strstr(text, "upper"));
}

static void homes_come_in_three_ways(void **state)
{
	expect(*state, "home: tmpfs\n", NULL,
	       "-open '/data/home'\n"
	       "-bind '/data/home' on '/home/dev'\n"
	       "+empty folder on '/home/dev' mode 0700 of uid 1000 gid 1000"
	       "  # devbox.yaml:1\n");
	expect(*state, "home: shared\n", NULL,
	       "-open '/data/home'\n"
	       "+open 'TOP/home'  # devbox.yaml:1\n"
	       "-bind '/data/home' on '/home/dev'\n"
	       "+bind 'TOP/home' on '/home/dev'  # devbox.yaml:1\n");
}

/* Copies were made before the start; folders to mount on belong to the home's user. */
static void home_files_are_mounted_where_the_box_has_its_home(void **state)
{
	expect(*state, "home: tmpfs\nhome_files: [~/.a/b/c:rw, ~/.d, ~/.e:copy]\n", NULL,
	       "-open '/data/home'\n"
	       "+open 'TOP/home/.a/b/c'  # devbox.yaml:2\n"
	       "+open 'TOP/home/.d' (read-only)  # devbox.yaml:2\n"
	       "-bind '/data/home' on '/home/dev'\n"
	       "+empty folder on '/home/dev' mode 0700 of uid 1000 gid 1000"
	       "  # devbox.yaml:1\n"
	       "+folder '/home/dev/.a' mode 0755 of uid 1000 gid 1000\n"
	       "+folder '/home/dev/.a/b' mode 0755 of uid 1000 gid 1000\n"
	       "+bind 'TOP/home/.a/b/c' on '/home/dev/.a/b/c'  # devbox.yaml:2\n"
	       "+bind 'TOP/home/.d' on '/home/dev/.d' (read-only)  # devbox.yaml:2\n");
}

static void folders_of_a_volume_in_the_home_are_left_alone(void **state)
{
	expect(*state,
	       "home: tmpfs\n"
	       "volumes: ['/srv:/home/dev/a/srv:ro', 'data:/home/dev/a/srv/b/c']\n",
	       NULL,
	       "-open '/data/home'\n"
	       "+open '/srv' (read-only)  # devbox.yaml:2\n"
	       "+open '/data/volumes/data'  # devbox.yaml:2\n"
	       "-bind '/data/home' on '/home/dev'\n"
	       "+empty folder on '/home/dev' mode 0700 of uid 1000 gid 1000"
	       "  # devbox.yaml:1\n"
	       "+folder '/home/dev/a' mode 0755 of uid 1000 gid 1000\n"
	       "+bind '/srv' on '/home/dev/a/srv' (read-only)  # devbox.yaml:2\n"
	       "+folder '/home/dev/a' mode 0755 of uid 1000 gid 1000\n"
	       "+bind '/data/volumes/data' on '/home/dev/a/srv/b/c'  # devbox.yaml:2\n");
}

static void volumes_are_mounted_parents_first(void **state)
{
	expect(*state,
	       "volumes:\n"
	       "  - data:/v/b\n"
	       "  - /srv/x:/v:ro\n"
	       "  - {type: cache, source: npm, target: /v/b/c}\n"
	       "  - {type: tmpfs, target: /v/b-c}\n"
	       "  - /srv:/home/dev/deep/er\n"
	       "tmpfs: ['/t:size=1m,ro', '/u']\n",
	       NULL,
	       "+open '/data/volumes/data'  # devbox.yaml:2\n"
	       "+open '/srv/x' (read-only)  # devbox.yaml:3\n"
	       "+open '/data/caches/npm'  # devbox.yaml:4\n"
	       "+open '/srv'  # devbox.yaml:6\n"
	       "+bind '/srv' on '/home/dev/deep/er'  # devbox.yaml:6\n"
	       "+mount 'tmpfs' on '/t' with mode=1777,size=1048576 (read-only)"
	       "  # devbox.yaml:7\n"
	       "+mount 'tmpfs' on '/u' with mode=1777  # devbox.yaml:7\n"
	       "+bind '/srv/x' on '/v' (read-only)  # devbox.yaml:3\n"
	       "+bind '/data/volumes/data' on '/v/b'  # devbox.yaml:2\n"
	       "+mount 'tmpfs' on '/v/b-c' with mode=1777  # devbox.yaml:5\n"
	       "+bind '/data/caches/npm' on '/v/b/c'  # devbox.yaml:4\n");
}

/* `up` compares plans by their text. */
static void a_plan_tells_which_tree_goes_where(void **state)
{
	static const char *const pairs[][2] = {
		{"volumes: ['/a:/x', '/b:/y']\n", "volumes: ['/a:/y', '/b:/x']\n"},
		{"volumes: ['/a:/x', '/a:/y:ro']\n", "volumes: ['/a:/y', '/a:/x:ro']\n"},
		{"volumes: ['a:/x']\n", "volumes: ['a:/x:ro']\n"},
		{"volumes: ['a:/x']\n", "volumes: ['a:/y']\n"},
		{"tmpfs: ['/x']\n", "tmpfs: ['/x:size=1m']\n"},
		{"workspace: .\n", "workspace: {source: ., read_only: true}\n"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO_FREE char *a = plan_of(*state, pairs[i][0], NULL);
		AUTO_FREE char *b = plan_of(*state, pairs[i][1], NULL);

		if (strcmp(a, b) == 0)
			fail_msg("the same plan: %s%s", pairs[i][0], pairs[i][1]);
	}
}

static void devices_are_bound_under_their_targets(void **state)
{
	expect(*state, "devices: ['/dev/null:/dev/x', '/dev/zero:/dev/y:r']\n", NULL,
	       "+open '/dev/null'  # devbox.yaml:1\n"
	       "+open '/dev/zero' (read-only)  # devbox.yaml:1\n"
	       "+bind '/dev/null' on '/dev/x'  # devbox.yaml:1\n"
	       "+bind '/dev/zero' on '/dev/y' (read-only)  # devbox.yaml:1\n");
}

static void have_repository(struct box_facts *facts)
{
	facts->git_common = xstrdup("/src/repo/.git");
}

static void the_repository_of_a_worktree_is_where_it_was(void **state)
{
	expect(*state, "{}\n", have_repository,
	       "+open '/src/repo/.git'\n"
	       "+bind '/src/repo/.git' on '/src/repo/.git'\n");
}

static void the_host_network_brings_the_hosts_sys(void **state)
{
	expect(*state, "network_mode: host\n", NULL,
	       "+open '/sys' (read-only)\n"
	       "-mount 'sysfs' on '/dev/.devbox/sys' (read-only)\n"
	       "-mount 'sysfs' on '/sys' (read-only)\n"
	       "-mount 'cgroup2' on '/sys/fs/cgroup' (read-only) (if possible)\n"
	       "+bind '/sys' on '/sys' (read-only)\n"
	       "-bring up 'lo'\n"
	       "-write '0' to '/proc/sys/net/ipv4/ip_unprivileged_port_start' (if possible)\n"
	       "-write '1000 1000' to '/proc/sys/net/ipv4/ping_group_range' (if possible)\n");
	expect(*state, "network_mode: none\n", NULL, "");
}

static void kernel_settings_are_written_at_the_end(void **state)
{
	expect(*state,
	       "sysctls:\n"
	       "  net.ipv4.ip_forward: 1\n"
	       "  kernel.msgmax: 5\n",
	       NULL,
	       "+write '1' to '/proc/sys/net/ipv4/ip_forward'  # devbox.yaml:2\n"
	       "+write '5' to '/proc/sys/kernel/msgmax'  # devbox.yaml:3\n");
	expect(*state, "read_only: true\n", NULL, "+make the root read-only\n");
	expect(*state, "hostname: web\n", NULL,
	       "-write '/etc/hostname' (1 lines, 8d7c8a3b891e96d7) (if possible)\n"
	       "+write '/etc/hostname' (1 lines, 3d7d78f619eaa481) (if possible)\n"
	       "-hostname 'shop-1'\n"
	       "+hostname 'web'  # devbox.yaml:1\n");
}

static void shared_memory_has_the_size_asked_for(void **state)
{
	expect(*state, "shm_size: 64m\n", NULL,
	       "-empty folder on '/dev/shm' mode 1777\n"
	       "+mount 'tmpfs' on '/dev/shm' with mode=1777,size=67108864"
	       "  # devbox.yaml:1\n");
}

static void lose_devices(struct box_facts *facts)
{
	facts->has_dev[5] = facts->has_dev[6] = false;
	facts->has_cgroup2 = facts->nested = false;
	strv_done(&facts->masks);
}

static void what_the_host_lacks_is_not_in_the_plan(void **state)
{
	expect(*state, "{}\n", lose_devices,
	       "-open '/dev/tty'\n"
	       "-open '/dev/fuse'\n"
	       "-bind '/dev/tty' on '/dev/tty'\n"
	       "-bind '/dev/fuse' on '/dev/fuse' (if possible)\n"
	       "-folder '/dev/.devbox' mode 0700\n"
	       "-mount 'proc' on '/dev/.devbox/proc'\n"
	       "-mount 'sysfs' on '/dev/.devbox/sys' (read-only)\n"
	       "-mount 'cgroup2' on '/sys/fs/cgroup' (read-only) (if possible)\n"
	       "-hide '/proc/kcore'\n");
}

static void too_many_layers_are_refused(void **state)
{
	struct spec spec = desk_good(*state, "{}\n");
	struct box_facts facts = {0};
	struct plan plan = {.count = 7};
	struct err err = {0};
	size_t i;

	fill_facts(*state, &spec, &facts);
	to_overlay(&facts);
	for (i = 0; i < STEP_LOWER_MAX - 1; i++)
		strv_add(&facts.lower, "/x");
	assert_int_equal(plan_build(&spec, &facts, 0, 0, &plan, &err), -1);
	assert_string_equal(err.message,
			    "image 'rootfs:/srv/deb' has 129 layers, more than 128");
	assert_int_equal(plan.count, 7);
	box_facts_done(&facts);
	spec_done(&spec);
}

/* Every slot that is used was filled by an earlier step, and only once. */
static void slots_are_opened_before_they_are_used(void **state)
{
	struct spec spec = desk_good(*state, "network_mode: host\n"
					     "volumes: ['/a:/x', 'b:/y/z', 'c:/y']\n"
					     "devices: ['/dev/null:/dev/x']\n");
	struct box_facts facts = {0};
	struct plan plan = {0};
	struct err err = {0};
	bool is_open[64] = {false};
	size_t i;

	fill_facts(*state, &spec, &facts);
	assert_int_equal(plan_build(&spec, &facts, 1000, 1000, &plan, &err), 0);
	assert_true(plan.slot_count <= ARRAY_LEN(is_open));
	for (i = 0; i < plan.count; i++) {
		const struct step *step = &plan.steps[i];

		if (step->slot < 0)
			continue;
		assert_true((size_t)step->slot < plan.slot_count);
		if (step->kind == STEP_OPEN_TREE) {
			assert_false(is_open[step->slot]);
			is_open[step->slot] = true;
		} else {
			assert_true(is_open[step->slot]);
		}
	}
	assert_true(plan.clone_flags == (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
					 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP));
	plan_done(&plan);
	box_facts_done(&facts);
	spec_done(&spec);
}

static void every_step_has_words(void **state)
{
	static const char *const words[] = {
		[STEP_SLAVE] = "keep mounts of the box from the host",
		[STEP_OPEN_TREE] = "open 'S' (read-only)",
		[STEP_OPEN_DIR] = "open folder 'S'",
		[STEP_OWN_DIR] = "give to the box's root 'S'",
		[STEP_BECOME_ROOT] = "become root of the box",
		[STEP_STAGE] = "put the box together on a tmpfs",
		[STEP_ROOT_STAGE] = "root: an empty tmpfs",
		[STEP_ROOT_TREE] = "root: a folder as it is",
		[STEP_ROOT_OVERLAY] = "root: overlayfs over 'S'",
		[STEP_ROOT_FUSE] = "root: fuse-overlayfs over 'S'",
		[STEP_ROOT_OPEN] = "enter the root; all paths below are inside it",
		[STEP_FS] = "mount 'S' on '/t' with D (read-only)",
		[STEP_BIND] = "bind 'S' on '/t' (read-only)",
		[STEP_TEXT] = "write '/t' (0 lines, af63f94c86021dd3) (read-only)",
		[STEP_SCRATCH] = "empty folder on '/t' mode 0750 of uid 1 gid 2",
		[STEP_DIR] = "folder '/t' mode 0750 of uid 1 gid 2",
		[STEP_SYMLINK] = "link '/t' to 'D'",
		[STEP_ACCOUNT] = "your account in '/t'",
		[STEP_MASK] = "hide '/t'",
		[STEP_READ_ONLY] = "read-only '/t'",
		[STEP_ROOT_READ_ONLY] = "make the root read-only",
		[STEP_PIVOT] = "pivot into the root, leave the host behind",
		[STEP_HOSTNAME] = "hostname 'D'",
		[STEP_LO_UP] = "bring up 'lo'",
		[STEP_SYSCTL] = "write 'D' to '/t' (read-only)",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(words); i++) {
		const struct step step = {.kind = (enum step_kind)i,
					  .source = "S",
					  .target = "/t",
					  .data = "D",
					  .attr = MOUNT_ATTR_RDONLY,
					  .mode = 0750,
					  .uid = 1,
					  .gid = 2};
		AUTO_BUF struct buf text = {0};

		plan_step_words(&step, &text);
		assert_non_null(words[i]);
		assert_string_equal(text.data, words[i]);
	}
}

static void build_a_step(struct box_facts *facts)
{
	facts->is_build = true;
}

static void a_step_of_a_build_sees_neither_home_nor_workspace(void **state)
{
	const struct desk *desk = *state;

	expect(desk, "", build_a_step,
	       "-open '/data/home'\n"
	       "-open 'TOP/home/shop'\n"
	       "-bind '/data/home' on '/home/dev'\n"
	       "-bind 'TOP/home/shop' on 'TOP/home/shop'\n"
	       "+empty folder on 'TOP/home/shop' mode 0700 of uid 1000 gid 1000\n");
	expect(desk, "workspace: {target: /src, read_only: true}", build_a_step,
	       "-open '/data/home'\n"
	       "-open 'TOP/home/shop'\n"
	       "+open 'TOP/home/shop' (read-only)  # devbox.yaml:1\n"
	       "-bind '/data/home' on '/home/dev'\n"
	       "-bind 'TOP/home/shop' on 'TOP/home/shop'\n"
	       "+bind 'TOP/home/shop' on '/src' (read-only)  # devbox.yaml:1\n");
}

#define ON_A_DESK(f) cmocka_unit_test_setup_teardown(f, desk_make, desk_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DESK(an_empty_profile_is_the_host_image),
		ON_A_DESK(a_root_file_system_goes_below_an_overlay),
		ON_A_DESK(a_single_id_is_root_without_an_account),
		ON_A_DESK(homes_come_in_three_ways),
		ON_A_DESK(home_files_are_mounted_where_the_box_has_its_home),
		ON_A_DESK(folders_of_a_volume_in_the_home_are_left_alone),
		ON_A_DESK(volumes_are_mounted_parents_first),
		ON_A_DESK(a_plan_tells_which_tree_goes_where),
		ON_A_DESK(devices_are_bound_under_their_targets),
		ON_A_DESK(the_repository_of_a_worktree_is_where_it_was),
		ON_A_DESK(the_host_network_brings_the_hosts_sys),
		ON_A_DESK(kernel_settings_are_written_at_the_end),
		ON_A_DESK(shared_memory_has_the_size_asked_for),
		ON_A_DESK(what_the_host_lacks_is_not_in_the_plan),
		ON_A_DESK(too_many_layers_are_refused),
		ON_A_DESK(slots_are_opened_before_they_are_used),
		ON_A_DESK(a_step_of_a_build_sees_neither_home_nor_workspace),
		cmocka_unit_test(every_step_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
