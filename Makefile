# devbox - GNU make, one file. `make help` lists the targets.

VERSION         := 0.1.0

CC              ?= cc
CLANG           ?= clang
PKG_CONFIG      ?= pkg-config
INSTALL         ?= install
AR              ?= ar

PREFIX          ?= /usr/local
BINDIR          ?= $(PREFIX)/bin
DATADIR         ?= $(PREFIX)/share
LIBEXECDIR      ?= $(PREFIX)/libexec
MANDIR          ?= $(DATADIR)/man
PROGRAM_PREFIX  ?=

# SAN=address,undefined builds with these sanitizers in a tree of its own,
# SAN=fuzzer is the tree of `make fuzz`, SAN=coverage that of `make coverage`.
SAN             ?=
WERROR          ?=
FUZZ_SECONDS    ?= 60

comma           := ,
BUILD           := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))

ifeq ($(SAN),fuzzer)
CC              := $(CLANG)
endif

# --- flags ------------------------------------------------------------------

cc-option        = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
# The static library where the compiler finds one: each shared library costs start-up time.
static-lib       = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a 2>/dev/null)),-l:lib$(1).a,-l$(1))

WARN_FLAGS      := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wundef -Wvla \
		   -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations \
		   -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough -Wswitch-enum $(WERROR)
STD_FLAGS       := -std=gnu11 -D_GNU_SOURCE -DDEVBOX_VERSION='"$(VERSION)"' -Isrc -I.

HARDEN_COMMON   := -O2 -U_FORTIFY_SOURCE -fstack-protector-strong \
		   $(call cc-option,-fstack-clash-protection) \
		   $(call cc-option,-fcf-protection=full) \
		   $(call cc-option,-fstrict-flex-arrays=3)
HARDEN_FLAGS    := $(HARDEN_COMMON) -D_FORTIFY_SOURCE=3 -fPIE
HARDEN_LDFLAGS  := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,-O1,--as-needed,--hash-style=gnu

# Fortify and the sanitizers do not mix: a sanitizer tree leaves the hardening out.
ifeq ($(SAN),)
TREE_CFLAGS     := -g $(HARDEN_FLAGS)
TREE_LDFLAGS    := $(HARDEN_LDFLAGS)
else ifeq ($(SAN),fuzzer)
TREE_CFLAGS     := -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
TREE_LDFLAGS    := -fsanitize=fuzzer,address,undefined
else ifeq ($(SAN),coverage)
TREE_CFLAGS     := -g -O0 --coverage -fprofile-update=atomic
TREE_LDFLAGS    := --coverage
else
TREE_CFLAGS     := -g -O1 -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all
TREE_LDFLAGS    := -fsanitize=$(SAN)
endif

# Of libcrypto only SHA-256, which is one object of it.
LIBS            := $(call static-lib,yaml) $(call static-lib,seccomp) $(call static-lib,jansson) $(call static-lib,crypto) -pthread
# devbox-image alone fetches and unpacks, so that devbox starts without some thirty libraries.
hash            := \#
HAVE_ISAL       := $(shell printf '$(hash)include <isa-l.h>\nint main(void) { return 0; }' | $(CC) -x c - -o /dev/null -lisal 2>/dev/null && echo 1)
IMAGE_LIBS      := -lcurl -larchive $(if $(HAVE_ISAL),$(call static-lib,isal)) -lz -lzstd -pthread

# devbox-tui alone draws; ncurses with wide characters, whose terminal part is a library of its own.
TUI_LIBS        := -lncursesw -ltinfo $(call static-lib,jansson)

# The user's own flags come last, so they win.
ALL_CFLAGS       = $(STD_FLAGS) $(WARN_FLAGS) $(TREE_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS      = $(TREE_LDFLAGS) $(LDFLAGS)
# devbox-init runs inside every box whatever its libc is: static, small, never sanitized. Where src/init/tiny.c
# knows the architecture it stands in for the C library.
INIT_ARCH       := $(filter x86_64-% aarch64-%,$(shell $(CC) -dumpmachine))
INIT_CFLAGS      = $(STD_FLAGS) $(WARN_FLAGS) $(HARDEN_COMMON) -g0 -fno-pie -ffunction-sections -fdata-sections
INIT_LDFLAGS     = -static -no-pie $(call cc-option,-Wno-unused-command-line-argument) -Wl,--gc-sections,--build-id=none,-z,noexecstack,-s
ifneq ($(INIT_ARCH),)
INIT_CFLAGS     += -U_FORTIFY_SOURCE -ffreestanding -fno-stack-protector $(call cc-option,-fno-tree-loop-distribute-patterns)
INIT_LDFLAGS    += -nostdlib
endif

# --- sources ----------------------------------------------------------------

INIT_SRC        := $(wildcard src/init/*.c)
# Files of other rooms that make system calls only and are part of devbox-init too.
INIT_SHARED     := $(wildcard src/sec/confine.c)
# Rooms of devbox-image, which also has all that devbox has.
IMAGE_SRC       := $(wildcard src/fetch/*.c src/layer/*.c src/puller/*.c)
TUI_SRC         := $(wildcard tui/*.c)
SRC             := $(filter-out $(INIT_SRC) $(IMAGE_SRC),$(wildcard src/*/*.c))
ASM             := $(wildcard src/*/*.S)

OBJ             := $(SRC:src/%.c=$(BUILD)/obj/%.o)
ASM_OBJ         := $(ASM:src/%.S=$(BUILD)/obj/%.o)
MAIN_OBJ        := $(BUILD)/obj/cli/main.o
LIB_OBJ         := $(filter-out $(MAIN_OBJ),$(OBJ)) $(ASM_OBJ)
IMAGE_OBJ       := $(IMAGE_SRC:src/%.c=$(BUILD)/obj/%.o)
IMAGE_MAIN_OBJ  := $(BUILD)/obj/puller/main.o
IMAGE_LIB       := $(BUILD)/libdevbox-image.a
TUI_OBJ         := $(TUI_SRC:%.c=$(BUILD)/obj/%.o)
TUI_MAIN_OBJ    := $(BUILD)/obj/tui/main.o
TUI_LIB         := $(BUILD)/libdevbox-tui.a
INIT_OBJ        := $(patsubst src/%.c,$(BUILD)/init-obj/%.o,$(INIT_SRC) $(INIT_SHARED))
LIB             := $(BUILD)/libdevbox.a

UNIT_SRC        := $(wildcard tests/unit/test_*.c)
UNIT            := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_SRC        := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ            := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

DEPS            := $(OBJ:.o=.d) $(IMAGE_OBJ:.o=.d) $(TUI_OBJ:.o=.d) $(ASM_OBJ:.o=.d) $(INIT_OBJ:.o=.d) $(UNIT:=.d) $(FUZZ:=.d)

ifeq ($(V),1)
Q               :=
say              = @:
else ifneq ($(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
Q               := @
say              = @:
else
Q               := @
say              = @printf '  %-7s %s\n' $(1) $(2)
endif

# A changed flag rebuilds: the flags are a file that every object depends on.
FLAGS_FILE      := $(BUILD)/flags
NO_BUILD_GOALS  := clean help format lint dist uninstall check fuzz coverage quickstart
ifneq ($(filter-out $(NO_BUILD_GOALS),$(or $(MAKECMDGOALS),all)),)
define FLAGS_TEXT
$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS) $(IMAGE_LIBS) $(TUI_LIBS) $(INIT_CFLAGS) $(INIT_LDFLAGS)
endef
$(shell mkdir -p $(BUILD))
export FLAGS_TEXT
FLAGS_CHANGED   := $(shell printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' >$(FLAGS_FILE).new; \
		     cmp -s $(FLAGS_FILE).new $(FLAGS_FILE) && rm $(FLAGS_FILE).new || mv $(FLAGS_FILE).new $(FLAGS_FILE))
unexport FLAGS_TEXT
endif

# --- build ------------------------------------------------------------------

all: $(BUILD)/devbox $(BUILD)/devbox-image $(BUILD)/devbox-tui

$(BUILD)/devbox: $(MAIN_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(MAIN_OBJ) $(LIB) $(ALL_LDFLAGS) $(LIBS) -o $@

$(BUILD)/devbox-image: $(IMAGE_MAIN_OBJ) $(IMAGE_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(IMAGE_MAIN_OBJ) $(IMAGE_LIB) $(LIB) $(ALL_LDFLAGS) $(IMAGE_LIBS) $(LIBS) -o $@

$(BUILD)/devbox-tui: $(TUI_MAIN_OBJ) $(TUI_LIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(TUI_MAIN_OBJ) $(TUI_LIB) $(LIB) $(ALL_LDFLAGS) $(TUI_LIBS) -lm -o $@

$(TUI_LIB): $(filter-out $(TUI_MAIN_OBJ),$(TUI_OBJ))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(IMAGE_LIB): $(filter-out $(IMAGE_MAIN_OBJ),$(IMAGE_OBJ))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/devbox-init: $(INIT_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(INIT_CFLAGS) $(INIT_OBJ) $(INIT_LDFLAGS) -o $@

$(BUILD)/obj/%.o: src/%.c $(FLAGS_FILE)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/tui/%.o: tui/%.c $(FLAGS_FILE)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.o: src/%.S $(FLAGS_FILE)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -Wa,-I$(BUILD) -MMD -MP -c $< -o $@

$(BUILD)/init-obj/%.o: src/%.c $(FLAGS_FILE)
	$(call say,CC-INIT,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(INIT_CFLAGS) -MMD -MP -c $< -o $@

$(filter $(BUILD)/obj/layer/%,$(IMAGE_OBJ)): STD_FLAGS += $(if $(HAVE_ISAL),-DHAVE_ISAL)

# What .incbin reads is not in the dependency files.
$(BUILD)/obj/box/init_blob.o: $(BUILD)/devbox-init
$(BUILD)/obj/sec/default_blob.o: profiles/seccomp/default.json
$(BUILD)/obj/cli/completion_blob.o: completions/devbox.bash completions/_devbox completions/devbox.fish

# The after-clone lint reads the objects of a plain tree.
objects: $(OBJ) $(IMAGE_OBJ) $(ASM_OBJ)

# Tests and fuzzers of the rooms of devbox-image get its libraries too.
IMAGE_TESTS     := $(filter $(BUILD)/unit/test_fetch_% $(BUILD)/unit/test_layer_% $(BUILD)/unit/test_puller_%,$(UNIT)) \
		   $(filter $(BUILD)/fuzz/fuzz_fetch_% $(BUILD)/fuzz/fuzz_layer_%,$(FUZZ))
$(IMAGE_TESTS): $(IMAGE_LIB)
$(IMAGE_TESTS): TEST_LIBS := $(IMAGE_LIB) $(IMAGE_LIBS)

TUI_TESTS       := $(filter $(BUILD)/unit/test_tui_%,$(UNIT)) $(filter $(BUILD)/fuzz/fuzz_tui_%,$(FUZZ))
$(TUI_TESTS): $(TUI_LIB)
$(TUI_TESTS): TEST_LIBS := $(TUI_LIB) $(TUI_LIBS) -lm

$(BUILD)/unit/%: tests/unit/%.c $(LIB) $(FLAGS_FILE)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -MMD -MP -MF $@.d $< $(firstword $(TEST_LIBS)) $(LIB) $(ALL_LDFLAGS) $(wordlist 2,9,$(TEST_LIBS)) $(LIBS) -lcmocka -o $@

$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB) $(FLAGS_FILE)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP -MF $@.d $< $(firstword $(TEST_LIBS)) $(LIB) $(ALL_LDFLAGS) $(wordlist 2,9,$(TEST_LIBS)) $(LIBS) -o $@

tests: all $(UNIT)
fuzzers: $(FUZZ)

# --- tests ------------------------------------------------------------------

# Installs what the tests need, then everything: both trees, and the desktop VM.
# With SAN= only that tree.
check:
	$(Q)MAKE='$(MAKE)' CC='$(CC)' WERROR='$(WERROR)' tests/rig/check $(SAN)

check-unit: tests
	$(Q)tests/rig/as-user tests/rig/run-tests --tree $(BUILD) --unit $(TESTS)

check-integration: all
	$(Q)tests/rig/as-user tests/rig/run-tests --tree $(BUILD) --integration $(TESTS)

check-vm: all
	$(Q)tests/rig/as-user tests/rig/run-tests --tree $(BUILD) --vm $(TESTS)

fuzz:
	$(Q)$(MAKE) --no-print-directory SAN=fuzzer fuzzers
	$(Q)tests/rig/fuzz build-fuzzer/fuzz $(FUZZ_SECONDS)

coverage:
	$(Q)$(MAKE) --no-print-directory SAN=coverage tests
	$(Q)tests/rig/coverage build-coverage

bench: all
	$(Q)tests/bench/run $(BUILD)
	$(Q)tests/bench/pull $(BUILD)
	$(Q)tests/bench/dashboard $(BUILD)
	$(Q)tests/bench/network $(BUILD)

lint:
	$(Q)MAKE='$(MAKE)' CC='$(CC)' tests/lint/run $(LINTS)

format:
	$(Q)clang-format -i $(wildcard src/*/*.[ch] tui/*.[ch] tests/*/*.[ch])

quickstart:
	$(Q)MAKE='$(MAKE)' tests/rig/quickstart

# --- install ----------------------------------------------------------------

MAN1            := $(wildcard man/*.1)
MAN5            := $(wildcard man/*.5)
PROFILES        := $(shell cd profiles 2>/dev/null && find . -type f ! -name README.md | sed 's,^\./,,' | sort)
COMPLETIONS     := $(wildcard completions/devbox.bash completions/_devbox completions/devbox.fish)
PROGRAM         := $(PROGRAM_PREFIX)devbox

completion-path  = $(if $(filter %.bash,$(1)),bash-completion/completions/$(PROGRAM),$(if \
		   $(filter %.fish,$(1)),fish/vendor_completions.d/$(PROGRAM).fish,zsh/site-functions/_$(PROGRAM)))

install: all
	$(Q)$(INSTALL) -d $(DESTDIR)$(BINDIR)
	$(Q)$(INSTALL) -m 0755 $(BUILD)/devbox $(DESTDIR)$(BINDIR)/$(PROGRAM)
	$(Q)$(INSTALL) -D -m 0755 $(BUILD)/devbox-image $(DESTDIR)$(LIBEXECDIR)/$(PROGRAM)/devbox-image
	$(Q)$(INSTALL) -D -m 0755 $(BUILD)/devbox-tui $(DESTDIR)$(LIBEXECDIR)/$(PROGRAM)/devbox-tui
	$(Q)for page in $(MAN1) $(MAN5); do \
		$(INSTALL) -D -m 0644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$(PROGRAM_PREFIX)$${page##*/} || exit 1; done
	$(Q)$(foreach c,$(COMPLETIONS),$(INSTALL) -D -m 0644 $(c) $(DESTDIR)$(DATADIR)/$(call completion-path,$(c)) &&) :
	$(Q)for file in $(PROFILES); do \
		$(INSTALL) -D -m 0644 profiles/$$file $(DESTDIR)$(DATADIR)/$(PROGRAM)/profiles/$$file || exit 1; done
	@echo 'installed $(DESTDIR)$(BINDIR)/$(PROGRAM)'

uninstall:
	$(Q)rm -f $(DESTDIR)$(BINDIR)/$(PROGRAM) $(DESTDIR)$(LIBEXECDIR)/$(PROGRAM)/devbox-image $(DESTDIR)$(LIBEXECDIR)/$(PROGRAM)/devbox-tui
	$(Q)! test -d $(DESTDIR)$(LIBEXECDIR)/$(PROGRAM) || rmdir $(DESTDIR)$(LIBEXECDIR)/$(PROGRAM)
	$(Q)for page in $(MAN1) $(MAN5); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$(PROGRAM_PREFIX)$${page##*/}; done
	$(Q)rm -f $(foreach c,$(COMPLETIONS),$(DESTDIR)$(DATADIR)/$(call completion-path,$(c)))
	$(Q)rm -f $(PROFILES:%=$(DESTDIR)$(DATADIR)/$(PROGRAM)/profiles/%)
	$(Q)! test -d $(DESTDIR)$(DATADIR)/$(PROGRAM) || find $(DESTDIR)$(DATADIR)/$(PROGRAM) -depth -type d -empty -delete
	@echo 'removed $(DESTDIR)$(BINDIR)/$(PROGRAM)'

dist:
	$(Q)mkdir -p build
	$(Q)git archive --prefix=devbox-$(VERSION)/ -o build/devbox-$(VERSION).tar.gz HEAD
	@echo 'build/devbox-$(VERSION).tar.gz'

clean:
	$(Q)rm -rf build build-*

help:
	@echo 'all                 build/devbox (SAN=address,undefined: in a sanitizer tree; V=1: show commands)'
	@echo 'quickstart          install what is missing, build, show a box at work'
	@echo 'check               install what the tests need and run all of them'
	@echo 'check-unit          the unit tests of one tree (TESTS="name ..." picks)'
	@echo 'check-integration   the integration tests of one tree'
	@echo 'check-vm            the tests in the desktop virtual machine'
	@echo 'fuzz                each fuzzer for FUZZ_SECONDS ($(FUZZ_SECONDS))'
	@echo 'coverage            line coverage of the unit and integration tests'
	@echo 'bench               times beside those of other tools, into tests/bench/README.md'
	@echo 'lint                format, static analysis, dependencies (LINTS="name ..." picks)'
	@echo 'format              clang-format on all sources'
	@echo 'install uninstall   PREFIX=$(PREFIX), DESTDIR, BINDIR, LIBEXECDIR, MANDIR, DATADIR, PROGRAM_PREFIX'
	@echo 'dist clean          a source tarball; remove all trees'

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all objects tests fuzzers check check-unit check-integration check-vm fuzz coverage bench \
	lint format quickstart install uninstall dist clean help

-include $(DEPS)
