/* corpus_file.h -- the cache file of corpus.h: its layout, and how it is written.
 *
 *     ids of pair 0: source, target; ids of pair 1 ...     uint16 or uint32 each
 *     (an aligned corpus has after each pair's ids the word of each, and then its links: source
 *     word, target word, weight)
 *     zeros up to a multiple of 8 bytes
 *     struct corpus_entry [pairs]
 *     struct corpus_trailer
 *
 * Numbers are in the machine's byte order; another machine's file fails the magic number and is
 * made again. The totals stand at the end because they are known only there. */
#ifndef SATZ_TEXT_CORPUS_FILE_H
#define SATZ_TEXT_CORPUS_FILE_H

#include "text/corpus.h"

#define CORPUS_MAGIC   UINT64_C(0x31305352504F4353) /* "SCOPRS01" */
#define CORPUS_VERSION UINT64_C(1)
#define CORPUS_CHUNK   65536 /* bytes per step of a chained checksum */

struct corpus_entry {
    uint64_t offset; /* of its source ids, counted in ids, as all numbers before the entries are */
    uint32_t source_length, target_length;
    uint32_t file, line;
};

struct corpus_trailer {
    uint64_t magic, version, key;
    uint64_t id_bytes, n_ids;
    struct corpus_statistics statistics; /* .kept is the number of entries */
    uint64_t body_sum;                   /* of all bytes before the trailer, in chunks */
    uint64_t sum;                        /* of the trailer up to here */
};

/* Bytes of an id: 2 when both vocabularies allow. */
uint64_t corpus_id_bytes(const struct corpus_options *o);

enum { CORPUS_LINK = 3 }; /* numbers of a link */

/* Encodes the text into the file `path`. */
int corpus_write(const struct corpus_options *o, uint64_t key, const char *path,
                 struct satz_error *err);

#endif
