/* Requests to the server, any bytes: each is read or refused, the latter with a message that can be
 * sent; what was read keeps to the limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "serve/answer.h"
#include "serve/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const struct request *r, const struct request_limits *limits)
{
    if (r->n < 1 || r->n > limits->sentences || (r->single && r->n != 1) || r->n_best < 0 ||
        r->n_best > limits->beam || (r->alignment != ALIGNMENT_NONE && !limits->attention))
        abort();
    for (size_t i = 0; i < r->n; i++)
        if (strlen(r->texts[i]) != r->lengths[i] || r->lengths[i] > limits->sentence)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_limits limits = {
        .body = 1000, .sentences = 4, .sentence = 30, .beam = 3, .attention = size % 2};
    struct problem p = {0};
    struct request r;
    if (request_parse(&r, (const char *)data, size, &limits, &p) == 0) {
        if (p.status)
            abort();
        check_request(&r, &limits);
        request_release(&r);
        return 0;
    }
    char *answer = answer_problem(&p);
    if ((p.status != 400 && p.status != 413) || r.json || r.texts || !p.message[0] || !answer)
        abort();
    free(answer);
    return 0;
}
