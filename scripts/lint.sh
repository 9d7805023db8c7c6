#!/usr/bin/env bash
# Formatting, layers and static analysis of the tracked C and C++ files; status 1 if any complains.
set -u
cd "$(dirname "$0")/.." || exit 1
scripts/setup.sh --lint || exit 1

status=0
step() {
    echo "lint: $1"
    shift
    "$@" || status=1
}
mapfile -t files < <(git ls-files 'src/*.[ch]' 'src/*.cc' 'eval/*.[ch]' 'tests/*.[ch]' 'docs/*.c')
mapfile -t sources < <(git ls-files 'src/*.c' 'eval/*.c')

step 'formatting (make format mends it)' clang-format --dry-run -Werror "${files[@]}"
step 'layers' scripts/check-layers.sh
step 'tests that docs/security.md names' scripts/check-security.sh
# Unknown headers are other libraries'; generated lists and the kernels of several instruction sets
# are seen in one configuration; a loop over the words of a sentence is taken to run at least once.
step 'static analysis' cppcheck --quiet -j 2 --std=c11 --error-exitcode=1 --inline-suppr \
    --enable=warning,performance,portability -D_GNU_SOURCE -DSIMD_LEVEL=generic -Isrc -Ieval \
    --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unusedFunction \
    --suppress=invalidFunctionArg \
    "${sources[@]}"
step 'paths of execution (gcc)' make --no-print-directory -k -j "$(nproc)" VARIANT=analyse analyse
[ "$status" = 0 ] && echo "lint: ${#files[@]} files, nothing to mend"
exit "$status"
