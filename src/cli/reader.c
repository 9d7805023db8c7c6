#include "cli/reader.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

int reader_take_option(struct reader *r, const struct usage *usage, int row)
{
    const struct {
        const char *name;
        long most;
        int *to;
    } numbers[] = {
        {"max-length", 40000, &r->options.max_length},
        {"batch", 100000, &r->options.batch},
        {"threads", 1024, &r->options.threads},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(usage->rows[row].name, numbers[i].name) == 0) {
            long value = 0;
            int status = option_integer(usage, row, optarg, 1, numbers[i].most, &value);
            *numbers[i].to = (int)value;
            return status;
        }
    r->backend = optarg;
    return EXIT_SUCCESS;
}

int reader_open(struct reader *r, const char *path, const struct usage *usage)
{
    struct satz_error err;
    r->model = satz_model_open(path, r->backend, NULL, &err);
    if (r->model)
        r->translator = satz_translator_new(r->model, &r->options, &err);
    return r->translator ? EXIT_SUCCESS : command_failed(usage, "%s", err.message);
}

void reader_close(struct reader *r)
{
    satz_translator_free(r->translator);
    satz_model_close(r->model);
}
