/* metrics.h -- options whose argument is a metric of eval.h, such as "chrf:word_order=2". */
#ifndef SATZ_CLI_METRICS_H
#define SATZ_CLI_METRICS_H

#include "cli/options.h"

/* Whether `text`, the argument of a row, is a metric. 0, or EXIT_USAGE when it is none, which was
 * said then. */
int metrics_check(const struct usage *usage, int row, const char *text);

/* Prints what an argument METRIC can be: a usage's print_more. */
void metrics_print(void);

#endif
