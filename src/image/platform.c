#include "image/platform.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define WORD_LEN_MAX 64
#define RANK_SAME 1000000
#define LEVEL_MAX 999

/* What uname(2) and people call a machine, and what images do. */
static const struct {
	const char *word, *architecture, *variant;
} machines[] = {
	{"x86_64", "amd64", NULL}, {"x86-64", "amd64", NULL},  {"aarch64", "arm64", NULL},
	{"i386", "386", NULL},     {"i486", "386", NULL},      {"i586", "386", NULL},
	{"i686", "386", NULL},     {"armhf", "arm", "v7"},     {"armel", "arm", "v6"},
	{"armv8l", "arm", "v8"},   {"armv7l", "arm", "v7"},    {"armv6l", "arm", "v6"},
	{"armv5tel", "arm", "v5"}, {"armv5tejl", "arm", "v5"}, {"loongarch64", "loong64", NULL},
};

static const char *const architectures[] = {
	"amd64",   "arm64", "arm",      "386",    "ppc64le", "s390x", "riscv64",
	"loong64", "ppc64", "mips64le", "mips64", "mipsle",  "mips",  NULL,
};

void platform_done(struct platform *platform)
{
	free(platform->os);
	free(platform->architecture);
	free(platform->variant);
	*platform = (struct platform){0};
}

static bool is_word(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= WORD_LEN_MAX &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* Return: NULL when @word is no architecture that we know by another name. */
static const char *architecture_of(const char *word, const char **out_variant)
{
	*out_variant = NULL;
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (!str_eq(word, machines[i].word))
			continue;
		*out_variant = machines[i].variant;
		return machines[i].architecture;
	}
	for (size_t i = 0; architectures[i]; i++)
		if (str_eq(word, architectures[i]))
			return architectures[i];
	return NULL;
}

static int fail_form(const char *text, struct err *err)
{
	(void)err_set(err, "'%s' is not a platform", text);
	return err_hint(err, "use OS/ARCHITECTURE[/VARIANT], such as linux/amd64, linux/arm64 "
			     "or linux/arm/v7");
}

static int fail_architecture(const char *text, const char *word, struct err *err)
{
	const char *nearest = str_nearest(word, architectures);

	(void)fail_form(text, err);
	return nearest ? err_hint(err, "did you mean '%s'?", nearest) : -1;
}

int platform_parse(const char *text, struct platform *out_platform, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	const char *words[3] = {NULL};
	const char *architecture, *variant;
	char *rest = copy;
	size_t count = 0;

	while (rest && count < ARRAY_LEN(words)) {
		words[count] = strsep(&rest, "/");
		if (!is_word(words[count++]))
			return fail_form(text, err);
	}
	if (rest)
		return fail_form(text, err);

	/* Without an operating system: "arm64", "arm/v7". */
	if (count < ARRAY_LEN(words) && architecture_of(words[0], &variant)) {
		words[2] = words[1];
		words[1] = words[0];
		words[0] = "linux";
		count++;
	}
	if (count == 1)
		return fail_architecture(text, words[0], err);

	architecture = architecture_of(words[1], &variant);
	*out_platform = (struct platform){
		.os = xstrdup(words[0]),
		.architecture = xstrdup(architecture ? architecture : words[1]),
		.variant = xstrdup(words[2] ? words[2] : variant),
	};
	return 0;
}

#if defined(__x86_64__)
static uint64_t enabled_states(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* The levels of the x86-64 psABI: what the processor has and the kernel keeps for a process. */
static const char *amd64_level(void)
{
	const uint32_t v2_c =
		bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
	const uint32_t v3_c = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C;
	const uint32_t v3_b = bit_AVX2 | bit_BMI | bit_BMI2;
	const uint32_t v4_b =
		bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
	const uint64_t avx_states = 0x06, avx512_states = 0xe6;
	uint32_t a, b, c, d, b7 = 0, far_c = 0;
	uint64_t states;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & v2_c) != v2_c)
		return "v1";
	(void)__get_cpuid_count(7, 0, &a, &b7, &b, &d);
	(void)__get_cpuid(0x80000001, &a, &b, &far_c, &d);
	if ((c & v3_c) != v3_c || (b7 & v3_b) != v3_b || !(far_c & bit_ABM))
		return "v2";
	states = enabled_states();
	if ((states & avx_states) != avx_states)
		return "v2";
	return (b7 & v4_b) == v4_b && (states & avx512_states) == avx512_states ? "v4" : "v3";
}
#endif

void platform_host(struct platform *out_platform)
{
	const char *architecture, *variant;
	struct utsname name;

	if (uname(&name) < 0)
		abort();
	architecture = architecture_of(name.machine, &variant);
#if defined(__x86_64__)
	if (str_eq(architecture, "amd64"))
		variant = amd64_level();
#endif
	*out_platform = (struct platform){
		.os = xstrdup("linux"),
		.architecture = xstrdup(architecture ? architecture : name.machine),
		.variant = xstrdup(variant),
	};
}

/* "v7" is 7000, "v8.2" 8002; 0 for variants that have no order. */
static int level_of(const char *variant)
{
	AUTO_FREE char *copy = xstrdup(variant);
	char *minor = copy;
	uint64_t high, low = 0;

	if (*minor++ != 'v')
		return 0;
	(void)strsep(&minor, ".");
	if (str_to_u64(copy + 1, &high) < 0 || high > LEVEL_MAX ||
	    (minor && (str_to_u64(minor, &low) < 0 || low > LEVEL_MAX)))
		return 0;
	return (int)(high * (LEVEL_MAX + 1) + low);
}

/* What an architecture without a variant means. */
static const char *plain_variant(const char *architecture)
{
	if (str_eq(architecture, "amd64"))
		return "v1";
	if (str_eq(architecture, "arm64"))
		return "v8";
	return str_eq(architecture, "arm") ? "v7" : "";
}

int platform_rank(const struct platform *wanted, const struct platform *offered)
{
	const char *variant = wanted->variant;
	int most, level;

	if (!offered->os || !str_eq(wanted->os, offered->os) ||
	    !str_eq(wanted->architecture, offered->architecture))
		return 0;
	if (str_eq(variant, offered->variant))
		return RANK_SAME;
	if (!offered->variant)
		return 1;

	most = level_of(variant ? variant : plain_variant(wanted->architecture));
	level = level_of(offered->variant);
	return level > 0 && level <= most ? 1 + level : 0;
}

char *platform_words(const struct platform *platform)
{
	return xasprintf("%s/%s%s%s", platform->os, platform->architecture,
			 platform->variant ? "/" : "",
			 platform->variant ? platform->variant : "");
}
