/* parallel.h -- the one place where threads are made (OpenMP). */
#ifndef SATZ_BASE_PARALLEL_H
#define SATZ_BASE_PARALLEL_H

/* Calls task(user, index, worker) once for each index in [0, n_tasks), on at most n_threads
 * threads; worker in [0, n_threads) tells which, for per-thread storage. Which worker takes which
 * index is not fixed: results must not depend on it. Returns when all are done. Libraries called
 * inside see a single-threaded OpenMP. */
void parallel_for(int n_threads, int n_tasks, void (*task)(void *user, int index, int worker),
                  void *user);

/* Processors this process may run on, at least 1. */
int parallel_processors(void);

#endif
