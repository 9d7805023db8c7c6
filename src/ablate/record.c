#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ablate/ablation.h"
#include "base/file.h"

enum { LARGEST_RECORD = 1 << 20 };

char *record_recipe(const struct recipe *r, struct satz_error *err)
{
    struct recipe plain = *r, defaults;
    struct strbuf yaml = {0};
    recipe_defaults(&defaults);
    plain.train.folder = defaults.train.folder;
    plain.train.threads = defaults.train.threads;
    plain.train.log_every = defaults.train.log_every;
    plain.data.cache = defaults.data.cache;
    plain.data.train_source = plain.data.train_target = (struct recipe_texts){0};
    plain.data.alignments = (struct recipe_texts){0};
    plain.data.valid_source = plain.data.valid_target = defaults.data.valid_source;
    if (r->validation.bleu_every == 0 && recipe_is(r->validation.metric, "perplexity"))
        plain.decode = defaults.decode;
    recipe_write_yaml(&plain, &yaml);
    return strbuf_detach(&yaml, err);
}

int record_read(const char *folder, json_t **facts, struct satz_error *err)
{
    struct strbuf text = {0};
    char *path = file_join(folder, "run.json", err);
    int status = path ? 0 : -1;
    *facts = NULL;
    if (status == 0 && file_exists(path)) {
        status = file_read(path, LARGEST_RECORD, &text, err);
        if (status == 0) /* one that is no JSON is as good as none: the run begins anew */
            *facts = json_loadb(strbuf_text(&text), text.length, 0, NULL);
        if (*facts && !json_is_object(*facts)) {
            json_decref(*facts);
            *facts = NULL;
        }
    }
    strbuf_release(&text);
    free(path);
    return status;
}

int record_write(const struct run *run, struct satz_error *err)
{
    char *path = file_join(run->folder, "run.json", err);
    char *text = path ? json_dumps(run->facts, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
    int status = text   ? file_replace(path, text, strlen(text), err)
                 : path ? error_set(err, "%s: out of memory", path)
                        : -1;
    free(text);
    free(path);
    return status;
}

double record_number(const struct run *run, const char *name)
{
    const json_t *value = json_object_get(run->facts, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *record_text(const struct run *run, const char *name)
{
    return json_string_value(json_object_get(run->facts, name));
}

int record_set(struct run *run, const char *name, json_t *value, struct satz_error *err)
{
    if (!run->facts)
        run->facts = json_object();
    return json_object_set_new(run->facts, name, value) < 0 ? error_set(err, "out of memory") : 0;
}

static bool is_ours(const char *name)
{
    static const char *const names[] = {"run.json", "translation.txt", "model.safetensors",
                                        "log.jsonl"};
    size_t n = strlen(name), ending = strlen(".safetensors");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return (strncmp(name, "checkpoint-", 11) == 0 || strncmp(name, "blackbox-", 9) == 0) &&
           n > ending && strcmp(name + n - ending, ".safetensors") == 0;
}

int record_forget(struct run *run, struct satz_error *err)
{
    DIR *d = opendir(run->folder);
    int status =
        d || errno == ENOENT ? 0 : error_set_errno(err, "%s: cannot be opened", run->folder);
    for (struct dirent *e; d && status == 0 && (e = readdir(d));)
        if (is_ours(e->d_name) && unlinkat(dirfd(d), e->d_name, 0) < 0 && errno != ENOENT)
            status = error_set_errno(err, "%s/%s: cannot be deleted", run->folder, e->d_name);
    if (d)
        closedir(d);
    json_decref(run->facts);
    run->facts = NULL;
    run->state = RUN_NEW;
    return status;
}
