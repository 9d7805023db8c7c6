/* file.h -- reading whole files, mapping them, and replacing them atomically.
 *
 * A file written through file_writer either appears complete under its name or not at all: bytes go
 * to "NAME.tmp.PID", commit does fsync, rename and fsync of the folder, so that a crash at any
 * moment leaves the old file or the new one. Its writer holds a lock (flock) on the temporary file:
 * one that nobody has locked is the half of a process that is gone. */
#ifndef SATZ_BASE_FILE_H
#define SATZ_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/* Appends the whole file to *out; an error if it is larger than `limit` bytes. */
int file_read(const char *path, size_t limit, struct strbuf *out, struct satz_error *err);

bool file_exists(const char *path);

/* mkdir -p; an error if something else has the name. */
int file_make_folder(const char *path, struct satz_error *err);

/* Makes a folder of its own, "satz-WHAT-" and six characters, where TMPDIR says or in /tmp. NULL
 * with *err set when that fails. file_remove_scratch deletes it with all that is in it, and frees.
 */
char *file_make_scratch(const char *what, struct satz_error *err);
void file_remove_scratch(char *folder);

/* "folder/name"; the caller frees it. NULL with *err set when memory is short. */
char *file_join(const char *folder, const char *name, struct satz_error *err);

/* Read-only mapping of a plain file. An empty file maps to size 0. */
struct file_map {
    const unsigned char *data;
    size_t size;
};
int file_map_open(struct file_map *map, const char *path, struct satz_error *err);
void file_map_release(struct file_map *map);

/* Starts a file that will be called `path`; NULL with *err set when it cannot be written. */
struct file_writer;
struct file_writer *file_writer_open(const char *path, struct satz_error *err);
int file_writer_write(struct file_writer *w, const void *bytes, size_t n, struct satz_error *err);
/* Bytes written so far. */
uint64_t file_writer_size(const struct file_writer *w);
/* Both free the writer. After a failed commit the old file is as it was; only where the folder
 * could not be synced is the new one in its place already. */
int file_writer_commit(struct file_writer *w, struct satz_error *err);
void file_writer_abort(struct file_writer *w);

/* Deletes such halves of files "NAMEending" ('.model') in the folder; those being written stay. */
int file_remove_halves(const char *folder, const char *ending, struct satz_error *err);

/* file_writer in one call. */
int file_replace(const char *path, const void *bytes, size_t n, struct satz_error *err);

/* 64-bit XXH3 checksum; chain pieces by passing the last result as the next seed. */
uint64_t checksum(const void *bytes, size_t n, uint64_t seed);

#endif
