/* satz.h -- the public interface of libsatz.
 *
 * Conventions: functions that can fail return 0 / -1 (or NULL) and take a `struct satz_error *` as
 * their last argument; on failure it holds one complete sentence and outputs are untouched. It may
 * be NULL. The library never exits, aborts on bad input, or prints. */
#ifndef SATZ_H
#define SATZ_H

#include <stddef.h>

struct satz_error {
    char message[1024];
};

#endif
