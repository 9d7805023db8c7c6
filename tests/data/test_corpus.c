/* The corpus maker checks itself; this makes its verdict one of the suite's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void readers_cleaner_and_division(void **state)
{
    (void)state;
    assert_int_equal(system("data/corpus/selftest.sh"), 0);
}

/* A folder that is no corpus is refused, and left as it is. */
static void foreign_folder_is_kept(void **state)
{
    (void)state;
    assert_int_not_equal(system("data/debian/fetch.sh src core 2>/dev/null"), 0);
    assert_int_equal(system("test -d src/base && test ! -e src/train.en"), 0);
}

/* A download of a line each stands in for the network. */
static void recipes_find_what_multi30k_gives(void **state)
{
    (void)state;
    assert_int_equal(
        system("D=$(mktemp -d) && trap 'rm -rf $D' EXIT && mkdir $D/bin && "
               "printf '#!/bin/sh\\nwhile [ $1 != -o ]; do shift; done; echo A dog. | gzip >$2\\n' "
               ">$D/bin/curl && chmod +x $D/bin/curl && "
               "PATH=$D/bin:$PATH data/multi30k/fetch.sh $D/out >/dev/null && "
               "names=$(grep -rhoP 'MULTI30K:-.*}/\\K.*' configs) && for name in $names; do "
               "test -s $D/out/$name || exit 1; done"),
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_cleaner_and_division),
        cmocka_unit_test(foreign_folder_is_kept),
        cmocka_unit_test(recipes_find_what_multi30k_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
