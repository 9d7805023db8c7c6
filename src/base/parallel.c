#include "base/parallel.h"

#include <omp.h>

void parallel_for(int n_threads, int n_tasks, void (*task)(void *user, int index, int worker),
                  void *user)
{
    if (n_threads > n_tasks)
        n_threads = n_tasks;
    if (n_threads < 1)
        return;
#pragma omp parallel num_threads(n_threads)
    {
        /* A team of one is not "in parallel" for OpenMP: without this a library's kernel would
         * open a team of its own inside the task. */
        omp_set_num_threads(1);
#pragma omp for schedule(dynamic, 1)
        for (int i = 0; i < n_tasks; i++)
            task(user, i, omp_get_thread_num());
    }
}

int parallel_processors(void)
{
    return omp_get_num_procs();
}
