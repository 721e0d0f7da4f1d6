# lua-equinix: `make help` lists the targets.
#
# Honours CC, CPPFLAGS, CFLAGS and LDFLAGS; flags that the code requires are
# separate and always added. LuaRocks installs the module (`luarocks make`); a
# checkout works without installation.

BUILD ?= build
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -pedantic
# -Werror in the builds of the tests; it changes no object.
FATAL ?=
# Only luaopen_equinix_core is visible from outside.
REQUIRED = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread \
           -Isrc $(DIRECT) $(WARNINGS)

ifeq ($(shell uname -s),Darwin)
# The program that loads a module provides Lua's functions.
SHARED = -bundle -undefined dynamic_lookup
# brew installs OpenSSL in a folder of its own.
OPENSSL := $(firstword $(wildcard /opt/homebrew/opt/openssl@3 \
             /usr/local/opt/openssl@3))
DEPS_CFLAGS := $(if $(OPENSSL),-I$(OPENSSL)/include)
DEPS_LIBS := $(if $(OPENSSL),-L$(OPENSSL)/lib)
else
# Never unloaded: the token cache outlives the Lua state that loaded it.
SHARED = -shared -Wl,-z,nodelete
# Calls Lua and libcurl directly: a cache hit is little more than such calls.
DIRECT = -fno-plt
endif
DEPS_CFLAGS += $(shell pkg-config --cflags libcurl libcrypto zlib 2>/dev/null)
DEPS_LIBS += -lcurl -lcrypto -lz
# What the module is linked with where it loads libcurl itself.
LAZY_LIBS = $(filter-out -lcurl,$(DEPS_LIBS))

# Every Lua whose headers are installed. cflags_lua5.4 etc. say where.
LUAS := lua5.4 luajit lua5.3 lua5.2 lua5.1 lua5.5
$(foreach l,$(LUAS),$(eval cflags_$l := $(shell tools/lua.sh $l cflags)))
LUAS := $(foreach l,$(LUAS),$(if $(strip $(cflags_$l)),$l))

SOURCES := $(sort $(wildcard src/*.c src/*/*.c))
CORES := $(LUAS:%=$(BUILD)/%/equinix/core.so)
# What a short command loads, compiled by that Lua: tools/precompile.lua.
CHUNKS := $(LUAS:%=$(BUILD)/%/equinix/start.chunks)
LUA_SOURCES := $(wildcard lua/equinix/*.lua lua/equinix/*/*.lua)
# C programs that host Lua states, for specs with threads and forks.
HOSTS := $(if $(wildcard spec/support/host.c), \
           $(patsubst %,$(BUILD)/%/host, \
             $(filter lua5.4 lua5.2 luajit,$(LUAS))))

# `make V=1` shows the commands as they are.
SAY = $(if $(V),@true,@echo) "  $1  $@"
Q := $(if $(V),,@)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

## all      builds the C module for every Lua with headers (the default)
.PHONY: all
all: $(CORES) $(CHUNKS) $(HOSTS)
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

# Says under which name the module loads libcurl, or nothing.
$(BUILD)/libcurl.h: $(BUILD)/flags tools/libcurl.sh
	@tools/libcurl.sh '$(CC)' $(DEPS_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) \
	  $(DEPS_LIBS) >$@

# The rules of one Lua; $1 is its name.
define lua_rules
objects_$1 := $$(SOURCES:src/%.c=$(BUILD)/$1/obj/%.o)

$$(objects_$1): $(BUILD)/$1/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call SAY,CC)
	$$(Q)$$(CC) $$(REQUIRED) $$(cflags_$1) $$(DEPS_CFLAGS) $$(CPPFLAGS) \
	  $$(CFLAGS) $$(more_flags) $$(FATAL) -MMD -MP -c -o $$@ $$<
$(BUILD)/$1/obj/http/libcurl.o: $(BUILD)/libcurl.h
$(BUILD)/$1/obj/http/libcurl.o: more_flags = -include $(BUILD)/libcurl.h

# Renamed into place: a process that has mapped the old file keeps it intact.
# The folders are prerequisites because their times change when a file goes.
$(BUILD)/$1/equinix/core.so: $$(objects_$1) src $(wildcard src/*/)
	@mkdir -p $$(@D)
	$$(call SAY,LD)
	$$(Q)$$(CC) $$(CFLAGS) $$(SHARED) -pthread $$(LDFLAGS) -o $$@.new \
	  $$(objects_$1) $$$$([ -s $(BUILD)/libcurl.h ] && echo '$$(LAZY_LIBS)' || \
	  echo '$$(DEPS_LIBS)')
	@mv $$@.new $$@

# Without that Lua's program there is none, and the command works as well.
$(BUILD)/$1/equinix/start.chunks: tools/precompile.lua \
  tools/start_modules.lua $(LUA_SOURCES)
	@mkdir -p $$(@D)
	$$(call SAY,LUA)
	$$(Q)lua='$$(program_$1)'; \
	  : "$$$${lua:=$$$$(tools/lua.sh $1 command)}"; \
	  { [ -n "$$$$lua" ] && "$$$$lua" tools/precompile.lua $$@.new; } || \
	  echo >$$@.new
	@mv $$@.new $$@

# Programs that embed Lua; -rdynamic: the modules that they load find Lua's
# functions in them. bin/ has a replacement for that Lua, for sanitizers.
$(BUILD)/$1/host: spec/support/host.c
$(BUILD)/bin/$1: tools/lua.c
$(BUILD)/$1/host $(BUILD)/bin/$1: $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call SAY,LD)
	$$(Q)$$(CC) $$(REQUIRED) $$(cflags_$1) $$(CPPFLAGS) $$(CFLAGS) -rdynamic \
	  $$(LDFLAGS) -o $$@ $$(filter %.c,$$^) $$(shell tools/lua.sh $1 libs) \
	  -lm -ldl

# What bench/hit.lua holds a hit against.
$(BUILD)/$1/empty.so: bench/empty.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call SAY,LD)
	$$(Q)$$(CC) $$(REQUIRED) $$(cflags_$1) $$(CPPFLAGS) $$(CFLAGS) $$(SHARED) \
	  $$(LDFLAGS) -o $$@ $$<

-include $$(objects_$1:.o=.d)
endef
$(foreach l,$(LUAS),$(eval $(call lua_rules,$l)))

# ------------------------------------------------------------------- LuaRocks

# What `luarocks make` calls, for one Lua, whose headers LUA_INCDIR names. The
# folder is a new one each time, since its objects may be another Lua's.
.PHONY: luarocks-build luarocks-install install-module
luarocks-build:
	@rm -rf $(BUILD)/luarocks
	@+$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(BUILD)/luarocks \
	  LUAS=rock cflags_rock=-I$(LUA_INCDIR) program_rock='$(LUA_PROGRAM)' all
luarocks-install:
	@$(MAKE) --no-print-directory install-module FROM=$(BUILD)/luarocks/rock
	@rm -rf $(BUILD)/luarocks
	@rmdir $(BUILD) 2>/dev/null || true

# The module of one Lua, built in FROM, into LIBDIR and LUADIR; with the types
# of the C module, for editors (LuaLS).
install-module:
	@mkdir -p "$(LIBDIR)/equinix" "$(LUADIR)"
	@cp $(FROM)/equinix/core.so $(FROM)/equinix/start.chunks \
	  "$(LIBDIR)/equinix"
	@cp -R lua/equinix "$(LUADIR)"
	@mkdir -p "$(LUADIR)/equinix/meta"
	@cp src/*.meta.lua "$(LUADIR)/equinix/meta"
	@chmod -R u=rwX,go=rX "$(LIBDIR)/equinix" "$(LUADIR)/equinix"

# -------------------------------------------------------------------- targets
# After tools/deps.sh make is run again, since it may find another Lua then.

## demo     installs what is missing, builds, runs the demo on the emulator
.PHONY: demo
demo:
	@tools/deps.sh demo
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@tools/run.sh examples/demo.lua

## test     installs what is missing, runs every spec and every check
.PHONY: test
test:
	@tools/deps.sh test
	@$(MAKE) --no-print-directory -f tools/test.mk test

## specs    only the specs, on one Lua: `make specs LUA=lua5.3`
## lint     luacheck, warnings of compilers, analyzers, format
## check    the specs of the C code under ASan, UBSan, TSan and valgrind
## gnutls   the specs over Debian's other libcurl, without installing it
## rock     builds with LuaRocks in temporary trees, for Lua 5.4 and 5.1
.PHONY: specs lint check gnutls rock
specs lint check gnutls rock:
	@$(MAKE) --no-print-directory -f tools/test.mk $@

## bench    compares with C and with other libraries, as ratios
.PHONY: bench
bench: all $(patsubst bench/%.c,$(BUILD)/bench/%,$(filter-out \
    bench/empty.c,$(wildcard bench/*.c))) $(LUAS:%=$(BUILD)/%/empty.so)
	@status=0; for name in lua5.4 luajit; do \
	  lua=$$(tools/lua.sh $$name command) || continue; \
	  export LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;'; \
	  export LUA_CPATH="$(BUILD)/$$name/?.so;;"; \
	  for bench in require hit json get all pages loops; do \
	    $$lua bench/$$bench.lua || status=1; \
	  done; \
	done; \
	for bench in command round_trips nginx handlers serve capability \
	    haproxy console; do \
	  $$lua bench/$$bench.lua || status=1; \
	done; \
	exit $$status

$(BUILD)/bench/%: bench/%.c bench/loop.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,LD)
	$(Q)$(CC) $(REQUIRED) $(DEPS_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) \
	  -o $@ $< $(DEPS_LIBS)

## fuzz     feeds the readers of outside bytes with random ones (libFuzzer):
##   RUNS=10000000, or one target: make fuzz TARGETS=c/url
## fuzz-coverage  the branches of the C code that the inputs found reach
.PHONY: fuzz fuzz-coverage
fuzz:
	@$(MAKE) --no-print-directory -f tools/fuzz.mk
fuzz-coverage:
	@$(MAKE) --no-print-directory -f tools/fuzz.mk coverage

## torture  every allocation of the client's calls fails, once and from there
##   on, by Lua's allocator and by the C library's. STEP=97 CALLS="token get"
##   ON=luajit is a part
## torture-leaks  the same on Lua 5.4 under LeakSanitizer (much slower)
.PHONY: torture torture-leaks
torture: all
	@LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' tools/run.sh \
	  tools/torture.lua
torture-leaks: all
	@$(MAKE) --no-print-directory -f tools/test.mk asan
	@LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' \
	  LUA_CPATH='build/asan/lua5.4/?.so;;' BUILD=build/asan ON=lua5.4 \
	  FLAGS='-D__SANITIZE_ADDRESS__ -Wl,--no-as-needed -lasan' \
	  ASAN_OPTIONS=detect_leaks=1:handle_segv=0 \
	  build/asan/bin/lua5.4 tools/torture.lua

## soak     long runs: 4,000 rotations of a refresh token, on each store;
##   16,000 token requests to servers that are closing; 16 processes that
##   renew 1,000 times over a cluster with a master stopped every 20 s; 1,000
##   processes that start at once (FLEET_RENEWALS=100 FLEET_COLD=100 is a
##   part); then hours of calls while everything around them fails
## soak-hours  only those: HOURS=4 RATE=70 SEED=1 TROUBLES='502,master lost'
.PHONY: soak soak-fleet soak-hours
soak: all
	@for name in lua5.4 luajit; do \
	  lua=$$(tools/lua.sh $$name command) || continue; \
	  ROUNDS=1000 $$lua tools/busted.lua --filter="refresh token" \
	    spec/tokens/distributed_processes_spec.lua || exit 1; \
	  ROUNDS=1000 $$lua tools/busted.lua spec/core/http/once_spec.lua || \
	    exit 1; \
	done
	@$(MAKE) --no-print-directory soak-fleet
	@$(MAKE) --no-print-directory soak-hours
soak-hours: all
	@mkdir -p $(BUILD)/soak && $(CC) -std=c11 -shared -fPIC $(WARNINGS) \
	  $(CFLAGS) -D_GNU_SOURCE -o $(BUILD)/soak/wall_clock.so soak/wall_clock.c
	@LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' \
	  LUA_CPATH="$(BUILD)/lua5.4/?.so;;" \
	  $$(tools/lua.sh lua5.4 command) soak/run.lua
soak-fleet: all
	@export FIGURES=1 FLEET_LIMIT=3600 FLEET_LATENCY=0.05 FLEET_MOST=1.1 \
	  FLEET_GRACE=5 FLEET_TIMEOUT=30 \
	  FLEET_PROCESSES=$${FLEET_PROCESSES:-16} \
	  FLEET_RENEWALS=$${FLEET_RENEWALS:-1000} \
	  FLEET_STOP_EVERY=$${FLEET_STOP_EVERY:-20} \
	  FLEET_COLD=$${FLEET_COLD:-1000} \
	  FLEET_COLD_LATENCY=$${FLEET_COLD_LATENCY:-15}; \
	for name in soak cold_start; do \
	  $$(tools/lua.sh lua5.4 command) tools/busted.lua \
	    spec/fleet/$${name}_spec.lua || exit 1; \
	done

# ------------------------------------------------------------------- packages

## deb      builds packages for this Debian in build/deb (needs debhelper)
## deb-check  as root: builds them in a new Debian, installs and uses them in
##   another one, and runs the image of the Containerfile by hand
## release-check  is this version ready to be tagged? says what is missing
.PHONY: deb deb-check release-check
deb:
	@tools/deb.sh
deb-check:
	@tools/deb_check.sh
release-check:
	@tools/release_check.sh

## deps     installs what using it needs (apt), or prints what is missing
## deps-test  the same, and what the tests need
.PHONY: deps deps-test
deps:
	@tools/deps.sh use
deps-test:
	@tools/deps.sh test

## format   runs clang-format on every C file
.PHONY: format
format:
	clang-format -i $(wildcard src/*.[ch] src/*/*.[ch] spec/support/*.c \
	  bench/*.c fuzz/*.[ch] soak/*.c tools/*.c examples/*.c)

## clean    removes everything that was built
.PHONY: clean
clean:
	rm -rf build

## help     prints this list
.PHONY: help
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))
