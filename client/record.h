/* What a class leaves behind: records of LOCAL.md's method `class.export` as a text that is read without Jam, in Markdown, or
 * as JSON lines. Functions of a stream, so that the file can be tested. */
#ifndef JAM_RECORD_H
#define JAM_RECORD_H

#include <stdio.h>

#include "page.h"

/* Where the text stands, and what it has so far. */
struct record {
    FILE *out;
    bool json;
    char section[16]; /* the heading that was written last */
    bool own;         /* what follows belongs to who keeps it, not to a jam */
    char who[256];    /* who keeps it, made harmless */
    uint64_t count;   /* records so far */
    uint64_t jams;
    uint64_t lines;
    uint64_t letters;
    uint64_t lost; /* of one's own, sealed with a key that is gone */
};

/* Adds one record. Errors stick in the stream. */
void record_put(struct record *, const msgpack_object *record);

/* A name for a file: of what others called a class or themselves, only letters, digits, spaces and dashes. Never empty, a
 * path, hidden or longer than 80 bytes. out holds 96 bytes. */
char *record_name(struct slice name, char *out);

#endif
