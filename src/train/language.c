#include "train/language.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* The commonest short words, each between spaces. */
static const struct {
    const char *code, *name, *words;
} languages[LANGUAGE_MOST] = {
    {"en", "English",
     " the and of to in is that it for with was his are he as on by be this from at an have "},
    {"de", "German",
     " der die und das den von zu mit sich des auf ist nicht ein eine im dem für als auch es an "},
    {"fr", "French",
     " le la les des et un une est dans qui que pour pas sur au avec il sont du ce ne en "},
    {"es", "Spanish",
     " el la los de que y en las por con una su para es al lo como más pero del un se "},
    {"it", "Italian",
     " il la di che e un una per non sono con del della le gli si da nel alla più è in "},
    {"nl", "Dutch",
     " de het een en van ik te dat die in is niet zijn op aan met voor er maar om hij "},
    {"pt", "Portuguese", " o a de que e do da em um para com não uma os no se na por mais as dos "},
    {"sv", "Swedish",
     " och att det som en på är av för den till inte har de ett om jag med var han i "},
    {"cs", "Czech", " a se na v že je s z do o jsem to by jako ale pro za si není ve "},
    {"pl", "Polish", " i w nie na się że z do to jest o jak ale po co przez tak za od są "},
};

const char *language_code(int language)
{
    return languages[language].code;
}

const char *language_name(int language)
{
    return languages[language].name;
}

int language_find(const char *code, size_t n)
{
    for (int i = 0; i < LANGUAGE_MOST; i++)
        if (strlen(languages[i].code) == n && strncmp(languages[i].code, code, n) == 0)
            return i;
    return -1;
}

static bool is_letter(unsigned char c)
{
    return isalpha(c) || c >= 0x80;
}

static void add_word(struct language_profile *p, const char *word, size_t n)
{
    enum { LONGEST = 8 };
    char padded[LONGEST + 3] = " ";
    p->words++;
    if (n > LONGEST)
        return;
    for (size_t i = 0; i < n; i++)
        padded[1 + i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 32 : word[i]);
    padded[1 + n] = ' ';
    /* a word of several languages tells little of each */
    int n_languages = 0;
    for (int i = 0; i < LANGUAGE_MOST; i++)
        n_languages += strstr(languages[i].words, padded) != NULL;
    for (int i = 0; i < LANGUAGE_MOST && n_languages > 0; i++)
        if (strstr(languages[i].words, padded))
            p->hits[i] += 1.0 / (n_languages * n_languages);
}

static unsigned bucket(const char *text)
{
    uint32_t h = 0;
    for (int i = 0; i < 3; i++)
        h = (h ^ (unsigned char)text[i]) * 0x9E3779B1u;
    return (h >> 16) % LANGUAGE_BUCKETS;
}

void language_add(struct language_profile *p, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t start = i;
        while (i < n && is_letter((unsigned char)text[i]))
            i++;
        if (i > start)
            add_word(p, text + start, i - start);
        else
            i++;
    }
    for (size_t i = 0; i + 3 <= n; i++)
        p->trigrams[bucket(text + i)]++;
    p->total += n >= 3 ? (double)(n - 2) : 0;
}

int language_guess(const struct language_profile *p, double *share)
{
    int best = 0, next = -1;
    for (int i = 1; i < LANGUAGE_MOST; i++) {
        if (p->hits[i] > p->hits[best]) {
            next = best;
            best = i;
        } else if (next < 0 || p->hits[i] > p->hits[next]) {
            next = i;
        }
    }
    *share = p->hits[best] / fmax(p->hits[best] + p->hits[next], 1);
    /* of a real text's words one in three to ten is such a one */
    return p->hits[best] >= 10 && p->hits[best] > 0.04 * p->words ? best : -1;
}

double language_fit(const struct language_profile *p, const char *text, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i + 3 <= n; i++)
        sum += log((p->trigrams[bucket(text + i)] + 0.5) / (p->total + 0.5 * LANGUAGE_BUCKETS));
    return n >= 3 ? sum / (double)(n - 2) : 0;
}

double language_likeness(const struct language_profile *a, const struct language_profile *b)
{
    double product = 0, x = 0, y = 0;
    for (int i = 0; i < LANGUAGE_BUCKETS; i++) {
        product += a->trigrams[i] * b->trigrams[i];
        x += a->trigrams[i] * a->trigrams[i];
        y += b->trigrams[i] * b->trigrams[i];
    }
    return x > 0 && y > 0 ? product / sqrt(x * y) : 0;
}
