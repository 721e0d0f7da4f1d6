# The steps behind `make test`, `specs`, `check`, `gnutls`, `lint`, `rock`.
#
# Law of this file: a step is a result file in build/test. The list of these
# files is made here, from the tree, and passed to tools/tally.sh unchanged: a
# step that did not run, or was killed, has no file and counts as failed.

RESULTS := build/test
# Four more than there are processors, since many specs mostly wait.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 4)

SPEC_FILES := $(sort $(shell find spec -name '*_spec.lua'))
SPECS := $(SPEC_FILES:spec/%_spec.lua=%)
OWN_C := $(sort $(wildcard src/*.c src/*/*.c))
C_FILES := $(OWN_C:src/%.c=core/%)
# Specs of C files, and those that run threads in the host program: only these
# can have data races.
C_SPECS := $(filter $(C_FILES),$(SPECS))
# But only one thread at a time uses a handle and its transfers (multi.h).
ALONE := core/base/buffer $(filter-out %/easy_state %/exchange_pool \
           %/push_response %/sigpipe %/engine,$(filter core/http/%,$(C_SPECS)))
THREAD_SPECS := $(patsubst spec/%_spec.lua,%,$(shell \
                  grep -lE 'support\.host"|\.\. "/host"' $(SPEC_FILES)))
# It runs the host program to fork, without threads.
FORKS := client/read_ahead_limits

LUA54 := $(shell tools/lua.sh lua5.4 command)
LUAS_HERE := $(foreach l,lua5.4 luajit lua5.3 lua5.2 lua5.1, \
               $(if $(shell tools/lua.sh $l cflags),$l))

STEP = tools/step.sh $@
BUSTED = tools/busted.lua --output=plainTerminal

# Run on one Lua only: here nginx (with LuaJIT), the command or programs from
# npm do the work, so the Lua of the spec makes no difference.
ONCE := cli/doctor/store cli/mcp_clients cli/named_store docs/agents \
        docs/capabilities docs/haproxy \
        docs/links docs/man docs/nginx docs/service docs/structure \
        examples_% haproxy hostile_input neovim nginx% release \
        serve/% store/redis/cluster store/redis/nginx store/redis/sentinel \
        supervisor/child supervisor/script transport/haproxy \
        transport/nginx%
# Processes, or a loop of the spec's own: once is enough for these, too.
ONCE += verbose docs/event_loops fleet/% emulator/console/page \
        emulator/launch oauth/lockout_breaker store/file_crash \
        tokens/distributed_processes tokens/lost_leader tokens/place_nginx
# The command is run by the best Lua there is, whatever runs the spec.
ONCE += $(patsubst spec/%_spec.lua,%,$(shell grep -LE 'interpreter|jit' $$( \
          grep -lE 'support\.(command|doctor|agent)"' \
            $(filter spec/cli/%,$(SPEC_FILES)))))
# Allocations of the C library that fail are the same in each.
ONCE += core/base/libcrypto core/http/curl_memory
# What a version of Lua can change: the C code, text and numbers, coroutines;
# not what libcurl does with a connection.
ONCE += core/http/attempt core/http/once
ON_52 := $(filter-out core/base/libcrypto $(filter core/http/%,$(SPECS)), \
           $(C_SPECS)) \
         $(addprefix core/http/,request response engine url) \
         $(filter base/%,$(SPECS)) client init copas
SPEC_STEPS := $(SPECS:%=lua5.4/%) $(patsubst %,luajit/%, \
                $(filter-out $(ONCE),$(SPECS))) $(ON_52:%=lua5.2/%)
# Where other programs (nginx, the command) do the work, a busy collector or a
# sanitizer in this process finds nothing, nor in modules of plain Lua. (And
# under LeakSanitizer the C library's own leak for LOCPATH fails `locale`.)
ELSEWHERE := annotations bin cli/% docs/% emulator/% \
             examples_% haproxy hostile_input layout \
             locale neovim nginx% openresty release serve/% service/% \
             store/redis/cluster store/redis/nginx store/redis/sentinel \
             supervisor/% tools torture transport/haproxy \
             transport/nginx% verbose
# So many cases that valgrind would take minutes; ASan runs them.
MINUTES := core/http/attempt core/http/once
# valgrind takes minutes, and ASan runs the same: `make check` runs all of it,
# `make test` the core of what processes share, and JSON from outside, but for
# the longest.
IN_VALGRIND := $(filter-out core/json/surely_valid core/json/tree, \
                 $(filter $(addprefix core/cache/,lease shared_table tokens) \
                   core/json/%,$(C_SPECS)))
PROCESSES := tokens/distributed_processes tokens/lost_leader \
             tokens/place_nginx oauth/lockout_breaker fleet/%
# Nor does it where the code is Lua and knows no value of the core's.
GC_SPECS := $(filter-out $(ELSEWHERE) $(PROCESSES) capability/% examples \
              http/% oauth/local_fault store/file_crash luv cqueues \
              tokens/renewal,$(SPECS))
ASAN_SPECS := $(filter-out $(ELSEWHERE) $(PROCESSES),$(SPECS))
TSAN_SPECS := $(filter-out $(PROCESSES) $(ALONE) $(FORKS) examples_%, \
                $(sort $(C_SPECS) $(THREAD_SPECS)))
CHECK_STEPS := $(GC_SPECS:%=gc/%) $(ASAN_SPECS:%=asan/%) \
               $(patsubst %,valgrind/%,$(filter-out $(MINUTES),$(C_SPECS))) \
               $(TSAN_SPECS:%=tsan/%)
# In `make test` the collector is left out where the cases are many connections
# or texts, and few values, and ASan where they are as many processes, or Lua
# (one loop stands for all); and TSan where one thread has all it uses.
IN_GC := $(filter-out $(MINUTES) core/files/lease_file \
           base/json_differential,$(GC_SPECS))
SANITIZED := $(IN_GC:%=gc/%) \
             $(patsubst %,asan/%,$(filter-out store/file_crash \
               capability/% copas cqueues,$(ASAN_SPECS))) \
             $(patsubst %,tsan/%,$(filter-out core/crypto/seal,$(TSAN_SPECS)))
# Specs that depend on libcurl: its errors, its TLS, its event loop.
GNUTLS_SPECS := client round_trips docs/readme examples core/core \
                transport/curl \
                transport/loop transport/loop/scheduler oauth/passthrough \
                $(addprefix client/,batch call) \
                $(addprefix http/,pagination target) \
                $(filter core/http/%,$(SPECS))
# Programs that choose their own build would not use that one.
GNUTLS_ALL := $(filter-out $(ELSEWHERE),$(SPECS))
# Specs of the code that differs on other systems than Linux.
PRIVATE_SPECS := core/base/clock core/http/push_response \
                 core/http/sigpipe tokens/renewal \
                 $(addprefix core/cache/,bind entry lease placement \
                   private_table shared_table tokens)
QUICK_LINT := lint/cppcheck lint/clang-tidy lint/luacheck \
              lint/format lint/shell lint/rockspec
# Minutes, and cppcheck looks for much of the same. And in `make test` the
# build with gcc takes no warning, nor does clang-tidy take one of clang's.
LINT_STEPS := lint/clang-analyzer lint/analyzer lint/clang lint/gcc \
              $(QUICK_LINT)
ROCK_STEPS := rock/5.1+5.4 rock/5.4+5.1
# Under a busy collector Lua 5.4 runs the same specs; LuaJIT has the usual one.
PLAIN_STEPS := $(filter-out $(IN_GC:%=lua5.4/%),$(SPEC_STEPS))
# A minute of `make fuzz`.
FUZZ_STEPS := $(addprefix fuzz/,$(shell $(MAKE) -s -f tools/fuzz.mk targets))
# What takes longest comes first, so that no processor idles at the end.
TEST_STEPS := $(firstword $(ROCK_STEPS)) $(QUICK_LINT) $(FUZZ_STEPS) \
              $(filter $(patsubst %,lua5.4/%,$(ONCE)),$(PLAIN_STEPS)) \
              $(filter-out $(patsubst %,lua5.4/%,$(ONCE)),$(PLAIN_STEPS)) \
              $(SANITIZED) $(IN_VALGRIND:%=valgrind/%) \
              $(GNUTLS_SPECS:%=gnutls/%) $(PRIVATE_SPECS:%=private/%)

# --------------------------------------------------------------- entry points

# $(call run,STEPS): runs all of them even if some fail; then adds up.
run = rm -rf $(RESULTS); \
  $(MAKE) --no-print-directory -f tools/test.mk -k -j$(JOBS) \
    $(if $(filter output-sync,$(.FEATURES)),-O) \
    $(1:%=$(RESULTS)/%.result) || true; \
  tools/tally.sh $(1:%=$(RESULTS)/%.result)

# The Lua for `specs`.
LUA ?= lua5.4

.PHONY: test specs check gnutls lint rock
test: export FATAL = -Werror
test:
	@$(call run,$(TEST_STEPS))
specs:
	@+$(MAKE_BUILD) all build/$(LUA)/host
	@$(call run,$(SPECS:%=$(LUA)/%))
check:
	@$(call run,$(CHECK_STEPS))
gnutls:
	@$(call run,$(GNUTLS_ALL:%=gnutls/%))
lint:
	@$(call run,$(LINT_STEPS))
rock:
	@$(call run,$(ROCK_STEPS))

# --------------------------------------------------------------------- builds

# Each variant of the build has its own folder; the Makefile builds it.
MAKE_BUILD = $(MAKE) --no-print-directory -s -f Makefile SAY=@true

.PHONY: build asan tsan over-gnutls private
build:
	@+$(MAKE_BUILD) all

# $(call sanitized,NAME,FLAGS): where the compiler lacks this sanitizer nothing
# is built; the steps find no interpreter and are skipped.
sanitized = if echo 'int main(void) { return 0; }' | \
    $(CC) $2 -x c -o /dev/null - 2>/dev/null; then \
  $(MAKE_BUILD) BUILD=build/$1 LUAS=lua5.4 LDFLAGS='$2' \
    CFLAGS='-O1 -g -fno-omit-frame-pointer $2' all build/$1/bin/lua5.4; fi

asan:
	@+$(call sanitized,asan,-fsanitize=address$(comma)undefined \
	  -fno-sanitize-recover=all)
tsan:
	@+$(call sanitized,tsan,-fsanitize=thread)
comma := ,

# Over the other libcurl of Debian, where apt has it. -L comes before the
# folders of the system, and -rpath makes the loader use the same library.
GNUTLS := $(CURDIR)/build/gnutls
over-gnutls:
	@+tools/gnutls.sh $(GNUTLS) && if [ ! -e $(GNUTLS)/why-not ]; then \
	  $(MAKE_BUILD) BUILD=build/gnutls LUAS=lua5.4 all \
	    CPPFLAGS='-I$(GNUTLS)/include $(CPPFLAGS)' \
	    LDFLAGS='-L$(GNUTLS)/lib -Wl,-rpath,$(GNUTLS)/lib $(LDFLAGS)'; fi

# As on macOS: without futexes, robust mutexes and kernel thread ids, so the
# token cache is private to a process.
private:
	@+$(MAKE_BUILD) BUILD=build/private LUAS=lua5.4 CFLAGS='-O2 -g -Werror' \
	  CPPFLAGS='-U__linux__ -DEQ_NO_ROBUST $(CPPFLAGS)' all

# ---------------------------------------------------------------------- specs

define spec_rule
$(RESULTS)/$1/%.result: build
	@$$(STEP) specs $(or $(shell tools/lua.sh $1 command),$1) $(BUSTED) \
	  spec/$$*_spec.lua
endef
$(foreach l,lua5.4 luajit lua5.3 lua5.2 lua5.1 lua5.5, \
  $(eval $(call spec_rule,$l)))

$(RESULTS)/gc/%.result: build
	@GC=aggressive $(STEP) specs $(LUA54) $(BUSTED) spec/$*_spec.lua

# The spec of core/core checks that it is really that libcurl.
$(RESULTS)/gnutls/%.result: over-gnutls build
	@WHY_NOT=$(GNUTLS)/why-not BUILD=build/gnutls LIBCURL=GnuTLS \
	  $(STEP) specs $(LUA54) $(BUSTED) spec/$*_spec.lua

$(RESULTS)/private/%.result: private build
	@BUILD=build/private $(STEP) specs $(LUA54) $(BUSTED) spec/$*_spec.lua

# Options of the sanitizers, joined with colons. Findings go to files, those of
# a forked child too, so that none is lost in the output of a spec. Nothing is
# suppressed, not even findings in libraries.
joined = $(subst $(space),:,$(strip $1))
space := $() $()
ASAN = $(call joined,log_path=$(CURDIR)/$@.san detect_leaks=1 \
  detect_stack_use_after_return=1 strict_string_checks=1)

# The Lua with the sanitizer has the name of the stock one, so a spec that
# starts `lua5.4` gets it too.
under = NEEDS=build/$1/bin/lua5.4 BUILD=build/$1 \
  PATH="$(CURDIR)/build/$1/bin:$$PATH" $2 \
  $(STEP) specs lua5.4 $(BUSTED) spec/$*_spec.lua

$(RESULTS)/asan/%.result: asan build
	@$(call under,asan,ASAN_OPTIONS=$(ASAN) UBSAN_OPTIONS=print_stacktrace=1)
$(RESULTS)/tsan/%.result: tsan build
	@$(call under,tsan,TSAN_OPTIONS=log_path=$(CURDIR)/$@.san)
$(RESULTS)/valgrind/%.result: build
	@NEEDS=valgrind $(STEP) specs valgrind -q --error-exitcode=99 \
	  --leak-check=full --show-leak-kinds=definite \
	  --errors-for-leak-kinds=definite --log-file=$@.san.%p \
	  $(LUA54) $(BUSTED) spec/$*_spec.lua

# ----------------------------------------------------------------------- fuzz

fuzzers:
	@+$(MAKE) --no-print-directory -s -f tools/fuzz.mk build
.PHONY: fuzzers
# Node is the judge of these.
$(addprefix $(RESULTS)/fuzz/lua/,$(addsuffix .result,json mcp url)): \
  NEEDS := node
$(RESULTS)/fuzz/%.result: fuzzers
	@NEEDS=$(NEEDS) WHY_NOT=build/fuzz/why-not $(STEP) check \
	  $(MAKE) -s -f tools/fuzz.mk run/$* RUNS=50000

# ----------------------------------------------------------------------- lint

OTHER_C := $(wildcard spec/support/*.c tools/*.c bench/*.c examples/*.c \
             soak/*.c)
ALL_C := $(wildcard src/*.[ch] src/*/*.[ch] fuzz/*.[ch]) $(OTHER_C)
STRICT := -std=c11 -D_GNU_SOURCE -Isrc -Wall -Wextra -Wshadow -Wconversion \
          -pedantic -Werror

# $(call strict,COMPILER FLAGS): compiles our code with the headers of every
# Lua, and programs of the tests with those of Lua 5.4.
strict = sh -ec 'for l in $(LUAS_HERE); do for f in $(OWN_C); do \
    $1 $(STRICT) $$(tools/lua.sh $$l cflags) -c -o /dev/null $$f; done; done; \
  for f in $(OTHER_C); do \
    $1 $(STRICT) $$(tools/lua.sh lua5.4 cflags) -c -o /dev/null $$f; done'

# The others have the same macros as one of these; clang-tidy and gcc's
# analyzer warn of the same, and read the headers of Lua 5.4.
$(RESULTS)/lint/gcc.result: LUAS_HERE = luajit
$(RESULTS)/lint/clang.result: LUAS_HERE = lua5.1
$(RESULTS)/lint/gcc.result:
	@NEEDS=gcc $(STEP) check $(call strict,gcc -O1)
$(RESULTS)/lint/clang.result:
	@NEEDS=clang $(STEP) check $(call strict,clang -fsyntax-only)
$(RESULTS)/lint/analyzer.result: LUAS_HERE = lua5.4
$(RESULTS)/lint/analyzer.result: OTHER_C =
$(RESULTS)/lint/analyzer.result:
	@NEEDS=gcc $(STEP) check $(call strict, \
	  gcc -O1 -fanalyzer -include tools/analyze.h)
$(RESULTS)/lint/cppcheck.result:
	@NEEDS=cppcheck $(STEP) check cppcheck -q --std=c11 --inline-suppr \
	  -U__has_include -Isrc \
	  --enable=warning,performance,portability --error-exitcode=1 $(OWN_C)
# $(call tidy,CHECKS): those of .clang-tidy, warnings of clang, and these.
tidy = clang-tidy --quiet --checks='$1clang-diagnostic-*' $(OWN_C) -- \
  $(filter-out -Werror,$(STRICT)) -include tools/analyze.h \
  $$(tools/lua.sh lua5.4 cflags)
$(RESULTS)/lint/clang-tidy.result:
	@NEEDS=clang-tidy $(STEP) check $(call tidy,-clang-analyzer-*$(comma))
$(RESULTS)/lint/clang-analyzer.result:
	@NEEDS=clang-tidy $(STEP) check $(call tidy)
$(RESULTS)/lint/format.result:
	@NEEDS=clang-format $(STEP) check clang-format --dry-run -Werror $(ALL_C)
$(RESULTS)/lint/luacheck.result:
	@NEEDS=luacheck $(STEP) check luacheck -q .
$(RESULTS)/lint/shell.result:
	@NEEDS=shellcheck $(STEP) check shellcheck tools/*.sh .github/*.sh .ci/run
$(RESULTS)/lint/rockspec.result:
	@NEEDS=luarocks $(STEP) check sh -ec \
	  'for f in *.rockspec; do luarocks lint $$f; done'

# ----------------------------------------------------------------------- rock

$(RESULTS)/rock/%.result:
	@NEEDS=luarocks $(STEP) check tools/rock.sh $(subst +, ,$*)
