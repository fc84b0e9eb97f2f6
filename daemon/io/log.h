/* Lines on standard error, and why something was refused at start. */
#ifndef JAM_LOG_H
#define JAM_LOG_H

#include "bytes.h"
#include "err.h"

enum { LOG_TEXTS = 64 };

/* Zero it to begin with. */
struct log {
    int64_t window; /* since when `said` counts */
    uint16_t said[LOG_TEXTS];
    uint16_t lines; /* in all */
};

/* One line, cleaned of control characters. In ten seconds a text that comes again and again is said five times, and
 * no more than some hundred lines in all. */
__attribute__((format(printf, 2, 3))) void log_line(struct log *, const char *format, ...);

/* What fills the sentence of an error (err.h's %1 and %2). */
struct why {
    char what[320];
    char detail[200];
};
__attribute__((format(printf, 2, 3))) void why_what(struct why *, const char *format, ...);
__attribute__((format(printf, 2, 3))) void why_detail(struct why *, const char *format, ...);

/* The error's sentence and what to do next, as one line on standard error. */
void why_print(enum err, const struct why *);

#endif
