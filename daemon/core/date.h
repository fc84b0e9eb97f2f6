/* Days as people write them: 2027-07-01. */
#ifndef JAM_DATE_H
#define JAM_DATE_H

#include "bytes.h"

enum { DATE_BYTES = 16 };

/* The start of that day, in milliseconds since 1970 UTC; false if it isn't written so or there is no such day. */
bool date_read(struct slice text, uint64_t *ms);
/* The day of a moment, in out; NULL for 0, or beyond the year 9999. */
const char *date_text(uint64_t ms, char out[DATE_BYTES]);

#endif
