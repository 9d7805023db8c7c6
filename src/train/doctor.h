/* doctor.h -- what satz_doctor found, as doctor.c (the examination) and doctor_report.c see it. */
#ifndef SATZ_TRAIN_DOCTOR_H
#define SATZ_TRAIN_DOCTOR_H

#include "base/strbuf.h"
#include "train/lint.h"
#include "train/probe.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_PROBLEM }; /* it will break training */

struct finding {
    enum severity severity;
    char *text; /* a sentence */
};

struct doctor {
    const struct recipe *recipe;
    const char *test[2]; /* files of the test set; NULL: none */
    struct lint lint;
    struct probe probe;
    bool probed;
    struct finding *findings;
    size_t n_findings, capacity;
    bool failed; /* memory for a finding was short */
};

void doctor_find(struct doctor *d, enum severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Seconds that all epochs take at the given speed. */
double doctor_seconds(const struct doctor *d, double tokens_per_second);

int doctor_write_text(const struct doctor *d, struct strbuf *out);
/* -1 when memory is short. */
int doctor_write_json(const struct doctor *d, struct strbuf *out);

#endif
