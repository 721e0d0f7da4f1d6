# lua-equinix: what there is to make. `make help` lists it.
#
# Honours CC, CPPFLAGS, CFLAGS and LDFLAGS; what the code can't do without is
# kept apart from them and added always. Installing is LuaRocks' business
# (`luarocks make`); from a checkout nothing has to be installed.

BUILD ?= build
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -pedantic
# Only luaopen_equinix_core is seen from outside.
REQUIRED = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread \
           -Isrc $(DIRECT) $(WARNINGS)

ifeq ($(shell uname -s),Darwin)
# A module finds Lua's functions in the program that loads it.
SHARED = -bundle -undefined dynamic_lookup
# brew keeps its OpenSSL out of the way of the system's.
OPENSSL := $(firstword $(wildcard /opt/homebrew/opt/openssl@3 \
             /usr/local/opt/openssl@3))
DEPS_CFLAGS := $(if $(OPENSSL),-I$(OPENSSL)/include)
DEPS_LIBS := $(if $(OPENSSL),-L$(OPENSSL)/lib)
else
# Once loaded it stays: the token cache outlives the Lua state that loaded it.
SHARED = -shared -Wl,-z,nodelete
# Straight into Lua and libcurl: a hit is little more than such calls.
DIRECT = -fno-plt
endif
DEPS_CFLAGS += $(shell pkg-config --cflags libcurl libcrypto 2>/dev/null)
DEPS_LIBS += -lcurl -lcrypto

# Every Lua whose headers are here. cflags_lua5.4 and the like are where.
LUAS := lua5.4 luajit lua5.3 lua5.1 lua5.5
$(foreach l,$(LUAS),$(eval cflags_$l := $(shell tools/lua.sh $l cflags)))
LUAS := $(foreach l,$(LUAS),$(if $(strip $(cflags_$l)),$l))

SOURCES := $(sort $(wildcard src/*.c src/*/*.c))
CORES := $(LUAS:%=$(BUILD)/%/equinix/core.so)
# C programs that host Lua states, for specs with threads and forks.
HOSTS := $(if $(wildcard spec/support/host.c), \
           $(patsubst %,$(BUILD)/%/host,$(filter lua5.4 luajit,$(LUAS))))

# `make V=1` shows the commands as they are.
SAY = $(if $(V),@true,@echo) "  $1  $@"
Q := $(if $(V),,@)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

## all      the C module, for every Lua whose headers are here (the default)
.PHONY: all
all: $(CORES) $(HOSTS)
	@[ -n "$(CORES)" ] || { echo "No Lua headers found."; \
	  tools/deps.sh hint; exit 1; } >&2

# ------------------------------------------------------------------ building

# Changed flags rebuild everything, like a changed file.
FLAGS_USED = $(CC) $(REQUIRED) $(DEPS_CFLAGS) $(CPPFLAGS) $(CFLAGS) \
             $(SHARED) $(LDFLAGS) $(DEPS_LIBS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAGS_USED)' | cmp -s - $@ || echo '$(FLAGS_USED)' >$@
FORCE:

# The rules of one Lua; $1 is its name.
define lua_rules
objects_$1 := $$(SOURCES:src/%.c=$(BUILD)/$1/obj/%.o)

$$(objects_$1): $(BUILD)/$1/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call SAY,CC)
	$$(Q)$$(CC) $$(REQUIRED) $$(cflags_$1) $$(DEPS_CFLAGS) $$(CPPFLAGS) \
	  $$(CFLAGS) -MMD -MP -c -o $$@ $$<

# Renamed into place: a process that has the old one mapped keeps it whole.
# A folder's time tells that a file is gone.
$(BUILD)/$1/equinix/core.so: $$(objects_$1) src $(wildcard src/*/)
	@mkdir -p $$(@D)
	$$(call SAY,LD)
	$$(Q)$$(CC) $$(CFLAGS) $$(SHARED) -pthread $$(LDFLAGS) -o $$@.new \
	  $$(objects_$1) $$(DEPS_LIBS)
	@mv $$@.new $$@

# Programs that run Lua themselves; -rdynamic: the modules that they load find
# Lua's functions in them. bin/ has stand-ins for that Lua, for sanitizers.
$(BUILD)/$1/host: spec/support/host.c
$(BUILD)/bin/$1: tools/lua.c
$(BUILD)/$1/host $(BUILD)/bin/$1: $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call SAY,LD)
	$$(Q)$$(CC) $$(REQUIRED) $$(cflags_$1) $$(CPPFLAGS) $$(CFLAGS) -rdynamic \
	  $$(LDFLAGS) -o $$@ $$(filter %.c,$$^) $$(shell tools/lua.sh $1 libs) \
	  -lm -ldl

-include $$(objects_$1:.o=.d)
endef
$(foreach l,$(LUAS),$(eval $(call lua_rules,$l)))

# ---------------------------------------------------------- what people call
# After `deps` make starts anew: it may find a Lua that it did not find before.

## demo     installs what is missing, builds, shows it all on a local emulator
.PHONY: demo
demo:
	@tools/deps.sh demo
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@"$$(tools/lua.sh lua5.4 command)" examples/demo.lua

## test     installs what is missing, runs every spec and check there is
.PHONY: test
test:
	@tools/deps.sh test
	@$(MAKE) --no-print-directory -f tools/test.mk test

## specs    the specs alone, on one Lua: `make specs LUA=lua5.3`
## lint     luacheck, compilers' warnings, analyzers, style
## check    the specs of the C code under ASan, UBSan, TSan and valgrind
## gnutls   the specs over Debian's other libcurl, which is not installed
## rock     LuaRocks, into a throw-away tree, for Lua 5.4 and 5.1
.PHONY: specs lint check gnutls rock
specs lint check gnutls rock:
	@$(MAKE) --no-print-directory -f tools/test.mk $@

## bench    side by side with C and with others, as ratios
.PHONY: bench
bench: all $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
	@status=0; for name in lua5.4 luajit; do \
	  lua=$$(tools/lua.sh $$name command) || continue; \
	  export LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;'; \
	  export LUA_CPATH="$(BUILD)/$$name/?.so;;"; \
	  for bench in require hit get all; do \
	    $$lua bench/$$bench.lua || status=1; \
	  done; \
	done; \
	for bench in nginx serve; do $$lua bench/$$bench.lua || status=1; done; \
	exit $$status

$(BUILD)/bench/%: bench/%.c bench/loop.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,LD)
	$(Q)$(CC) $(REQUIRED) $(DEPS_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) \
	  -o $@ $< $(DEPS_LIBS)

## soak     the long runs: 4,000 rotations of a refresh token, on each store
.PHONY: soak
soak: all
	@for name in lua5.4 luajit; do \
	  lua=$$(tools/lua.sh $$name command) || continue; \
	  ROUNDS=1000 $$lua tools/busted.lua --filter="refresh token" \
	    spec/tokens/distributed_processes_spec.lua || exit 1; \
	done

## deps     installs what the tests need (apt), or says what is missing
.PHONY: deps
deps:
	@tools/deps.sh test

## format   clang-format, in place
.PHONY: format
format:
	clang-format -i $(wildcard src/*.[ch] src/*/*.[ch] spec/support/*.c \
	  bench/*.c tools/*.c examples/*.c)

## clean    removes all that was made
.PHONY: clean
clean:
	rm -rf build equinix src/*.o src/*/*.o

## help     this list
.PHONY: help
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))
