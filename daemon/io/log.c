/* Lines on standard error: clean, and never a flood. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "clock.h"
#include "text.h"

enum { LINE_BYTES = 1024, WINDOW_MS = 10000, SAID_MAX = 5, LINES_MAX = 300 };

/* Whether this text may be said again. Texts of one hash share a count: a bounded table, and nobody is shut up long. */
static bool log_may(struct log *log, const char *line)
{
    int64_t window = clock_now().mono.ms / WINDOW_MS;
    if (window != log->window) {
        *log = (struct log){.window = window};
    }
    uint32_t sum = 2166136261u;
    for (const char *c = line; *c; c++) {
        sum = (sum ^ (uint8_t)*c) * 16777619u;
    }
    uint16_t *said = &log->said[sum % LOG_TEXTS];
    if (*said >= SAID_MAX || log->lines >= LINES_MAX) {
        return false;
    }
    (*said)++;
    log->lines++;
    return true;
}

static void log_print(const char *line)
{
    char clean[2 * LINE_BYTES];
    text_show(slice_str(line), 0, clean, sizeof clean);
    fprintf(stderr, "jamd: %s\n", clean);
}

void log_line(struct log *log, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (log_may(log, line)) {
        log_print(line);
    }
}

void why_what(struct why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->what, sizeof why->what, format, args);
    va_end(args);
}

void why_detail(struct why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->detail, sizeof why->detail, format, args);
    va_end(args);
}

void why_print(enum err err, const struct why *why)
{
    char sentence[LINE_BYTES / 2], hint[LINE_BYTES / 4], line[LINE_BYTES];
    err_fill(sentence, sizeof sentence, err_sentence(err), why->what, why->detail);
    err_fill(hint, sizeof hint, err_try(err), why->what, why->detail);
    snprintf(line, sizeof line, *hint ? "%s Try: %s." : "%s%s", sentence, hint);
    log_print(line);
}
