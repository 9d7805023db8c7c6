#include "base/tensors.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the data of a safetensors file is used in place, which needs a little-endian processor"
#endif

#define METADATA     "__metadata__"
#define CHECKSUM_KEY "satz.checksum"
#define FORMAT_KEY   "satz.format"
#define FORMAT       "1"

/* What a header starts with, up to the 16 digits of the checksum. */
static const char opening[] = "{\"" METADATA "\":{\"" CHECKSUM_KEY "\":\"";

enum {
    LENGTH_SIZE = 8,
    ALIGNMENT = 64,
    N_DIGITS = 16,
    DIGITS_AT = LENGTH_SIZE + sizeof opening - 1, /* in the file */
    LARGEST_HEADER = 100000000,                   /* as in the format's reference implementation */
};

static const struct {
    const char *name;
    size_t size;
} types[] = {
#define TYPE_ROW(name, size) [TENSOR_##name] = {#name, size},
    TENSOR_TYPE_LIST(TYPE_ROW)
#undef TYPE_ROW
};

const char *tensor_type_name(enum tensor_type type)
{
    return types[type].name;
}

int tensor_bytes(const struct tensor *tensor, size_t *bytes)
{
    size_t product = types[tensor->type].size;
    bool empty = false;
    for (int i = 0; i < tensor->rank; i++)
        empty |= tensor->shape[i] == 0;
    for (int i = 0; i < tensor->rank && !empty; i++)
        if (__builtin_mul_overflow(product, tensor->shape[i], &product))
            return -1;
    *bytes = empty ? 0 : product;
    return 0;
}

/* The checksum of a file whose digits stand at DIGITS_AT, from the head up to the data and the
 * arrays one by one. */
static void checksum_head(XXH3_state_t *state, const char *head, size_t n)
{
    static const char zeros[] = "0000000000000000";
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, head, DIGITS_AT);
    XXH3_64bits_update(state, zeros, N_DIGITS);
    XXH3_64bits_update(state, head + DIGITS_AT + N_DIGITS, n - DIGITS_AT - N_DIGITS);
}

static void checksum_digits(const XXH3_state_t *state, char digits[N_DIGITS + 1])
{
    snprintf(digits, N_DIGITS + 1, "%016llx", (unsigned long long)XXH3_64bits_digest(state));
}

/* ---- writing ---- */

struct piece {
    const struct tensor *tensor;
    size_t bytes, alignment, index;
};

static int compare_pieces(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->alignment != y->alignment)
        return x->alignment > y->alignment ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* The arrays in the order of the file. Sorted by the largest power of two that divides their size,
 * each starts at a multiple of its own power: the sizes before it are multiples too. */
static struct piece *order_pieces(const struct tensor *items, size_t n, struct satz_error *err)
{
    struct piece *pieces = memory_new(n, sizeof *pieces, err);
    if (!pieces)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t bytes;
        if (tensor_bytes(&items[i], &bytes) < 0) {
            error_set(err, "the array %s is too large", items[i].name);
            free(pieces);
            return NULL;
        }
        size_t power = bytes & (~bytes + 1);
        if (power == 0 || power > ALIGNMENT)
            power = ALIGNMENT;
        pieces[i] = (struct piece){&items[i], bytes, power, i};
    }
    qsort(pieces, n, sizeof *pieces, compare_pieces);
    return pieces;
}

/* Adds `value`, which is then no longer the caller's, under a name not used before. */
static int add(json_t *object, const char *name, json_t *value, struct satz_error *err)
{
    if (utf8_valid_prefix(name, strlen(name)) < strlen(name) || json_object_get(object, name)) {
        json_decref(value);
        return error_set(err, "\"%s\" is given twice, reserved, or not valid UTF-8", name);
    }
    if (json_object_set_new(object, name, value) < 0)
        return error_set(err, "out of memory while writing \"%s\"", name);
    return 0;
}

static int add_metadata(json_t *header, const struct tensors_entry *metadata, size_t n,
                        struct satz_error *err)
{
    json_t *object = json_object();
    if (add(header, METADATA, object, err) < 0 ||
        add(object, CHECKSUM_KEY, json_string("0000000000000000"), err) < 0 ||
        add(object, FORMAT_KEY, json_string(FORMAT), err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *value = metadata[i].value;
        if (utf8_valid_prefix(value, strlen(value)) < strlen(value))
            return error_set(err, "the value of \"%s\" is not valid UTF-8", metadata[i].key);
        if (add(object, metadata[i].key, json_string(value), err) < 0)
            return -1;
    }
    return 0;
}

static int add_pieces(json_t *header, const struct piece *pieces, size_t n, struct satz_error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const struct tensor *tensor = pieces[i].tensor;
        json_t *shape = json_array();
        for (int k = 0; k < tensor->rank; k++)
            json_array_append_new(shape, json_integer((json_int_t)tensor->shape[k]));
        size_t end = at + pieces[i].bytes;
        json_t *entry = json_pack("{s:s, s:o, s:[I,I]}", "dtype", types[tensor->type].name, "shape",
                                  shape, "data_offsets", (json_int_t)at, (json_int_t)end);
        if (add(header, tensor->name, entry, err) < 0)
            return -1;
        at = end;
    }
    return 0;
}

/* Length and header, the digits of the checksum zero; appended to *head. */
static int write_head(struct strbuf *head, const struct piece *pieces, size_t n,
                      const struct tensors_entry *metadata, size_t n_metadata,
                      struct satz_error *err)
{
    char *text = NULL;
    int status = -1;
    json_t *header = json_object();
    if (add_metadata(header, metadata, n_metadata, err) < 0 ||
        add_pieces(header, pieces, n, err) < 0)
        goto done;
    text = json_dumps(header, JSON_COMPACT);
    if (!text) {
        error_set(err, "out of memory while writing the header");
        goto done;
    }
    size_t length = strlen(text);
    size_t padding = (ALIGNMENT - (LENGTH_SIZE + length) % ALIGNMENT) % ALIGNMENT;
    if (length + padding > LARGEST_HEADER) {
        error_set(err, "a header of %zu bytes; the format allows %d", length, LARGEST_HEADER);
        goto done;
    }
    uint64_t total = length + padding;
    strbuf_add(head, &total, LENGTH_SIZE);
    strbuf_add(head, text, length);
    strbuf_addf(head, "%*s", (int)padding, "");
    status = strbuf_check(head, err);
done:
    free(text);
    json_decref(header);
    return status;
}

static int write_file(const char *path, const struct strbuf *head, const struct piece *pieces,
                      size_t n, struct satz_error *err)
{
    struct file_writer *w = file_writer_open(path, err);
    if (!w)
        return -1;
    if (file_writer_write(w, head->data, head->length, err) < 0)
        goto fail;
    for (size_t i = 0; i < n; i++)
        if (file_writer_write(w, pieces[i].tensor->data, pieces[i].bytes, err) < 0)
            goto fail;
    return file_writer_commit(w, err);
fail:
    file_writer_abort(w);
    return -1;
}

int tensors_write(const char *path, const struct tensor *items, size_t n,
                  const struct tensors_entry *metadata, size_t n_metadata, struct satz_error *err)
{
    struct strbuf head = {0};
    int status = -1;
    struct piece *pieces = order_pieces(items, n, err);
    if (!pieces || write_head(&head, pieces, n, metadata, n_metadata, err) < 0) {
        error_prefix(err, "%s: cannot write", path);
        goto done;
    }
    XXH3_state_t state;
    checksum_head(&state, head.data, head.length);
    for (size_t i = 0; i < n; i++)
        XXH3_64bits_update(&state, pieces[i].tensor->data, pieces[i].bytes);
    char digits[N_DIGITS + 1];
    checksum_digits(&state, digits);
    memcpy(head.data + DIGITS_AT, digits, N_DIGITS);
    status = write_file(path, &head, pieces, n, err);
done:
    strbuf_release(&head);
    free(pieces);
    return status;
}

/* ---- reading ---- */

/* Reads one array's description; its data become an offset that place_data turns into a pointer. */
struct entry {
    struct tensor tensor;
    size_t begin, end;
};

static int to_size(const json_t *number, size_t *out)
{
    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return -1;
    *out = (size_t)json_integer_value(number);
    return 0;
}

static int read_entry(struct entry *e, const char *name, json_t *object, struct satz_error *err)
{
    const char *type = json_string_value(json_object_get(object, "dtype"));
    const json_t *shape = json_object_get(object, "shape");
    const json_t *offsets = json_object_get(object, "data_offsets");
    e->tensor.name = name;
    if (!type || !json_is_array(shape) || json_array_size(offsets) != 2 ||
        json_object_size(object) != 3)
        return error_set(err, "the entry of \"%s\" is not dtype, shape and data_offsets", name);
    size_t k = 0, n_types = sizeof types / sizeof *types;
    while (k < n_types && strcmp(types[k].name, type) != 0)
        k++;
    if (k == n_types)
        return error_set(err, "\"%s\" has the unknown type %.20s", name, type);
    e->tensor.type = (enum tensor_type)k;
    if (json_array_size(shape) > TENSOR_MAX_RANK)
        return error_set(err, "\"%s\" has %zu dimensions, more than %d", name,
                         json_array_size(shape), TENSOR_MAX_RANK);
    e->tensor.rank = (int)json_array_size(shape);
    for (int i = 0; i < e->tensor.rank; i++)
        if (to_size(json_array_get(shape, (size_t)i), &e->tensor.shape[i]) < 0)
            return error_set(err, "the shape of \"%s\" is not made of whole numbers", name);
    size_t bytes;
    if (to_size(json_array_get(offsets, 0), &e->begin) < 0 ||
        to_size(json_array_get(offsets, 1), &e->end) < 0 || e->end < e->begin ||
        tensor_bytes(&e->tensor, &bytes) < 0 || bytes != e->end - e->begin)
        return error_set(err, "the data_offsets of \"%s\" do not fit its shape", name);
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The arrays, in order, must cover the data exactly. */
static int place_data(struct tensors *t, const struct entry *entries, const unsigned char *data,
                      size_t size, struct satz_error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (entries[i].begin != at || entries[i].end > size)
            return error_set(err, "the data of \"%s\" are not where the header says",
                             entries[i].tensor.name);
        at = entries[i].end;
        t->items[i] = entries[i].tensor;
        t->items[i].data = data + entries[i].begin;
    }
    return at == size ? 0 : error_set(err, "%zu bytes after the last array", size - at);
}

static int read_entries(struct tensors *t, const unsigned char *data, size_t size,
                        struct satz_error *err)
{
    int status = -1;
    size_t room = json_object_size(t->header);
    struct entry *entries = memory_new(room, sizeof *entries, err);
    t->items = entries ? memory_new(room, sizeof *t->items, err) : NULL;
    if (!t->items)
        goto done;
    const char *name;
    json_t *object;
    json_object_foreach(t->header, name, object)
    {
        if (strcmp(name, METADATA) == 0)
            continue;
        if (read_entry(&entries[t->n], name, object, err) < 0)
            goto done;
        t->n++;
    }
    qsort(entries, t->n, sizeof *entries, compare_entries);
    status = place_data(t, entries, data, size, err);
done:
    free(entries);
    return status;
}

static int check_metadata(const struct tensors *t, struct satz_error *err)
{
    json_t *metadata = json_object_get(t->header, METADATA);
    if (metadata && !json_is_object(metadata))
        return error_set(err, "its metadata are no object");
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return error_set(err, "the metadata \"%s\" are no text", key);
    }
    return 0;
}

/* A file with one of Satz's two entries must have the other: a foreign file has neither. */
static int check_checksum(struct tensors *t, struct satz_error *err)
{
    const char *written = tensors_metadata(t, CHECKSUM_KEY);
    const char *format = tensors_metadata(t, FORMAT_KEY);
    if (!written && !format)
        return 0;
    const char *head = (const char *)t->file.data;
    bool in_place = written && format && strlen(written) == N_DIGITS &&
                    t->file.size >= DIGITS_AT + N_DIGITS &&
                    memcmp(head + LENGTH_SIZE, opening, sizeof opening - 1) == 0;
    if (!in_place)
        return error_set(err, "its checksum is not where Satz puts it");
    XXH3_state_t state;
    checksum_head(&state, head, t->file.size);
    char digits[N_DIGITS + 1];
    checksum_digits(&state, digits);
    if (memcmp(digits, head + DIGITS_AT, N_DIGITS) != 0)
        return error_set(err, "checksum %s, but its bytes give %s", written, digits);
    t->checked = true;
    return 0;
}

static int read_header(struct tensors *t, size_t *length, struct satz_error *err)
{
    uint64_t declared = 0;
    if (t->file.size >= LENGTH_SIZE)
        memcpy(&declared, t->file.data, LENGTH_SIZE);
    if (declared < 2 || declared > t->file.size - LENGTH_SIZE || declared > LARGEST_HEADER)
        return error_set(err, "%zu bytes, with a header said to have %llu", t->file.size,
                         (unsigned long long)declared);
    json_error_t problem;
    const char *text = (const char *)t->file.data + LENGTH_SIZE;
    t->header = json_parse(text, (size_t)declared, JSON_REJECT_DUPLICATES, &problem);
    if (!t->header && !problem.text[0]) /* as jansson says that memory is short */
        return error_set(err, "out of memory while reading its header");
    if (!t->header)
        return error_set(err, "its header is not JSON: %s at byte %d", problem.text,
                         problem.position);
    if (!json_is_object(t->header))
        return error_set(err, "its header is not a JSON object");
    *length = (size_t)declared;
    return 0;
}

int tensors_open(struct tensors *t, const char *path, struct satz_error *err)
{
    struct tensors opened = {0};
    if (file_map_open(&opened.file, path, err) < 0)
        return -1;
    struct satz_error why = {0};
    size_t length = 0;
    if (read_header(&opened, &length, &why) < 0 || check_metadata(&opened, &why) < 0 ||
        check_checksum(&opened, &why) < 0)
        goto fail;
    size_t start = LENGTH_SIZE + length;
    if (read_entries(&opened, opened.file.data + start, opened.file.size - start, &why) < 0)
        goto fail;
    const char *format = tensors_metadata(&opened, FORMAT_KEY);
    if (format && strcmp(format, FORMAT) != 0) {
        error_set(err, "%s: is of format %s, this Satz reads format " FORMAT "; use a newer Satz",
                  path, format);
        tensors_release(&opened);
        return -1;
    }
    *t = opened;
    return 0;
fail:
    tensors_release(&opened);
    return error_set(err,
                     "%s: damaged, or not a safetensors file (%.400s); copy it again or use an "
                     "earlier one",
                     path, why.message);
}

void tensors_release(struct tensors *t)
{
    free(t->items);
    json_decref(t->header);
    file_map_release(&t->file);
    *t = (struct tensors){0};
}

const struct tensor *tensors_find(const struct tensors *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->items[i].name, name) == 0)
            return &t->items[i];
    return NULL;
}

const char *tensors_metadata(const struct tensors *t, const char *key)
{
    return json_string_value(json_object_get(json_object_get(t->header, METADATA), key));
}
