#include "base/parallel.h"

#include <omp.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* Numbers below 2^-126 count as zero inside a task: they carry nothing, and one product with them
 * takes a hundred times as long. Returns what restore_floats takes. */
static unsigned flush_tiny_floats(void)
{
#if defined(__SSE2__)
    enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    return before;
#else
    return 0;
#endif
}

static void restore_floats(unsigned before)
{
#if defined(__SSE2__)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

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
        unsigned floats = flush_tiny_floats();
#pragma omp for schedule(dynamic, 1)
        for (int i = 0; i < n_tasks; i++)
            task(user, i, omp_get_thread_num());
        restore_floats(floats);
    }
}

int parallel_processors(void)
{
    return omp_get_num_procs();
}
