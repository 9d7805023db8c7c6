#!/usr/bin/env bash
# Runs every test program that was built; prints a failing one's whole output and a closing count.
# The programs run from the project's root with SATZ naming the built program.
set -u
cd "$(dirname "$0")/.."
variant=${VARIANT:-release}
export SATZ="$PWD/build/$variant/satz" CMOCKA_MESSAGE_OUTPUT=STDOUT
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0
programs=$(for f in tests/*/test_*.c; do
    case $f in
    tests/gradient/*) [ "$variant" = release ] && echo "build/double/${f%.c}" ;;
    tests/install/*) [ "$variant" = release ] && echo "build/release/${f%.c}" ;;
    # Where memory and files fail, those of the counters do too.
    tests/fault/*) [ "$variant" != coverage ] && echo "build/$variant/${f%.c}" ;;
    *) echo "build/$variant/${f%.c}" ;;
    esac
done)
for program in $programs; do
    start=$(date +%s.%N)
    # What a shell starts in the background ignores Ctrl-C, which tests send.
    if env --default-signal=INT "$program" >"$log" 2>&1; then
        n=$(grep -c '^\[       OK \]' "$log")
        passed=$((passed + n))
        printf '%-60s %3d tests %6.1f s\n' "${program#build/}" "$n" \
            "$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }')"
    else
        code=$?
        n=$(grep -c '^\[       OK \]' "$log")
        f=$(sed -n 's/^ *\([0-9]*\) FAILED TEST(S)$/\1/p' "$log")
        passed=$((passed + n))
        failed=$((failed + ${f:-1}))
        cat "$log"
        echo "FAILED ${program#build/} (exit status $code)"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
