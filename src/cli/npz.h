/* npz.h -- matrices in one file of NumPy's: a ZIP archive of .npy files (numpy/lib/format.py,
 * version 1.0), stored as they are. */
#ifndef SATZ_CLI_NPZ_H
#define SATZ_CLI_NPZ_H

#include <stddef.h>

struct npz;

/* NULL, with errno set, when the file cannot be made. */
struct npz *npz_open(const char *path);

/* Adds values [rows, columns] as array number `index`, called by its digits. -1 on an error. */
int npz_add(struct npz *z, size_t index, const float *values, int rows, int columns);

/* Ends the file; -1 on an error. Frees. */
int npz_close(struct npz *z);

#endif
