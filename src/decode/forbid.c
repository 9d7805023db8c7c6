/* What a hypothesis must not go on with: words of forbidden texts, words that leave no room for
 * required phrases, words that are part of one that must be whole, and repeated sequences.
 *
 * A forbidden text is looked for in the text of the hypothesis, so that it is found however its
 * words are cut into tokens. It is there when it stands between characters that are neither letters
 * nor digits, or the ends; the end of what is written so far counts, so that a hypothesis never has
 * to go on with half a word. (A longer word that begins like a forbidden one can be written only
 * where one token reaches beyond that.) */
#include "decode/forbid.h"

#include <unictype.h>

#include "base/utf8.h"
#include "decode/search_private.h"

static const char space[] = "\xE2\x96\x81"; /* what tokens write for one */
enum { SPACE = sizeof space - 1 };

static bool is_word_character(uint32_t code)
{
    return uc_is_alnum(code);
}

/* Whether text [n] begins, or ends, with a letter or digit. */
static bool begins_in_word(const char *text, int n)
{
    uint32_t code;
    return n > 0 && utf8_decode(text, (size_t)n, &code) > 0 && is_word_character(code);
}

static bool ends_in_word(const char *text, int n)
{
    int from = n - 1;
    while (from > 0 && ((unsigned char)text[from] & 0xC0) == 0x80)
        from--;
    return n > 0 && begins_in_word(text + from, n - from);
}

static const char *piece_of(const struct work *w, int word)
{
    return word == TOKEN_UNKNOWN ? " ⁇ "
           : word == TOKEN_END   ? ""
                                 : tokenizer_piece(w->options->tokenizer, word);
}

/* Writes a token's text to `to`, which may be NULL; returns its bytes. */
static int piece_text(const char *piece, char *to)
{
    int n = 0;
    while (*piece) {
        bool is_space = strncmp(piece, space, SPACE) == 0;
        if (to)
            to[n] = is_space ? ' ' : *piece;
        piece += is_space ? SPACE : 1;
        n++;
    }
    return n;
}

int forbid_text_size(const struct search_task *task, const struct tokenizer *t)
{
    size_t phrase = 0, piece = sizeof " ⁇ ";
    if (task->n_forbidden == 0)
        return 0;
    for (int i = 0; i < task->n_forbidden; i++) {
        size_t n = strlen(task->forbidden[i]);
        phrase = n > phrase ? n : phrase;
    }
    for (int i = 0; i < tokenizer_size(t); i++) {
        size_t n = strlen(tokenizer_piece(t, i));
        piece = n > piece ? n : piece;
    }
    return (int)(phrase + 2 * piece + 8);
}

/* Puts the end of row `row`'s text, enough to tell of a phrase that ends in what follows, at the
 * start of w->text. Returns its bytes. */
static int write_tail(struct work *w, int row, int longest_phrase)
{
    int need = longest_phrase + 4, n = 0;
    for (int node = w->now[row].node; node >= 0 && n < need; node = w->nodes[node].parent) {
        const char *piece = piece_of(w, w->nodes[node].word);
        int length = piece_text(piece, NULL);
        memmove(w->text + length, w->text, (size_t)n);
        piece_text(piece, w->text);
        n += length;
    }
    return n;
}

/* Whether `phrase` ends in text [n] behind its first `old` bytes. */
static bool phrase_ends_in(const char *text, int old, int n, const char *phrase)
{
    int length = (int)strlen(phrase), from = old - length + 1;
    bool left = begins_in_word(phrase, length), right = ends_in_word(phrase, length);
    for (int i = from > 0 ? from : 0; i + length <= n; i++)
        if (memcmp(text + i, phrase, (size_t)length) == 0 && !(left && ends_in_word(text, i)) &&
            !(right && begins_in_word(text + i + length, n - i - length)))
            return true;
    return false;
}

bool forbid_contains(const char *text, const char *phrase)
{
    return phrase_ends_in(text, 0, (int)strlen(text), phrase);
}

static bool writes_forbidden(struct work *w, int row, int word)
{
    const struct search_task *task = row_sentence(w, row)->task;
    int longest = 0;
    for (int i = 0; i < task->n_forbidden; i++) {
        int length = (int)strlen(task->forbidden[i]);
        longest = length > longest ? length : longest;
    }
    int old = write_tail(w, row, longest);
    int n = old + piece_text(piece_of(w, word), w->text + old);
    for (int i = 0; i < task->n_forbidden; i++)
        if (phrase_ends_in(w->text, old, n, task->forbidden[i]))
            return true;
    return false;
}

bool word_allowed(struct work *w, int row, int n, int word)
{
    const struct sentence *s = row_sentence(w, row);
    const struct search_task *task = s->task;
    const struct progress *p = &w->now[row].progress;
    bool closed = p->closed || (task->prefix_closed && n > 0 && n == task->prefix.n);
    if (closed) {
        const char *piece = piece_of(w, word);
        if (begins_in_word(piece, (int)strlen(piece)))
            return false;
    }
    if (task->n_required) {
        int room = word == TOKEN_END ? 0 : s->limit - (n + 1);
        if (require_step(task, *p, word).missing > room)
            return false;
    }
    return task->n_forbidden == 0 || word == TOKEN_END || !writes_forbidden(w, row, word);
}

/* With the last no_repeat - 1 words, which words would make a sequence that is there already? */
void forbid_repeats(struct work *w, int row, int n, struct row_scores *s)
{
    int before = w->options->no_repeat - 1;
    int *words = w->history;
    read_words(w, w->now[row].node, n, words);
    /* What was written has a place. */
    for (int i = 0; i + before < n; i++)
        if (memcmp(words + i, words + n - before, (size_t)before * sizeof *words) == 0)
            w->top->exclude(s->n, s->z, w->maxima, score_place(s, words[i + before]));
}
