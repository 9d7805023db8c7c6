#!/usr/bin/env bash
# Lines of src and eval that the test suite runs: a summary by file, and the report in build/coverage/report.
# Exit status 1 below LEAST percent.
set -eu
cd "$(dirname "$0")/.."
least=${LEAST:-90}
scripts/setup.sh --full
make --no-print-directory -j"$(nproc)" VARIANT=coverage build tests
find build/coverage -name '*.gcda' -delete
VARIANT=coverage scripts/run-tests.sh
mkdir -p build/coverage/report
# A program that ends by a signal leaves counts that gcov cannot make sense of, here and there a line's.
gcovr --root . --filter 'src/' --filter 'eval/' --exclude-unreachable-branches --sort-uncovered --gcov-ignore-parse-errors \
    --html-details build/coverage/report/index.html --txt - --fail-under-line "$least" build/coverage
