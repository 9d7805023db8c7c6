#!/usr/bin/env bash
# tsan.sh [TEST...]: what runs on several threads, under ThreadSanitizer (VARIANT=tsan); a TEST is such as
# decode/test_translator. Built by clang: its OpenMP runtime tells the sanitizer how threads wait for each other (it
# loads libarcher by itself), where gcc's barriers look like races. Libraries from outside are not instrumented, so
# what their own threads do among themselves, such as SentencePiece's in training, is not judged; what our code does
# in their callbacks is.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- base/test_parallel decode/test_{score,search,translator} train/test_train \
    cli/test_translate serve/test_{request,serve}
make --no-print-directory "-j$(nproc)" VARIANT=tsan build build/tsan/tests/serve/load "${@/#/build/tsan/tests/}"
export SATZ=$PWD/build/tsan/satz TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1
for name in "$@"; do
    echo "tsan: $name"
    log=build/tsan/tests/$name.log
    "build/tsan/tests/$name" >"$log" 2>&1 || {
        cat "$log"
        exit 1
    }
    if grep -q 'WARNING: ThreadSanitizer' "$log"; then
        cat "$log"
        exit 1
    fi
done
