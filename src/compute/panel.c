#include "compute/panel.h"

enum { TURN = 4 };

/* Columns [from, from + width) of w^T, w [n,k], as one panel; TURN by TURN they are turned in
 * registers, which takes half the time. */
static void pack_columns(struct mat w, int from, int width, real *restrict panel)
{
    const real *rows = mat_row(w, from);
    size_t ld = (size_t)w.ld;
    int i = 0;
    for (; width == PANEL && i + TURN <= w.cols; i += TURN, panel += TURN * PANEL)
        for (int j = 0; j < PANEL; j += TURN)
            for (int q = 0; q < TURN; q++)
                for (int s = 0; s < TURN; s++)
                    panel[q * PANEL + j + s] = rows[(size_t)(j + s) * ld + (size_t)(i + q)];
    for (; i < w.cols; i++, panel += PANEL)
        for (int j = 0; j < width; j++)
            panel[j] = rows[(size_t)j * ld + (size_t)i];
}

void panel_pack(struct mat w, bool transposed, real *panels)
{
    int k = transposed ? w.cols : w.rows, n = transposed ? w.rows : w.cols;
    size_t size = (size_t)k * PANEL;
    int whole = n / PANEL * PANEL;
    real *last = panels + (size_t)(n / PANEL) * size;
    if (whole < n)
        memset(last, 0, size * sizeof(real));
    if (transposed) {
        for (int from = 0; from < whole; from += PANEL)
            pack_columns(w, from, PANEL, panels + (size_t)(from / PANEL) * size);
        if (whole < n)
            pack_columns(w, whole, n - whole, last);
        return;
    }
    /* Row by row, as they lie in memory: panel by panel takes more than twice as long. */
    for (int i = 0; i < k; i++) {
        const real *row = mat_row(w, i);
        real *to = panels + (size_t)i * PANEL;
        for (int from = 0; from < whole; from += PANEL, to += size)
            memcpy(to, row + from, PANEL * sizeof(real));
        if (whole < n)
            memcpy(to, row + whole, (size_t)(n - whole) * sizeof(real));
    }
}

void panel_pack_rows(struct mat w, const int *rows, int n, real *panels)
{
    for (int from = 0; from < n; from += PANEL, panels += (size_t)w.cols * PANEL) {
        int width = n - from < PANEL ? n - from : PANEL;
        if (width < PANEL)
            memset(panels, 0, (size_t)w.cols * PANEL * sizeof(real));
        for (int j = 0; j < width; j++) {
            const real *row = mat_row(w, rows[from + j]);
            for (int i = 0; i < w.cols; i++)
                panels[i * PANEL + j] = row[i];
        }
    }
}
