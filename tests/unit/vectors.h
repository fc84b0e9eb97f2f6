/* Test vectors as plain text: cases apart by empty lines, each line `key value`, bytes in hex, # before a comment.
 * A test writes all its cases into a struct pack (here just a growing text) and compares them with the file. */
#ifndef JAM_VECTORS_H
#define JAM_VECTORS_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <cmocka.h>

#include "keys.h"
#include "pack.h"

static inline void put_text(struct pack *out, const char *key, const char *value)
{
    pack_raw(out, slice_str(key));
    pack_raw(out, slice_str(" "));
    pack_raw(out, slice_str(value));
    pack_raw(out, slice_str("\n"));
}

static inline void put_bytes(struct pack *out, const char *key, struct slice bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    assert_non_null(text);
    put_text(out, key, hex(text, bytes.at, bytes.len));
    free(text);
}

static inline void put_uint(struct pack *out, const char *key, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, number);
    put_text(out, key, text);
}

static inline void put_case(struct pack *out, const char *name)
{
    pack_raw(out, slice_str("\n"));
    put_text(out, "case", name);
}

/* The whole file, terminated; the caller frees it. */
static inline char *vectors_read(const char *path)
{
    enum { FILE_BYTES_MAX = 1024 * 1024 };
    char *text = malloc(FILE_BYTES_MAX);
    assert_non_null(text);
    FILE *file = fopen(path, "r");
    if (!file) {
        fail_msg("%s isn't there: run from the top folder, or with JAM_WRITE_VECTORS=1", path);
    }
    text[fread(text, 1, FILE_BYTES_MAX - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* The lines of the next case behind *at, in which *at moves on; false at the end. */
static inline bool vectors_next(const char **at, struct slice *lines)
{
    const char *begin = strstr(*at, "\n\ncase ");
    if (!begin) {
        return false;
    }
    begin += 2;
    const char *end = strstr(begin, "\n\n");
    end = end ? end + 1 : begin + strlen(begin);
    *lines = slice_of(begin, (size_t)(end - begin));
    *at = end - 1;
    return true;
}

/* What stands behind `key ` on the first line that has it; false if no line has. */
static inline bool case_text(struct slice lines, const char *key, struct slice *value)
{
    const char *at = (const char *)lines.at;
    const char *end = at + lines.len;
    size_t key_len = strlen(key);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end ? line_end : end;
        if ((size_t)(line_end - at) > key_len && memcmp(at, key, key_len) == 0 &&
            at[key_len] == ' ') {
            *value = slice_of(at + key_len + 1, (size_t)(line_end - at) - key_len - 1);
            return true;
        }
        at = line_end + 1;
    }
    return false;
}

/* The bytes of a line, as long as room; the test fails if they aren't there. */
static inline struct slice case_bytes(struct slice lines, const char *key, uint8_t *room,
                                      size_t room_len)
{
    struct slice text = {0};
    size_t len = 0;
    if (!case_text(lines, key, &text) || text.len % 2 != 0 || text.len / 2 > room_len) {
        fail_msg("no bytes: %s", key);
    }
    for (size_t i = 0; i < text.len; i += 2) {
        char pair[3] = {(char)text.at[i], (char)text.at[i + 1], '\0'};
        char *end;
        room[len++] = (uint8_t)strtoul(pair, &end, 16);
        assert_ptr_equal(end, pair + 2);
    }
    return slice_of(room, len);
}

static inline void assert_text_equal(struct slice got, struct slice expected)
{
    if (!slice_equal(got, expected)) {
        fail_msg("got:\n%.*s\nexpected:\n%.*s", (int)got.len, (const char *)got.at,
                 (int)expected.len, (const char *)expected.at);
    }
}

/* Does the file say exactly this? With JAM_WRITE_VECTORS=1 it is made to. */
static inline void vectors_compare(const char *path, const struct pack *text)
{
    struct slice all = pack_bytes(text);
    const char *write = getenv("JAM_WRITE_VECTORS");
    assert_false(text->failed);
    if (write && strcmp(write, "1") == 0) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(all.at, 1, all.len, file), all.len);
        assert_int_equal(fclose(file), 0);
    }
    char *stored = vectors_read(path);
    assert_text_equal(all, slice_str(stored));
    free(stored);
}

#endif
