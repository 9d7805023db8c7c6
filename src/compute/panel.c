#include "compute/panel.h"

/* One panel: columns [from, from + width) of w^T, w [n,k]. */
static void pack_transposed(struct mat w, int from, int width, real *panel)
{
    for (int i = 0; i < w.cols; i++)
        for (int j = 0; j < width; j++)
            panel[i * PANEL + j] = mat_row(w, from + j)[i];
}

void panel_pack(struct mat w, bool transposed, real *panels)
{
    int k = transposed ? w.cols : w.rows, n = transposed ? w.rows : w.cols;
    size_t size = (size_t)k * PANEL;
    if (n % PANEL)
        memset(panels + (size_t)(n / PANEL) * size, 0, size * sizeof(real));
    for (int from = 0; transposed && from < n; from += PANEL)
        pack_transposed(w, from, n - from < PANEL ? n - from : PANEL,
                        panels + (size_t)(from / PANEL) * size);
    /* Row by row, as they lie in memory: panel by panel takes more than twice as long. */
    for (int i = 0; !transposed && i < k; i++) {
        real *to = panels + (size_t)i * PANEL;
        for (int from = 0; from < n; from += PANEL, to += size) {
            size_t width = (size_t)(n - from < PANEL ? n - from : PANEL);
            memcpy(to, mat_row(w, i) + from, width * sizeof(real));
        }
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
