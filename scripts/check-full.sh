#!/usr/bin/env bash
# The long tests: both compilers without a warning, the suite under sanitizers and on lesser instruction sets,
# short fuzzing, a killed run that resumes to the same bits, the server in a browser and under load, lint.
set -eu
cd "$(dirname "$0")/.."
jobs=-j$(nproc)

scripts/setup.sh --full

step() {
    printf '\n== %s\n' "$*"
}

step "gcc and clang without a warning"
make --no-print-directory "$jobs" WERROR=1 build tests
make --no-print-directory "$jobs" WERROR=1 VARIANT=clang CC=clang CXX=clang++ build

step "the suite"
make --no-print-directory "$jobs" WERROR=1 VARIANT=double tests
scripts/run-tests.sh
for level in generic avx2; do
    step "the suite on $level"
    SATZ_SIMD=$level ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell scripts/run-tests.sh
done

step "a page of attention in a browser"
scripts/browser-test.pl

step "the suite under AddressSanitizer and UndefinedBehaviorSanitizer"
make --no-print-directory "$jobs" VARIANT=asan build tests
# fontconfig keeps its configuration until the end
LSAN_OPTIONS=suppressions=scripts/leaks.txt:print_suppressions=0 VARIANT=asan scripts/run-tests.sh

step "the suite under valgrind"
scripts/valgrind.sh

step "what runs on several threads, under ThreadSanitizer"
scripts/tsan.sh

step "fuzzing, a short run of each target"
scripts/fuzz.sh 20

step "each call to the system and for memory fails in turn"
SATZ_FAULT_ALL=1 build/release/tests/fault/test_fault

step "the extensions that docs/extending.md tells of"
scripts/extending-test.sh

step "killed at random moments, resumed, the same bits"
scripts/crash-test.sh 200

step "built at another path, the same model"
scripts/rebuild-test.sh

step "the page of the server in a browser"
scripts/page-test.sh

step "the server under 64 clients for a minute"
scripts/load-test.sh 60

step "lint and clang-tidy"
make --no-print-directory lint tidy
