#include "compute/panel.h"

void panel_pack(struct mat w, bool transposed, real *panels)
{
    int k = transposed ? w.cols : w.rows, n = transposed ? w.rows : w.cols;
    for (int from = 0; from < n; from += PANEL, panels += (size_t)k * PANEL) {
        int width = n - from < PANEL ? n - from : PANEL;
        if (width < PANEL)
            memset(panels, 0, (size_t)k * PANEL * sizeof(real));
        if (transposed)
            for (int i = 0; i < k; i++)
                for (int j = 0; j < width; j++)
                    panels[i * PANEL + j] = mat_row(w, from + j)[i];
        else
            for (int i = 0; i < k; i++)
                memcpy(panels + i * PANEL, mat_row(w, i) + from, (size_t)width * sizeof(real));
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
