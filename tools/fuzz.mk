# The fuzzers behind `make fuzz`: builds and runs them.
#
# Law of this file: a target is fuzz/NAME.c, or fuzz/NAME.lua, which runs in
# one program for all of those. The core is compiled for them with ASan, UBSan
# and libFuzzer's own counters. Without a clang that has libFuzzer nothing is
# built, and build/fuzz/why-not says so.

BUILD := build/fuzz
CLANG ?= clang
# Runs of each target in C. One in Lua gets a tenth of them, and so does one
# that makes files or derives keys: they take as long.
RUNS ?= 1000000
C_TARGETS := json record_dir request response seal url
LUA_TARGETS := capability fields json mcp record resp url
ALL_TARGETS := $(C_TARGETS:%=c/%) $(LUA_TARGETS:%=lua/%)
TARGETS ?= $(ALL_TARGETS)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
COMPILE := -O1 -g -fno-omit-frame-pointer $(SANITIZE)
INCLUDES := -std=c11 -D_GNU_SOURCE -Isrc -Ifuzz \
            $(shell tools/lua.sh lua5.4 cflags)
LIBS := $(shell tools/lua.sh lua5.4 libs) -lcurl -lcrypto -lz -lm -ldl -pthread
# So that a target can let these fail.
WRAP := $(foreach f,malloc calloc realloc fstat fstatat read write pread \
          pwrite ftruncate fsync flock renameat unlinkat openat,-Wl,--wrap=$f)

.PHONY: all targets build $(ALL_TARGETS) $(ALL_TARGETS:%=run/%)
all: $(TARGETS)
targets:
	@echo $(ALL_TARGETS)

# The core's objects, and $(BUILD)/NAME for each target in C, $(BUILD)/lua.
build:
	@rm -f $(BUILD)/why-not; mkdir -p $(BUILD)
	@if echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) \
	    { (void)d; return n > 8; }' | $(CLANG) -fsanitize=fuzzer -x c - \
	    -o $(BUILD)/probe 2>/dev/null; then \
	  $(MAKE) --no-print-directory -s -f Makefile SAY=@true CC=$(CLANG) \
	    BUILD=$(BUILD) LUAS=lua5.4 LDFLAGS='$(SANITIZE)' \
	    CFLAGS='$(COMPILE) -fsanitize=fuzzer-no-link $(MORE)' \
	    $(BUILD)/lua5.4/equinix/core.so && \
	  $(MAKE) --no-print-directory -f tools/fuzz.mk \
	    $(C_TARGETS:%=$(BUILD)/%) $(BUILD)/lua; \
	else echo 'no clang with libFuzzer (Debian: clang, libclang-rt-dev)' \
	  >$(BUILD)/why-not; fi

CORE = $(wildcard $(BUILD)/lua5.4/obj/*.o $(BUILD)/lua5.4/obj/*/*.o)
link = $(CLANG) $(INCLUDES) $(COMPILE) $(MORE) -fsanitize=fuzzer -rdynamic \
         $(WRAP) -o $@.new $(filter %.c,$^) $(CORE) $(LIBS) && mv $@.new $@
$(BUILD)/lua: fuzz/lua_target.c fuzz/driver.c fuzz/fail.c fuzz/fuzz.h $(CORE)
	@$(link)
$(C_TARGETS:%=$(BUILD)/%): $(BUILD)/%: fuzz/%.c fuzz/driver.c fuzz/fail.c \
  fuzz/fuzz.h $(CORE)
	@$(link)

# What is found goes to $(BUILD)/corpus, an input that breaks something to
# $(BUILD)/found. LeakSanitizer looks at the end only: after each input the
# state has other memory than before, which is no leak.
FLAGS = -max_len=$(or $(MAX_LEN),$(MAX_LEN_$(@F)),2048) \
  -timeout=20 -rss_limit_mb=2048 \
  -detect_leaks=0 -print_final_stats=1 -verbosity=$(or $(VERBOSITY),1) \
  -artifact_prefix=$(BUILD)/found/$(@F)- \
  $(if $(SEED),-seed=$(SEED))
fuzz = mkdir -p $(BUILD)/corpus/$* $(BUILD)/found && \
  UBSAN_OPTIONS=print_stacktrace=1 TARGET=$(@F) \
  $1 $(FLAGS) -runs=$(runs) $(BUILD)/corpus/$* fuzz/corpus/$(@F) \
  $(CORPORA_$(@F))
# Files that the specs read, too.
CORPORA_capability := spec/support/capabilities examples/capabilities
MAX_LEN_capability := 8192
run/c/record_dir run/c/seal run/lua/%: SHARE = 10
run/lua/capability: SHARE = 100
runs = $(shell expr $(RUNS) / $(or $(SHARE),1))
# What has been built is run as it is.
$(C_TARGETS:%=run/c/%): run/%:
	@$(call fuzz,$(BUILD)/$(@F))
$(LUA_TARGETS:%=run/lua/%): run/%:
	@$(call fuzz,$(BUILD)/lua)
$(ALL_TARGETS): %: build
	@cat $(BUILD)/why-not 2>/dev/null || \
	  $(MAKE) --no-print-directory -f tools/fuzz.mk run/$@

# ------------------------------------------------------------------- coverage

# Which branches of the fuzzed files in C the inputs reach that are there.
COVERED := $(wildcard src/http/response.c src/http/decoder.c src/http/url.c \
             src/http/plain_url.c src/http/request.c src/http/field_syntax.c \
             src/crypto/seal.c src/json/*.c src/files/record_dir.c \
             src/files/private_dir.c src/files/lease_file.c)
LLVM := $(patsubst %/clang,%,$(shell readlink -f "$$(command -v $(CLANG))"))
.PHONY: coverage
coverage:
	@+$(MAKE) --no-print-directory -f tools/fuzz.mk build \
	  BUILD=$(BUILD)/coverage \
	  MORE='-fprofile-instr-generate -fcoverage-mapping'
	@cd $(CURDIR) && rm -f $(BUILD)/coverage/*.profraw; \
	for name in $(C_TARGETS); do \
	  mkdir -p $(BUILD)/corpus/c/$$name; \
	  LLVM_PROFILE_FILE=$(BUILD)/coverage/$$name.profraw \
	    $(BUILD)/coverage/$$name -runs=0 -detect_leaks=0 -verbosity=0 \
	    -max_len=4096 \
	    $(BUILD)/corpus/c/$$name fuzz/corpus/$$name || exit 1; done
	@$(LLVM)/llvm-profdata merge -o $(BUILD)/coverage/all.profdata \
	  $(BUILD)/coverage/*.profraw
	@$(LLVM)/llvm-cov report -show-branch-summary -show-region-summary=0 \
	  -instr-profile=$(BUILD)/coverage/all.profdata \
	  $(BUILD)/coverage/url $(C_TARGETS:%=-object $(BUILD)/coverage/%) \
	  $(COVERED)
