#include "matrix.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "internal.h"

enum { VALUES_LIMIT = 1 << 22 };

void matrix_release(struct matrix *m)
{
    free(m->values);
    *m = (struct matrix){0};
}

static const char *skip_spaces(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
        p++;
    return p;
}

/* True if the character is next; steps over it. */
static bool take(const char **p, char c)
{
    *p = skip_spaces(*p);
    if (**p != c)
        return false;
    ++*p;
    return true;
}

/* One more number; strtod alone would take "nan", hexadecimals and the like. */
static int take_number(struct matrix *m, size_t n, const char **p, struct satz_error *err)
{
    char *end;
    *p = skip_spaces(*p);
    const char *digit = **p == '-' ? *p + 1 : *p;
    double value = *digit >= '0' && *digit <= '9' && !(digit[0] == '0' && (digit[1] | 32) == 'x')
                       ? strtod(*p, &end)
                       : NAN;
    if (!isfinite(value))
        return eval_error(err, "there is no number where one should be: \"%.20s\"", *p);
    if (n >= VALUES_LIMIT)
        return eval_error(err, "the matrix has more than %d numbers", VALUES_LIMIT);
    if (eval_grow(&m->values, &m->capacity, n + 1, sizeof *m->values, err))
        return -1;
    m->values[n] = value;
    *p = end;
    return 0;
}

int matrix_parse(struct matrix *m, const char *text, struct satz_error *err)
{
    const char *p = text;
    size_t n = 0;
    m->rows = m->columns = 0;
    if (!take(&p, '['))
        return eval_error(err, "a matrix begins with \"[[\"");
    bool more = !take(&p, ']');
    while (more) {
        size_t before = n;
        if (!take(&p, '['))
            return eval_error(err, "row %zu does not begin with \"[\"", m->rows + 1);
        bool more_numbers = !take(&p, ']');
        while (more_numbers) {
            if (take_number(m, n, &p, err))
                return -1;
            n++;
            more_numbers = take(&p, ',');
            if (!more_numbers && !take(&p, ']'))
                return eval_error(err, "row %zu does not end with \"]\"", m->rows + 1);
        }
        if (m->rows > 0 && n - before != m->columns)
            return eval_error(err, "row %zu has %zu numbers, the rows before have %zu", m->rows + 1,
                              n - before, m->columns);
        m->columns = n - before;
        m->rows++;
        more = take(&p, ',');
        if (!more && !take(&p, ']'))
            return eval_error(err, "the matrix does not end with \"]\"");
    }
    if (*skip_spaces(p))
        return eval_error(err, "there is text after the matrix: \"%.20s\"", p);
    return 0;
}
