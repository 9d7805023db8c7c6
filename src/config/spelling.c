#include "config/spelling.h"

#include <stdint.h>
#include <string.h>

#include "satz.h"

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t spelling_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return SIZE_MAX;
    size_t rows[3][LONGEST + 1]; /* row i is rows[i % 3] */
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

int spelling_is_near(const char *word, size_t distance)
{
    return distance <= (strlen(word) + 2) / 3;
}

const char *satz_nearest_name(const char *word, const char *const *names, size_t n_names)
{
    const char *nearest = NULL;
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < n_names; i++) {
        size_t distance = spelling_distance(word, names[i]);
        if (distance < fewest) {
            fewest = distance;
            nearest = names[i];
        }
    }
    return nearest && spelling_is_near(word, fewest) ? nearest : NULL;
}
