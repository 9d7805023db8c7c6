#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET...]: runs each fuzz target (tests/fuzz/fuzz_*.c) for that long, under
# AddressSanitizer and UndefinedBehaviorSanitizer. What it finds stays in build/fuzz.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:?seconds for each target}
shift
[ $# -gt 0 ] || set -- tests/fuzz/fuzz_*.c
parser="src/serve/request.c src/serve/answer.c src/serve/problem.c src/config/spelling.c"
for target in "$@"; do
    name=$(basename "$target" .c)
    corpus=build/fuzz/$name.corpus
    mkdir -p "$corpus"
    clang -std=c11 -D_GNU_SOURCE -Isrc -Ieval -O1 -g -fsanitize=fuzzer,address,undefined \
        -fno-sanitize-recover=undefined -o "build/fuzz/$name" "$target" eval/*.c $parser -lunistring -lz -ljansson -lm
    "build/fuzz/$name" -max_total_time="$seconds" -max_len=2000 -artifact_prefix="build/fuzz/$name-" \
        -print_final_stats=1 "$corpus" >"build/fuzz/$name.log" 2>&1 || {
        tail -n 40 "build/fuzz/$name.log"
        echo "fuzz: $name found something; the input is in build/fuzz" >&2
        exit 1
    }
    echo "fuzz: $name, $(sed -n 's/stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs, no finding"
done
