/* How much a randomized test does: so many as somebody asks for, or its usual number; a tenth of that where sanitizers make
 * each cost five times as much, as the same test runs without them too. */
#ifndef JAM_DOSE_H
#define JAM_DOSE_H

#include <stdint.h>
#include <stdlib.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

static inline uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* JAM_HISTORIES says how many. */
static inline uint64_t dose(uint64_t usual)
{
    int slow = __has_feature(address_sanitizer);
#ifdef __SANITIZE_ADDRESS__
    slow = 1;
#endif
    return number_from("JAM_HISTORIES", slow ? usual / 10 : usual);
}

#endif
