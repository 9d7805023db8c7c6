/* The readers and all that is made from files: any bytes as source, hypothesis, system and
 * reference of a comparison and of a report, and as attention. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval.h"
#include "matrix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Files of a process, in memory where the system keeps /dev/shm there. */
static char paths[4][64];

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "w");
    if (!file)
        abort();
    fwrite(data, 1, size, file);
    fclose(file);
}

static void remove_files(void)
{
    for (int i = 0; i < 4; i++)
        unlink(paths[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct satz_error err;
    struct matrix matrix = {0};
    if (!paths[0][0]) {
        for (int i = 0; i < 4; i++)
            snprintf(paths[i], sizeof paths[i], "/dev/shm/satz-fuzz-%ld-%d", (long)getpid(), i);
        atexit(remove_files);
    }
    for (int i = 0; i < 4; i++) { /* parts stand between bytes 255 */
        const uint8_t *end = memchr(data, 255, size);
        size_t n = end ? (size_t)(end - data) : size;
        write_file(paths[i], data, n);
        data += n + (end != NULL);
        size -= n + (end != NULL);
    }
    const char *systems[] = {paths[1], paths[2]};
    struct compare_options o = {.resampling.n_samples = 3, .n_sentences = 2, .training = paths[3]};
    struct comparison *c = comparison_new(paths[0], systems, 2, &o, &err);
    for (int i = 0; c && comparison_format_name(i); i++)
        free(comparison_write(c, comparison_format_name(i), &err));
    comparison_free(c);
    struct report_options r = {.resampling.n_samples = 3, .n_sentences = 2, .attention = paths[3]};
    free(report_write(paths[1], paths[2], paths[0], &r, &err));
    free(report_write(NULL, paths[0], NULL, NULL, &err));
    char *text = malloc(size + 1);
    if (text) {
        memcpy(text, data, size);
        text[size] = '\0';
        matrix_parse(&matrix, text, &err);
        matrix_release(&matrix);
        free(text);
    }
    return 0;
}
