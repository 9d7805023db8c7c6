#include "serve/head.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

struct head_word head_word(const char *text)
{
    struct head_word w = {"missing"};
    size_t n = text ? strnlen(text, sizeof w.text - 1) : 0;
    for (size_t i = 0; i < n; i++)
        w.text[i] = text[i] >= ' ' && text[i] < 127 ? text[i] : '?';
    if (text)
        w.text[n] = '\0';
    return w;
}

struct framing {
    int lengths, codings;
    bool chunked;
};

static enum MHD_Result count_header(void *user, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct framing *f = user;
    (void)kind;
    f->lengths += strcasecmp(name, "Content-Length") == 0;
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        f->codings++;
        f->chunked = value && strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

bool head_has_clear_end(struct MHD_Connection *connection)
{
    struct framing f = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &f);
    return f.lengths + f.codings <= 1 && (f.codings == 0 || f.chunked);
}
