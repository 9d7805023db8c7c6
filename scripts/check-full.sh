#!/usr/bin/env bash
# The long tests: both compilers without a warning, the suite under sanitizers, on the lesser instruction
# sets and with oneDNN's lesser ones, lint, and a killed run that resumes to the same bits.
set -eu
cd "$(dirname "$0")/.."
jobs=-j$(nproc)

for program in clang clang++; do
    command -v "$program" >/dev/null && continue
    echo "check-full: $program is missing; apt-get install clang" >&2
    exit 1
done

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

step "the suite under AddressSanitizer and UndefinedBehaviorSanitizer"
make --no-print-directory "$jobs" VARIANT=asan build tests
# fontconfig keeps its configuration until the end
LSAN_OPTIONS=suppressions=scripts/leaks.txt:print_suppressions=0 VARIANT=asan scripts/run-tests.sh

step "killed at random moments, resumed, the same bits"
scripts/crash-test.sh 10

step "lint"
make --no-print-directory lint
