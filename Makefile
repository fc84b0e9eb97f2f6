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

$(call obj,$(PROTO_C)): INCLUDES := -Iproto
$(call obj,$(CORE_C)): INCLUDES := -Iproto -Idaemon/core
$(call obj,$(IO_C)): INCLUDES := -Iproto -Idaemon/core -Idaemon/io
$(call obj,$(IO_C)): DEFINES := -D_GNU_SOURCE
$(call obj,$(CLIENT_C)): INCLUDES := -Iproto -Iclient
$(call obj,$(CLIENT_C)): DEFINES := -D_GNU_SOURCE

PROTO_LIBS := $(call pc,--libs,msgpack libsodium libutf8proc)
CORE_LIBS := $(PROTO_LIBS) $(call pc,--libs,sqlite3)
IO_LIBS := $(CORE_LIBS) $(call pc,--libs,libuv libzmq)
CLIENT_LIBS := $(PROTO_LIBS) $(call pc,--libs,ncursesw)

$(B)/%.o: %.c Makefile
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(INCLUDES) $(DEFINES) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# SQL is data: schema.sql becomes a C string
$(B)/schema.inc: daemon/core/schema.sql Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's/--.*//' -e '/^ *$$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
$(call obj,daemon/core/store.c): $(B)/schema.inc
$(call obj,daemon/core/store.c): INCLUDES += -I$(B)

# the word list is data too
$(B)/words.inc: proto/words.txt Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's/.*/"&",/' $< > $@
$(call obj,proto/words.c): $(B)/words.inc
$(call obj,proto/words.c): INCLUDES += -I$(B)

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
$(call obj,$(UNIT_C)): INCLUDES := -Iproto -Idaemon/core -Itests/unit
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libcore.a $(B)/libproto.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS) $(call pc,--libs,cmocka)
UNITS := $(patsubst %.c,$(B)/%,$(UNIT_C))
units: $(UNITS)

clean: ## remove what was built
	$(Q)rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all clean help units
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
