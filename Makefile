# Satz. `make demo` and `make test` do everything on a fresh Debian or Ubuntu; `make help` lists the rest.
VARIANT ?= release
BUILD   := build/$(VARIANT)
PACKAGES := openblas dnnl yaml-0.1 sentencepiece jansson pangocairo minizip zlib libmicrohttpd

# ThreadSanitizer does not know how gcc's OpenMP synchronises; clang's tells it (scripts/tsan.sh).
ifeq ($(VARIANT),tsan)
CC  := clang
CXX := clang++
endif
CC  ?= cc
CXX ?= c++
WARN := -Wall -Wextra -Wshadow -Wconversion -Wvla
CFLAGS_release := -O3 -g
# clang says which simd loops it leaves alone; they are slower, not wrong.
CFLAGS_clang   := -O3 -g -Wno-pass-failed
CFLAGS_double  := -O2 -g -DSATZ_DOUBLE
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread -Wno-pass-failed
CFLAGS_valgrind := -O1 -g
# Threads count together: without atomic counts gcov reads impossible ones, and gcovr stops.
CFLAGS_coverage := -O0 -g --coverage -fprofile-update=atomic
# gcc's analyser, in `make lint`: seen without OpenMP, whose loops it does not understand.
CFLAGS_analyse := -O1 -fno-openmp -Wno-unknown-pragmas -fanalyzer -Werror
# clang only, for the targets in tests/fuzz
CFLAGS_fuzz     := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -Wno-pass-failed
# Objects serve the static and the shared libraries alike: what satz.h and eval.h declare is visible.
COMMON := -Isrc -Ieval -fPIC -fvisibility=hidden -fopenmp -fno-math-errno -fno-trapping-math $(WARN) $(CFLAGS_$(VARIANT)) \
          $(if $(WERROR),-Werror)
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -Wstrict-prototypes -Wmissing-prototypes $(COMMON) $(CFLAGS)
ALL_CXXFLAGS := -std=c++17 $(COMMON) $(CXXFLAGS)

# pkg-config where a package has a file for it, the plain library name where Debian ships none.
pkg = $(shell pkg-config $(2) $(1) 2>/dev/null)
PACKAGE_FLAGS := $(patsubst -I%,-isystem %,$(foreach p,$(PACKAGES),$(call pkg,$(p),--cflags)))
EVAL_LIBS := -ljansson -lz -lunistring -lm
LIBS := $(call pkg,openblas,--libs) -ldnnl -lyaml -lsentencepiece_train -lsentencepiece -ljansson \
       $(call pkg,pangocairo,--libs) $(call pkg,minizip,--libs) $(call pkg,libmicrohttpd,--libs) -lstdc++ $(EVAL_LIBS)

# A file *.simd.c is compiled once per instruction set; src/base/simd.h picks at run time.
SIMD_LEVELS := generic avx2 avx512
SIMD_generic := -DSIMD_LEVEL=generic
SIMD_avx2    := -DSIMD_LEVEL=avx2 -mavx2 -mfma -mf16c -ffp-contract=fast
SIMD_avx512  := -DSIMD_LEVEL=avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c \
                -mprefer-vector-width=512 -ffp-contract=fast
ifneq ($(shell uname -m),x86_64)
SIMD_LEVELS := generic
endif

sources = $(filter-out src/cli/% src/serve/%,$(wildcard $(1)))
C_FILES    := $(filter-out %.simd.c,$(call sources,src/*/*.c src/*/*/*.c))
SIMD_FILES := $(call sources,src/*/*.simd.c)
CXX_FILES  := $(call sources,src/*/*.cc)
CLI_FILES  := $(wildcard src/cli/*.c)
SERVE_FILES := $(wildcard src/serve/*.c)
PAGE_FILES := src/serve/page.html src/serve/page.css src/serve/page.js
EVAL_FILES := $(wildcard eval/*.c)
LIB_OBJECTS := $(C_FILES:%.c=$(BUILD)/%.o) $(CXX_FILES:%.cc=$(BUILD)/%.o) \
               $(foreach l,$(SIMD_LEVELS),$(SIMD_FILES:%.simd.c=$(BUILD)/%.$(l).o))
EVAL_OBJECTS := $(EVAL_FILES:%.c=$(BUILD)/%.o)
CLI_OBJECTS  := $(CLI_FILES:%.c=$(BUILD)/%.o)
SERVE_OBJECTS := $(SERVE_FILES:%.c=$(BUILD)/%.o) $(PAGE_FILES:%=$(BUILD)/%.o)
LIB  := $(BUILD)/libsatz.a
EVAL := $(BUILD)/libsatzeval.a
SERVE := $(BUILD)/serve.a
# The program without its main, for fuzzing.
CLI   := $(BUILD)/cli.a
SATZ := $(BUILD)/satz
# The program in double precision, for `satz replay --double`.
DOUBLE := $(if $(filter double,$(VARIANT)),,$(BUILD)/satz-double)

VERSION := $(shell sed -n 's/^.define SATZ_VERSION "\(.*\)"/\1/p' src/satz.h)
SONAME  := so.$(firstword $(subst ., ,$(VERSION)))
SHARED_LIB  := $(BUILD)/libsatz.so.$(VERSION)
SHARED_EVAL := $(BUILD)/libsatzeval.so.$(VERSION)
MANUALS     := $(BUILD)/man/satz.1
STATIC := $(BUILD)/static/libsatz.a $(BUILD)/static/libsatzeval.a
# What is installed besides the program; other variants are not installed.
PRODUCTS := $(if $(filter release clang,$(VARIANT)),$(STATIC) $(SHARED_LIB) $(SHARED_EVAL) $(MANUALS))

# tests/gradient runs in double precision; every other folder against the build under test.
TEST_FILES := $(filter-out tests/gradient/%,$(wildcard tests/*/test_*.c))
GRADIENT_FILES := $(wildcard tests/gradient/test_*.c)
# The program with faults that tests can set (tests/fault/fault.cc).
FAULTY := $(BUILD)/tests/fault/satz-fault
FAULTS := malloc calloc realloc posix_memalign _Znwm open fopen fdopen mkostemp fread fwrite fflush \
          fclose fsync rename mmap mkdir mkdtemp unlink unlinkat opendir readdir stat fstat flock gzopen gzread \
          seq2seq_gradient seq2seq_loss
TESTS := $(if $(filter double,$(VARIANT)),$(GRADIENT_FILES:%.c=$(BUILD)/%),$(TEST_FILES:%.c=$(BUILD)/%))
# A program that tests use.
LOAD := $(BUILD)/tests/serve/load

# Where `make install` puts things, by GNU's names; on the command line these or PREFIX and LIBDIR.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib$(if $(filter /usr,$(PREFIX)),/$(shell $(CC) -print-multiarch))
prefix       = $(PREFIX)
exec_prefix  = $(prefix)
bindir       = $(exec_prefix)/bin
libdir       = $(if $(filter $(PREFIX),$(prefix)),$(LIBDIR),$(prefix)/lib)
includedir   = $(prefix)/include
datarootdir  = $(prefix)/share
datadir      = $(datarootdir)
mandir       = $(datarootdir)/man
docdir       = $(datarootdir)/doc/satz
pkgconfigdir = $(libdir)/pkgconfig
INSTALL_NAMES := BUILD VERSION SONAME DESTDIR prefix bindir libdir includedir datadir mandir docdir pkgconfigdir
INSTALL_TO = $(foreach n,$(INSTALL_NAMES),$(n)='$($(n))')

# gcc 12 loses sight of memory that is kept in an element of an array, and calls it a leak, in these alone;
# the sanitizer, valgrind and tests/fault, where every call for memory fails, look for leaks in them.
ANALYSED := $(C_FILES:%.c=$(BUILD)/%.o) $(SIMD_FILES:%.simd.c=$(BUILD)/%.generic.o) \
            $(EVAL_OBJECTS) $(CLI_OBJECTS) $(SERVE_FILES:%.c=$(BUILD)/%.o)
KEEPS_IN_ARRAYS := eval/compare eval/internal eval/words src/cli/score src/serve/batcher src/serve/request
ifeq ($(VARIANT),analyse)
$(KEEPS_IN_ARRAYS:%=$(BUILD)/%.o): ALL_CFLAGS += -Wno-analyzer-malloc-leak
endif

FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

# One line for each step; V=1 shows the commands.
say = $(if $(V),,@echo '  $(1) $@' && )

.PHONY: FORCE all help setup build test tests analyse tidy fuzzers demo bench install uninstall lint format check-full coverage clean
all: build
FORCE:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: ## install the packages Satz needs (root or sudo)
	@scripts/setup.sh

build: $(SATZ) $(DOUBLE) $(LIB) $(EVAL) $(PRODUCTS) ## the program build/release/satz and the libraries

test: setup ## set up, build and run all tests
	@$(MAKE) --no-print-directory -j$$(nproc) build tests
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=double tests
	@scripts/run-tests.sh

tests: $(TESTS) $(if $(DOUBLE),$(DOUBLE) $(FAULTY) $(LOAD))

analyse: $(ANALYSED)

# clang-tidy by .clang-tidy
tidy:
	@printf '%s\n' $(C_FILES) $(SIMD_FILES) $(EVAL_FILES) $(CLI_FILES) $(SERVE_FILES) | \
	  xargs -P $$(nproc) -n 4 sh -c 'clang-tidy --quiet "$$@" -- -std=c11 -D_GNU_SOURCE -DSIMD_LEVEL=generic \
	  -Isrc -Ieval $(PACKAGE_FLAGS) 2>/dev/null' tidy

fuzzers: $(FUZZERS)

demo: setup ## from nothing to a trained, scored English-German model
	@$(MAKE) --no-print-directory -j$$(nproc) build
	@scripts/demo.sh

bench: build $(BUILD)/speed ## speed, beside PyTorch with PEER=/path/to/s2s_torch.py (eval/bench/bench.sh)
	@eval/bench/bench.sh

$(BUILD)/speed: eval/bench/speed.c $(LIB) Makefile
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(PACKAGE_FLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS)

install: build ## into PREFIX (/usr/local), below DESTDIR: program, libraries, manual, completion
	@$(INSTALL_TO) scripts/install.sh install

uninstall: ## remove what `make install` with the same PREFIX and DESTDIR put there
	@$(INSTALL_TO) scripts/install.sh uninstall

lint: ## formatting, static analysis, layers
	@scripts/lint.sh

format: ## rewrite the sources as clang-format would
	@git ls-files 'src/*.[ch]' 'src/*.cc' 'eval/*.[ch]' 'tests/*.[ch]' 'docs/*.c' | xargs clang-format -i

check-full: ## the long tests: sanitizers, clang, full parity
	@scripts/check-full.sh

coverage: ## lines of src and eval that the tests run: build/coverage/report
	@scripts/coverage.sh

clean: ## remove everything that was built
	rm -rf build

$(SATZ): $(CLI_OBJECTS) $(SERVE) $(LIB) $(EVAL)
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(CLI_OBJECTS) $(SERVE) $(LIB) $(EVAL) $(LIBS)
$(BUILD)/satz-double: FORCE
	@$(MAKE) --no-print-directory VARIANT=double build/double/satz
	@cmp -s build/double/satz $@ || cp build/double/satz $@
$(LIB): $(LIB_OBJECTS)
	@rm -f $@
	$(call say,AR)ar rcs $@ $^
$(EVAL): $(EVAL_OBJECTS)
	@rm -f $@
	$(call say,AR)ar rcs $@ $^
$(SERVE): $(SERVE_OBJECTS)
	@rm -f $@
	$(call say,AR)ar rcs $@ $^

$(CLI): $(filter-out %/main.o,$(CLI_OBJECTS))
	@rm -f $@
	$(call say,AR)ar rcs $@ $^

# The web page's files as C strings: page.js becomes page_js.
$(PAGE_FILES:%=$(BUILD)/%.c): $(BUILD)/%.c: % Makefile
	@mkdir -p $(@D)
	@{ echo '#include "serve/page.h"'; echo 'const char $(subst .,_,$(notdir $<))[] ='; \
	   sed -e 's/\\/&&/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $<; echo ';'; } >$@
$(PAGE_FILES:%=$(BUILD)/%.o): %.o: %.c
	$(call say,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<
# The static libraries as installed: one object each, whose inner names clash with nobody's. (Tests link
# the others, to see inside.)
$(BUILD)/static/libsatz.a: $(LIB_OBJECTS)
$(BUILD)/static/libsatzeval.a: $(EVAL_OBJECTS)
$(STATIC):
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)ld -r --force-group-allocation -o $(@:.a=.o) $^
	@objcopy --localize-hidden $(@:.a=.o)
	@ar rcs $@ $(@:.a=.o)
	@rm -f $(@:.a=.o)
# The version script hides what C++ headers define, which visibility alone does not.
$(SHARED_LIB): $(LIB_OBJECTS) $(SHARED_EVAL) src/satz.map
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libsatz.$(SONAME),-z,defs,-rpath,'$$ORIGIN' \
	    -Wl,--version-script=src/satz.map -o $@ $(LIB_OBJECTS) $(SHARED_EVAL) $(LIBS)
$(SHARED_EVAL): $(EVAL_OBJECTS)
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libsatzeval.$(SONAME),-z,defs \
	    -o $@ $(EVAL_OBJECTS) $(EVAL_LIBS)
$(MANUALS): $(SATZ) scripts/manuals.sh
	$(call say,MAN)scripts/manuals.sh $(SATZ) $(@D)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) $(PACKAGE_FLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.cc Makefile
	@mkdir -p $(@D)
	$(call say,CXX)$(CXX) $(ALL_CXXFLAGS) $(PACKAGE_FLAGS) -MMD -MP -c -o $@ $<
define simd_rule
$(BUILD)/%.$(1).o: %.simd.c Makefile
	@mkdir -p $$(@D)
	$$(call say,CC)$$(CC) $$(ALL_CFLAGS) $$(PACKAGE_FLAGS) $(SIMD_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach l,$(SIMD_LEVELS),$(eval $(call simd_rule,$(l))))

$(BUILD)/tests/%: tests/%.c $(LIB) $(EVAL) $(SERVE) $(SATZ) Makefile
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(ALL_CFLAGS) $(PACKAGE_FLAGS) -I. -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(SERVE) $(LIB) $(EVAL) -lcmocka $(LIBS)

$(FAULTY): $(BUILD)/tests/fault/fault.o $(CLI_OBJECTS) $(SERVE) $(LIB) $(EVAL)
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(FAULTS:%=-Wl,--wrap=%) -o $@ $^ $(LIBS)

# Linked as C++, whose sanitizer has a runtime of its own.
$(FUZZERS): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(CLI) $(SERVE) $(LIB) $(EVAL)
	$(call say,FUZZER)$(CXX) $(ALL_CXXFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $@.o $(CLI) $(SERVE) $(LIB) $(EVAL) $(LIBS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
