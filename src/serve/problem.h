/* problem.h -- why a request is not served: an HTTP status and one sentence for people. */
#ifndef SATZ_SERVE_PROBLEM_H
#define SATZ_SERVE_PROBLEM_H

struct problem {
    int status; /* 0: there is none */
    char message[512];
};

/* Returns -1. A message that is too long is cut between two characters; in one that quotes what is
 * not UTF-8, `?` stands for all but ASCII. */
int problem_set(struct problem *p, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
