#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET...]: runs each fuzz target (tests/fuzz/fuzz_*.c) for that long, under
# AddressSanitizer and UndefinedBehaviorSanitizer, from the seeds in tests/fuzz/NAME. Inputs that reach
# new code are kept in build/fuzz/NAME.corpus; what it finds stays in build/fuzz.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:?seconds for each target}
shift
[ $# -gt 0 ] || set -- tests/fuzz/fuzz_*.c
make --no-print-directory -j"$(nproc)" VARIANT=fuzz CC="${CLANG:-clang}" CXX="${CLANG:-clang}++" fuzzers
export OMP_NUM_THREADS=1
for target in "$@"; do
    name=$(basename "$target" .c)
    corpus=build/fuzz/$name.corpus
    mkdir -p "$corpus"
    seeds=()
    [ ! -d "tests/fuzz/$name" ] || seeds=("tests/fuzz/$name")
    LSAN_OPTIONS=suppressions=scripts/leaks.txt:print_suppressions=0 \
        "build/fuzz/tests/fuzz/$name" -max_total_time="$seconds" -max_len=16384 -len_control=50 -timeout=20 \
        -rss_limit_mb=2048 -malloc_limit_mb=512 -artifact_prefix="build/fuzz/$name-" \
        -print_final_stats=1 "$corpus" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1 || {
        tail -n 40 "build/fuzz/$name.log"
        echo "fuzz: $name found something; the input is in build/fuzz" >&2
        exit 1
    }
    echo "fuzz: $name, $(sed -n 's/stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs, no finding"
done
