/* Word alignments, any bytes: in Pharaoh's format as a line, and as a gold file of either format
 * beside sentences of few words. Links are of the words that there are, and what was read, written
 * again, is read as the same. */
#include <string.h>

#include "cli/alignment.h"
#include "scratch.h"
#include "silence.h"
#include "text/pharaoh.h"

enum { WORDS = 7 };

static void check_links(const struct satz_link *links, size_t n, int n_sources, int n_targets)
{
    for (size_t i = 0; i < n; i++)
        if (links[i].source < 0 || links[i].target < 0 ||
            (n_sources >= 0 && links[i].source >= n_sources) ||
            (n_targets >= 0 && links[i].target >= n_targets) || !(links[i].weight >= 0) ||
            links[i].weight > 1)
            abort();
}

static void read_line(const char *line, size_t n, int base)
{
    struct satz_error err;
    struct pharaoh p = {0}, again = {0};
    char *text = NULL;
    size_t size = 0;
    if (pharaoh_parse(&p, line, n, base, -1, WORDS, &err) == 0) {
        check_links(p.links, p.n, -1, WORDS);
        FILE *out = open_memstream(&text, &size);
        if (!out)
            abort();
        alignment_print(out, p.links, p.n, true);
        fclose(out);
        if (pharaoh_parse(&again, text, size - 1, 0, -1, WORDS, &err) < 0 || again.n != p.n)
            abort();
        for (size_t i = 0; i < p.n; i++)
            if (again.links[i].source != p.links[i].source ||
                again.links[i].target != p.links[i].target)
                abort();
        free(text);
    }
    pharaoh_release(&p);
    pharaoh_release(&again);
}

static void read_gold(const char *path, bool naacl, int base)
{
    static const struct usage usage = {.name = "fuzz"};
    struct gold g = {.naacl = naacl, .base = base};
    if (gold_open(&g, path, &usage) != 0)
        abort();
    struct satz_link *links;
    size_t n, sentence = 0;
    while (sentence < 50 && gold_next(&g, WORDS, sentence % 2 ? -1 : WORDS, &links, &n) == 0) {
        check_links(links, n, WORDS, sentence++ % 2 ? -1 : WORDS);
        free(links);
    }
    gold_end(&g);
    gold_close(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    silence();
    const char *path = scratch_path("gold");
    scratch_write(path, data, size);
    read_gold(path, true, 0);
    read_gold(path, false, 0);
    read_gold(path, false, 1);
    char *copy = malloc(size + 1); /* of no more bytes than the line has */
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    for (int base = 0; base < 2; base++)
        read_line(copy, size, base);
    free(copy);
    return 0;
}
