#include "matrix.h"

#include <jansson.h>
#include <stdlib.h>

#include "internal.h"

enum { VALUES_LIMIT = 1 << 22 };

void matrix_release(struct matrix *m)
{
    free(m->values);
    *m = (struct matrix){0};
}

/* One more row, [numbers]. */
static int add_row(struct matrix *m, const json_t *row, struct satz_error *err)
{
    size_t n = json_array_size(row), before = m->rows * m->columns;
    if (!json_is_array(row))
        return eval_error(err, "row %zu of the matrix is not a list of numbers", m->rows + 1);
    if (m->rows > 0 && n != m->columns)
        return eval_error(err, "row %zu has %zu numbers, the rows before have %zu", m->rows + 1, n,
                          m->columns);
    if (before + n > VALUES_LIMIT)
        return eval_error(err, "the matrix has more than %d numbers", VALUES_LIMIT);
    if (eval_grow(&m->values, &m->capacity, before + n, sizeof *m->values, err))
        return -1;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(row, i);
        if (!json_is_number(value))
            return eval_error(err, "number %zu of row %zu is none", i + 1, m->rows + 1);
        m->values[before + i] = json_number_value(value);
    }
    m->columns = n;
    m->rows++;
    return 0;
}

int matrix_parse(struct matrix *m, const char *text, struct satz_error *err)
{
    json_error_t why;
    json_t *root = json_loads(text, 0, &why);
    m->rows = m->columns = 0;
    if (!root)
        return eval_error(err, "it is not JSON: %s (column %d)", why.text, why.column);
    const json_t *rows = json_is_object(root) ? json_object_get(root, "weights") : root;
    int status = 0;
    if (!json_is_array(rows))
        status =
            eval_error(err, "there is no matrix: [[0.9, 0.1], ...], or {\"weights\": [[...] ...]}");
    for (size_t i = 0; status == 0 && i < json_array_size(rows); i++)
        status = add_row(m, json_array_get(rows, i), err);
    json_decref(root);
    return status;
}
