#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET...]: runs each fuzz target (tests/fuzz/fuzz_*.c) for that long, under
# AddressSanitizer and UndefinedBehaviorSanitizer, from the seeds in tests/fuzz/NAME and the corpus
# kept in tests/fuzz/NAME.tar.xz. Inputs that reach new code are added to build/fuzz/NAME.corpus; what it finds
# stays in build/fuzz.
# fuzz.sh keep [TARGET...]: writes tests/fuzz/NAME.tar.xz anew, of the inputs in build/fuzz/NAME.corpus that
# together reach all that they reach.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:?seconds for each target}
shift
[ $# -gt 0 ] || set -- tests/fuzz/fuzz_*.c
make --no-print-directory -j"$(nproc)" VARIANT=fuzz CC="${CLANG:-clang}" CXX="${CLANG:-clang}++" fuzzers
export OMP_NUM_THREADS=1 LSAN_OPTIONS=suppressions=scripts/leaks.txt:print_suppressions=0
limits=(-max_len=16384 -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=512)

fuzz() { # NAME FOLDER...
    if ! "build/fuzz/tests/fuzz/$1" -max_total_time="$seconds" "${limits[@]}" -len_control=50 \
        -artifact_prefix="build/fuzz/$1-" -print_final_stats=1 "${@:2}" >"build/fuzz/$1.log" 2>&1; then
        tail -n 40 "build/fuzz/$1.log"
        echo "fuzz: $1 found something; the input is in build/fuzz" >&2
        exit 1
    fi
    echo "fuzz: $1, $(sed -n 's/stat::number_of_executed_units: *//p' "build/fuzz/$1.log") inputs, no finding"
}

keep() { # NAME FOLDER...
    local least=build/fuzz/$1.least
    rm -rf "$least"
    mkdir "$least"
    "build/fuzz/tests/fuzz/$1" -merge=1 "${limits[@]}" "$least" "${@:2}" >"build/fuzz/$1.log" 2>&1
    tar -C "$least" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cJf "tests/fuzz/$1.tar.xz" .
    echo "fuzz: $1, $(find "$least" -type f | wc -l) inputs kept"
}

for target in "$@"; do
    name=$(basename "$target" .c)
    corpus=build/fuzz/$name.corpus
    if [ ! -d "$corpus" ]; then
        mkdir -p "$corpus"
        [ ! -f "tests/fuzz/$name.tar.xz" ] || tar -C "$corpus" -xJf "tests/fuzz/$name.tar.xz"
    fi
    folders=("$corpus")
    [ ! -d "tests/fuzz/$name" ] || folders+=("tests/fuzz/$name")
    if [ "$seconds" = keep ]; then
        keep "$name" "${folders[@]}"
    else
        fuzz "$name" "${folders[@]}"
    fi
done
