#!/usr/bin/env bash
# The tests, and the programs that they start, under valgrind's memcheck: reads of what was never written or is
# no longer there, and memory that nothing points to at the end. Exit status 1 if there is any.
#   scripts/valgrind.sh [TEST]...   such as text/test_corpus; without names all but those below
# Builds build/valgrind: -O1, on the AVX2 kernels, which valgrind knows (AVX-512 it does not).
set -u
cd "$(dirname "$0")/.."
root=$PWD
# Left out, each with its reason. All of them run under AddressSanitizer in `make check-full`.
left_out='
base/test_parallel      asks for denormals to be flushed, which valgrind does not
compute/test_vmath      goes over all floats: hours; it touches no memory but its own
compute/test_gemm       kernels of other instruction sets, AVX-512 included, by its own choice
compute/test_kernels    as test_gemm
compute/test_narrow     as test_gemm
compute/test_row_independence  as test_gemm
fault/test_fault        hundreds of runs of the program, whose memory the sanitizer watches
install/test_install    runs compilers and installed programs, which valgrind would follow
toy/test_tasks          trains for minutes; train/test_train goes through the same code
train/test_regimes      as toy/test_tasks
'
make --no-print-directory -j"$(nproc)" VARIANT=valgrind build tests || exit 1

# Shells are followed, for they start the program; these are not ours.
others=$(printf '*/%s,' cat cc cmp cp curl cut date diff expand find gcc git grep head localedef ls make mandoc mkdir mktemp \
    mv perl pkg-config python3 rm sed seq shuf sleep sort tail tee touch tr unzip wc zsh)
export SATZ_SIMD=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1
export SATZ="$root/build/valgrind/satz" UNDER_VALGRIND=1 CMOCKA_MESSAGE_OUTPUT=STDOUT
names=("$@")
if [ $# = 0 ]; then
    for f in tests/*/test_*.c; do
        name=${f#tests/}
        name=${name%.c}
        case $name in gradient/*) continue ;; esac
        grep -q "^$name " <<<"$left_out" || names+=("$name")
    done
    echo "valgrind: left out:$left_out"
fi
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
status=0
for name in "${names[@]}"; do
    start=$SECONDS
    if timeout "${LIMIT:-1200}" valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
        --errors-for-leak-kinds=definite --trace-children=yes --child-silent-after-fork=yes \
        --trace-children-skip="$others" --suppressions="$root/scripts/valgrind.supp" \
        --log-file="$log/%p" "build/valgrind/tests/$name" >"$log/out" 2>&1; then
        result=0
    else
        result=$?
    fi
    find "$log" -name '[0-9]*' -size +0 -exec cat {} + >"$log/found"
    printf '%-40s %s, %d s\n' "$name" "$([ "$result" = 0 ] && echo passed || echo "FAILED ($result)")" \
        $((SECONDS - start))
    if [ "$result" != 0 ] || [ -s "$log/found" ]; then
        [ "$result" = 0 ] || cat "$log/out"
        cat "$log/found"
        status=1
    fi
    rm -f "$log"/*
done
exit "$status"
