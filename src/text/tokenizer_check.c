/* The format: sentencepiece_model.proto of SentencePiece; on the wire, Protocol Buffers. The table
 * of characters ("precompiled_charsmap"): 4 bytes size of a double array (Darts-clone), the double
 * array, strings that end with '\0'. */
#include "text/tokenizer_check.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    LONGEST_PIECE = 8192,       /* bytes; longer than a sentence that the library learns from */
    LONGEST_REPLACEMENT = 1024, /* of a character */
};

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct field {
    uint32_t number;
    enum wire wire;
    const unsigned char *bytes; /* [n]: the value of WIRE_BYTES and WIRE_32 */
    size_t n;
};

struct bytes {
    const unsigned char *at, *end;
};

/* Only the shortest form of a number, so that nobody can read it as another one. */
static bool take_varint(struct bytes *b, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; b->at < b->end && shift < 64; shift += 7) {
        unsigned byte = *b->at++;
        if (shift == 63 && byte > 1)
            return false;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return byte > 0 || shift == 0;
    }
    return false;
}

static bool take_field(struct bytes *b, struct field *f)
{
    uint64_t tag, value;
    if (!take_varint(b, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->wire = (enum wire)(tag & 7);
    if (f->wire == WIRE_VARINT) {
        f->n = 0;
        return take_varint(b, &value);
    }
    if (f->wire == WIRE_BYTES) {
        if (!take_varint(b, &value))
            return false;
    } else if (f->wire == WIRE_32 || f->wire == WIRE_64) {
        value = f->wire == WIRE_32 ? 4 : 8;
    } else {
        return false; /* groups, which no version has */
    }
    if (value > (size_t)(b->end - b->at))
        return false;
    f->bytes = b->at;
    f->n = (size_t)value;
    b->at += f->n;
    return true;
}

/* Whether the bytes are fields, each of which passes. */
static bool check_fields(const unsigned char *bytes, size_t n, bool (*check)(const struct field *))
{
    struct bytes b = {bytes, bytes + n};
    struct field f;
    while (b.at < b.end)
        if (!take_field(&b, &f) || !check(&f))
            return false;
    return true;
}

/* An entry's step goes to some index of the block of 256 around its base, whatever the byte; the
 * base itself holds the value where there is one: an offset in the text. */
static bool check_units(const unsigned char *units, size_t n, size_t text)
{
    if (n < 256)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t unit, value;
        memcpy(&unit, units + 4 * i, 4);
        if (unit >> 31) /* a value: no byte leads here */
            continue;
        size_t base = i ^ ((size_t)(unit >> 10) << ((unit >> 9 & 1) * 8));
        if ((base | 255) >= n)
            return false;
        memcpy(&value, units + 4 * base, 4);
        if ((unit >> 8 & 1) && (value & INT32_MAX) >= text)
            return false;
    }
    return true;
}

static bool check_replacements(const unsigned char *text, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        length = text[i] ? length + 1 : 0;
        if (length > LONGEST_REPLACEMENT)
            return false;
    }
    return n > 0 && text[n - 1] == '\0';
}

static bool check_characters(const unsigned char *bytes, size_t n)
{
    uint32_t size;
    if (n == 0)
        return true;
    if (n < sizeof size)
        return false;
    memcpy(&size, bytes, sizeof size);
    bytes += sizeof size;
    n -= sizeof size;
    return size <= n && size % 4 == 0 && check_units(bytes, size / 4, n - size) &&
           check_replacements(bytes + size, n - size);
}

/* Fields of the messages in a model. */
enum {
    MODEL_PIECE = 1,
    MODEL_TRAINER = 2,
    MODEL_NORMALIZER = 3,
    MODEL_DENORMALIZER = 5,
    PIECE_TEXT = 1,
    PIECE_SCORE = 2,
    TRAINER_UNKNOWN_SURFACE = 44,
    NORMALIZER_CHARACTERS = 2,
};

static bool check_piece(const struct field *f)
{
    float score = 0;
    if (f->number == PIECE_SCORE && f->wire == WIRE_32)
        memcpy(&score, f->bytes, sizeof score);
    return isfinite(score) &&
           !(f->number == PIECE_TEXT && f->wire == WIRE_BYTES && f->n > LONGEST_PIECE);
}

static bool check_trainer(const struct field *f)
{
    return f->number != TRAINER_UNKNOWN_SURFACE || f->wire != WIRE_BYTES || f->n <= LONGEST_PIECE;
}

static bool check_normalizer(const struct field *f)
{
    return f->number != NORMALIZER_CHARACTERS || f->wire != WIRE_BYTES ||
           check_characters(f->bytes, f->n);
}

static bool check_model(const struct field *f)
{
    static bool (*const checks[])(const struct field *) = {
        [MODEL_PIECE] = check_piece,
        [MODEL_TRAINER] = check_trainer,
        [MODEL_NORMALIZER] = check_normalizer,
        [MODEL_DENORMALIZER] = check_normalizer,
    };
    if (f->wire != WIRE_BYTES || f->number >= sizeof checks / sizeof *checks || !checks[f->number])
        return true;
    return check_fields(f->bytes, f->n, checks[f->number]);
}

int tokenizer_check(const void *model, size_t n, struct satz_error *err)
{
    return check_fields(model, n, check_model)
               ? 0
               : error_set(err, "these %zu bytes are not a SentencePiece model, or a damaged one",
                           n);
}
