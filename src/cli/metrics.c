#include "cli/metrics.h"

#include <stdio.h>
#include <string.h>

#include "eval.h"
#include "satz.h"

int metrics_check(const struct usage *usage, int row, const char *text)
{
    struct satz_error err;
    struct metric *metric = metric_new(text, &err);
    if (!metric)
        return usage_error(usage, "--%s %s: %s", usage->rows[row].name, text, err.message);
    metric_free(metric);
    return 0;
}

void metrics_print(void)
{
    char options[1024];
    printf("\nMETRIC is a name, perhaps with options: chrf:word_order=2,lowercase\n");
    for (int i = 0; metric_name(i); i++) {
        metric_help(i, options, sizeof options);
        printf("  %s\n", metric_name(i));
        for (const char *line = options; *line; line += strcspn(line, "\n") + 1)
            printf("    %.*s\n", (int)strcspn(line, "\n"), line);
    }
}
