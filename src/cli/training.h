/* training.h -- a training run as a command shows it: signals, progress, what is printed of it. */
#ifndef SATZ_CLI_TRAINING_H
#define SATZ_CLI_TRAINING_H

#include <stdbool.h>

#include "cli/progress.h"
#include "satz.h"

/* The signal that asked for an end, or 0: the `stop` of satz_train_options. */
extern volatile int training_stop;

/* From now on SIGINT and SIGTERM set training_stop; a second one, or one before the first update,
 * ends the program at once. */
void training_catch_signals(void);

struct training_report {
    struct progress progress;
    bool quiet;
    bool stop_told;
};

void training_report_init(struct training_report *r, bool quiet);

/* The on_event of satz_train_options, whose `user` is a struct training_report. */
void training_on_event(void *user, const struct satz_train_event *e);

/* Prints an argument, after a space, so that a shell reads it as it was. */
void training_print_argument(const char *text);

#endif
