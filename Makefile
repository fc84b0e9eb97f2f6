# Jam. `make help` lists what can be done. Everything that is built goes to $(B).
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -r
.DEFAULT_GOAL := all

PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
# make's own default for CC is cc; take gcc unless somebody chose
ifeq ($(origin CC),default)
CC := gcc
endif
# A flavour has its own folder, so that objects never mix: make SANITIZE=address,undefined  or  CC=clang
SANITIZE ?=
comma := ,
B ?= build$(if $(filter-out gcc,$(notdir $(CC))),/$(notdir $(CC)))$(if $(SANITIZE),/san-$(subst $(comma),-,$(SANITIZE)))
V ?=
Q := $(if $(V),,@)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wwrite-strings
# -Werror for us; packagers say WERROR=
WERROR ?= -Werror
HARDEN := -fstack-protector-strong -fPIE $(if $(SANITIZE),,$(if $(findstring -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=2))
override CFLAGS += -std=c11 $(WARN) $(WERROR) $(HARDEN)
override LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifneq ($(SANITIZE),)
override CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=$(SANITIZE)
endif

# ---- the rooms: what each may include is what the compiler lets it see ------------------------------------------
pc = $(shell $(PKG_CONFIG) $(1) $(2))
PROTO_C := $(wildcard proto/*.c)
CORE_C := $(wildcard daemon/core/*.c)
IO_C := $(wildcard daemon/io/*.c) $(wildcard daemon/main.c)
CLIENT_C := $(wildcard client/*.c)
UNIT_C := $(wildcard tests/unit/test_*.c)
obj = $(patsubst %.c,$(B)/%.o,$(1))
# what a room may include holds for its objects and for clang-tidy's look at them
room = $(call obj,$(1)) $(patsubst %.c,$(B)/%.tidy,$(1))

$(call room,$(PROTO_C)): INCLUDES := -Iproto
$(call room,$(CORE_C)): INCLUDES := -Iproto -Idaemon/core
$(call room,$(IO_C)): INCLUDES := -Iproto -Idaemon/core -Idaemon/io
$(call room,$(IO_C)): DEFINES := -D_GNU_SOURCE
$(call room,$(CLIENT_C)): INCLUDES := -Iproto -Iclient
$(call room,$(CLIENT_C)): DEFINES := -D_GNU_SOURCE

PROTO_LIBS := $(call pc,--libs,msgpack libsodium libutf8proc)
CORE_LIBS := $(PROTO_LIBS) $(call pc,--libs,sqlite3)
IO_LIBS := $(CORE_LIBS) $(call pc,--libs,libuv libzmq)
CLIENT_LIBS := $(PROTO_LIBS) $(call pc,--libs,ncursesw)

$(B)/%.o: %.c Makefile
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(INCLUDES) $(DEFINES) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# SQL is data: it becomes a C string. log.sql is for ever, schema.sql (the views) can be folded again
$(B)/%.inc: daemon/core/%.sql Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's/--.*//' -e '/^ *$$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
$(call room,daemon/core/store.c): $(B)/schema.inc $(B)/log.inc
$(call room,daemon/core/store.c): INCLUDES += -I$(B)

# the word list is data too
$(B)/words.inc: proto/words.txt Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's/.*/"&",/' $< > $@
$(call room,proto/words.c): $(B)/words.inc
$(call room,proto/words.c): INCLUDES += -I$(B)

$(B)/libproto.a: $(call obj,$(PROTO_C))
$(B)/libcore.a: $(call obj,$(CORE_C))
$(B)/%.a:
	$(Q)rm -f $@; ar rcs $@ $^

$(B)/jamd: $(call obj,$(IO_C)) $(B)/libcore.a $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(IO_LIBS)

$(B)/jam: $(call obj,$(CLIENT_C)) $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CLIENT_LIBS)

all: $(B)/jamd $(B)/jam ## build jamd and jam

# ---- tests ------------------------------------------------------------------------------------------------------
SCREEN_O := $(filter-out $(B)/client/main.o,$(call obj,$(CLIENT_C)))
$(call room,$(UNIT_C)): INCLUDES := -Iproto -Idaemon/core -Itests/unit -Itests/sim
$(call room,tests/unit/test_screen.c): INCLUDES := -Iproto -Iclient -Itests/unit
$(call room,tests/unit/test_door.c tests/unit/test_login.c): INCLUDES := -Iproto -Idaemon/core -Idaemon/io -Itests/unit
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/tests/sim/disk.o $(B)/libcore.a $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS) $(call pc,--libs,cmocka)
$(B)/tests/unit/test_door: $(B)/daemon/io/door.o
$(B)/tests/unit/test_login: $(B)/daemon/io/login.o
$(B)/tests/unit/test_screen: $(B)/tests/unit/test_screen.o $(SCREEN_O) $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CLIENT_LIBS) $(call pc,--libs,cmocka)
# in this one the core and msgpack-c get their memory where it can run out
SCARCE := $(foreach f,malloc calloc realloc free,--redefine-sym $f=scarce_$f)
$(B)/scarce/libmsgpackc.a: ARCHIVE = $(shell $(CC) -print-file-name=libmsgpackc.a)
$(B)/scarce/%.a: ARCHIVE = $<
$(B)/scarce/libcore.a $(B)/scarce/libproto.a: $(B)/scarce/%: $(B)/%
$(B)/scarce/%.a:
	$(Q)mkdir -p $(@D)
	$(Q)objcopy $(SCARCE) $(ARCHIVE) $@
SCARCE_A := $(patsubst %,$(B)/scarce/lib%.a,core proto msgpackc)
$(B)/tests/unit/test_faults: $(B)/tests/unit/test_faults.o $(B)/tests/sim/disk.o $(SCARCE_A)
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS) $(call pc,--libs,cmocka)
# a lesson for each call that can fail, a power cut at each write, or a hundred machines take minutes: only as it is built
# for use
LIGHT_C := $(filter-out $(patsubst %,tests/unit/test_%.c,crowd cuts faults large),$(UNIT_C))
UNITS := $(patsubst %.c,$(B)/%,$(UNIT_C))
units: $(UNITS)

# a hostile device for the end to end tests: it speaks by the rooms below the shell, over sockets of its own
HOSTILE_C := $(wildcard tests/hostile/*.c)
$(call room,$(HOSTILE_C)): INCLUDES := -Iproto
$(call room,$(HOSTILE_C)): DEFINES := -D_GNU_SOURCE
$(B)/hostile: $(call obj,$(HOSTILE_C)) $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PROTO_LIBS) $(call pc,--libs,libzmq)

# a disk that turns read-only under a daemon, for the end to end tests
$(B)/readonly.so: tests/e2e/readonly.c
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(filter-out -fPIE,$(CFLAGS)) -fPIC -shared -o $@ $< -ldl

# a simulated room: the rooms below the shell, and of the shell its door. Bugs can be planted in this flavour, and a
# signature that was checked once is remembered
SIM_C := $(wildcard tests/sim/*.c)
$(call room,$(SIM_C)): INCLUDES := -Iproto -Idaemon/core -Idaemon/io -Itests/sim
$(call room,$(SIM_C)): DEFINES := -D_GNU_SOURCE
$(B)/sim: $(call obj,$(SIM_C)) $(B)/daemon/io/door.o $(B)/libcore.a $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=crypto_sign_verify_detached -o $@ $^ $(CORE_LIBS)

# a fuzzer links the rooms below the shell, in the flavour that is checked
FUZZ_C := $(wildcard tests/fuzz/fuzz_*.c)
$(call room,$(wildcard tests/fuzz/*.c)): INCLUDES := -Iproto -Idaemon/core -Itests/sim
$(call room,tests/fuzz/fuzz_config.c): INCLUDES += -Idaemon/io
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/target.o $(B)/libcore.a $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CORE_LIBS)
$(patsubst %,$(B)/tests/fuzz/fuzz_%,client database entry letter message op run sync): $(B)/tests/fuzz/mutate.o
$(patsubst %,$(B)/tests/fuzz/fuzz_%,client database sync): $(B)/tests/fuzz/machine.o $(B)/tests/sim/disk.o
$(B)/tests/fuzz/fuzz_config: $(call obj,daemon/io/options.c daemon/io/address.c)
fuzzers: $(patsubst %.c,$(B)/%,$(FUZZ_C))

JOBS ?= $(shell nproc)
FLAVOUR = +$(Q)$(MAKE) --no-print-directory -j$(JOBS)
SIM_FLAVOUR := CPPFLAGS=-DJAM_PLANTED B=build/simulated build/simulated/sim
# clang's warnings, its sanitizers, and for the fuzzers its coverage, in one
CHECKED_FLAVOUR := CFLAGS="-O1 -g1" CC=clang SANITIZE=fuzzer-no-link,address,undefined B=build/checked
E2E := $(sort $(wildcard tests/e2e/*.t))

test: ## install what is missing, build every way, run every test
	$(Q)tools/setup
	$(FLAVOUR) all units bench-tools $(B)/hostile $(B)/readonly.so
	$(FLAVOUR) $(CHECKED_FLAVOUR) all fuzzers $(LIGHT_C:%.c=build/checked/%)
	$(FLAVOUR) $(SIM_FLAVOUR)
	$(Q)JOBS=$$(($(JOBS) + 1)) tests/run $(E2E) tests/house.t tests/tidy.t tests/install.t tests/fuzz/fuzz.t tests/sim/sim.t \
	    $(UNIT_C:%.c=build/%) $(LIGHT_C:%.c=build/checked/%)

DAY := 86400
unit: units ## only the unit tests
	$(Q)JOBS=$(JOBS) tests/run $(UNITS)

e2e: all $(B)/hostile $(B)/readonly.so ## only the end to end tests (T='tests/e2e/cable.t …' for some)
	$(Q)JOBS=$(JOBS) JAM_BUILD=$(B) tests/run $(or $(T),$(E2E))

kills: all ## kill daemons at random instants under load (KILLS=10000)
	$(Q)KILLS=$(or $(KILLS),10000) V=1 TEST_LIMIT=$(DAY) JAM_BUILD=$(B) tests/run tests/e2e/kill.t

soak: all ## a long lesson in a room of thirty machines (MINUTES=60, SOAK_ROOM=30)
	$(Q)SOAK_MINUTES=$(or $(MINUTES),60) SOAK_ROOM=$(or $(SOAK_ROOM),30) V=1 TEST_LIMIT=$(DAY) JAM_BUILD=$(B) \
	    tests/run tests/e2e/soak.t

house: $(B)/libproto.a $(B)/libcore.a ## the rules of the house
	$(Q)tests/run tests/house.t

SECONDS ?= 60
fuzz: ## fuzz every decoder for longer, from a fresh seed (SECONDS=60 each)
	$(FLAVOUR) $(CHECKED_FLAVOUR) fuzzers
	$(Q)FUZZ_SECONDS=$(SECONDS) TEST_LIMIT=86400 tests/run tests/fuzz/fuzz.t

sim: ## simulated rooms from fresh seeds (SEEDS=200, MINUTES=60 is a class hour, DAYS=180), or SEED=n again
	$(FLAVOUR) $(SIM_FLAVOUR)
	$(Q)build/simulated/sim $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200)) $(if $(MINUTES),--minutes $(MINUTES)) \
	    $(if $(DAYS),--days $(DAYS))

planted: ## are bugs that are planted in the core found by the simulator, each within 200 seeds?
	$(FLAVOUR) $(SIM_FLAVOUR)
	$(Q)build/simulated/sim --find-planted --first 1 --seeds 200 --minutes 5

# unoptimized, a compiler warns of what it doesn't see; tests/leave.h wants libgcov to have __gcov_dump
COVERED := $(UNIT_C:%.c=build/coverage/%)
COVERAGE_FLAVOUR := CFLAGS="-O0 -g --coverage" LDFLAGS=-Wl,-u,__gcov_dump WERROR= B=build/coverage
coverage: ## what of proto and daemon/core the unit tests and a hundred simulated rooms come by
	$(FLAVOUR) $(COVERAGE_FLAVOUR) $(COVERED) build/coverage/sim
	$(Q)find build/coverage -name '*.gcda' -delete
	$(Q)JOBS=$(JOBS) tests/run $(COVERED)
	$(Q)build/coverage/sim --first 1 --seeds $(or $(SEEDS),100) --minutes 5 --quiet
	$(Q)tests/coverage build/coverage

mutants: ## are conditions that are turned around noticed by a test? (MUTANTS=100, MUTANTS_SEED=1)
	$(Q)tests/mutants $(or $(MUTANTS),100) $(or $(MUTANTS_SEED),1)

# ---- looks ------------------------------------------------------------------------------------------------------
# how many states of a function clang's analyzer walks through: its own limit of 225000 takes seven times as long
TIDY_NODES ?= 20000
TIDY_FLAGS = -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES)
SOURCES = $(wildcard */*.[ch] daemon/*/*.[ch] tests/*/*.[ch] tools/*/*.[ch])
$(B)/%.tidy: %.c .clang-tidy
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  TIDY  $<")
	$(Q)clang-tidy --quiet $< -- -std=c11 $(INCLUDES) $(DEFINES) $(TIDY_FLAGS) 2>$@.err || { cat $@.err; false; }
	$(Q)rm -f $@.err; touch $@
tidy: $(patsubst %.c,$(B)/%.tidy,$(PROTO_C) $(CORE_C) $(IO_C) $(CLIENT_C)) ## let clang-tidy look at our .c files (TIDY_NODES=225000: longer)

format: ## lay out all sources as .clang-format says
	$(Q)clang-format -i $(SOURCES)

format-check: ## say which sources aren't laid out so
	$(Q)clang-format --dry-run -Werror $(SOURCES)

# ---- to see and to measure --------------------------------------------------------------------------------------
demo: ## a class of five on this machine, with the teacher's live view (a minute)
	$(Q)tools/demo

demo-stop: ## end what the demo left running
	$(Q)tools/demo-stop

$(call room,$(wildcard tools/bench/*.c)): INCLUDES := -Iproto -Idaemon/core
$(call room,$(wildcard tools/bench/*.c)): DEFINES := -D_GNU_SOURCE
$(call room,tools/bench/again.c): INCLUDES += -Itests/unit -Itests/sim
$(B)/tools/bench/again: $(B)/tests/sim/disk.o
$(B)/tools/bench/%: $(B)/tools/bench/%.o $(B)/libcore.a $(B)/libproto.a
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS) $(call pc,--libs,libzmq)
bench-tools: $(patsubst %.c,$(B)/%,$(wildcard tools/bench/*.c))
bench: all bench-tools ## the figures: thirty machines beside their goals, then Jam beside others
	$(Q)JAM_BUILD=$(B) tools/bench/run

compare: all bench-tools ## only Jam beside what people would use instead (from the npm registry)
	$(Q)JAM_BUILD=$(B) tools/bench/run compare

# ---- to have it -------------------------------------------------------------------------------------------------
BIN := $(DESTDIR)$(PREFIX)/bin
MAN := $(DESTDIR)$(PREFIX)/share/man
COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
UNIT := $(DESTDIR)$(PREFIX)/lib/systemd/system

install: all ## put it under $(DESTDIR)$(PREFIX)
	$(Q)install -d $(BIN) $(MAN)/man1 $(MAN)/man8 $(COMPLETIONS) $(UNIT)
	$(Q)install -m 755 $(B)/jam $(B)/jamd $(BIN)
	$(Q)install -m 644 client/jam.1 $(MAN)/man1
	$(Q)install -m 644 daemon/jamd.8 $(MAN)/man8
	$(Q)install -m 644 client/completion.bash $(COMPLETIONS)/jam
	$(Q)sed 's|@BIN@|$(PREFIX)/bin|' daemon/jamd.service > $(UNIT)/jamd.service

uninstall: ## take it away again
	$(Q)rm -f $(BIN)/jam $(BIN)/jamd $(MAN)/man1/jam.1 $(MAN)/man8/jamd.8 $(COMPLETIONS)/jam $(UNIT)/jamd.service

clean: ## remove what was built
	$(Q)rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: all units unit fuzzers test e2e kills soak house fuzz sim planted coverage mutants tidy format format-check demo demo-stop bench \
    bench-tools compare install uninstall clean help
.SECONDARY:
-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
