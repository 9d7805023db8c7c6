#!/usr/bin/env bash
# Each test that docs/security.md names as "folder/test_file: test_name, ..." is one of that file.
set -eu
cd "$(dirname "$0")/.."
status=0 n=0
while IFS=: read -r file names; do
    for name in ${names//[,\`]/ }; do
        n=$((n + 1))
        grep -qE "^ *(static void $name\(|.*TEST\($name\)|.*cmocka_unit_test\($name\))" "tests/$file.c" 2>/dev/null || {
            echo "docs/security.md: there is no test $name in tests/$file.c" >&2
            status=1
        }
    done
done < <(grep -oE '`[a-z_]+/test_[a-z_0-9]+: [a-z_0-9, ]+`' docs/security.md | tr -d '`')
[ "$n" -gt 20 ] || { echo "docs/security.md: only $n tests found; was its form changed?" >&2; status=1; }
exit $status
