/* Days as people write them, by the Gregorian calendar, in UTC. */
#include "date.h"

#include <stdio.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* Days from 1970 to a day of the Gregorian calendar; years count from March, so that the leap day is the last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

bool date_read(struct slice text, uint64_t *ms)
{
    static const char form[] = "0000-00-00";
    int64_t part[3] = {0};
    size_t at = 0;
    if (text.len != sizeof(form) - 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool digit = text.at[i] >= '0' && text.at[i] <= '9';
        if (form[i] == '-' ? text.at[i] != '-' : !digit) {
            return false;
        }
        if (form[i] == '-') {
            at++;
        } else {
            part[at] = part[at] * 10 + text.at[i] - '0';
        }
    }
    if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1) {
        return false;
    }
    int64_t next = part[1] == 12 ? days_of(part[0] + 1, 1, 1) : days_of(part[0], part[1] + 1, 1);
    int64_t days = days_of(part[0], part[1], part[2]);
    *ms = (uint64_t)(days * DAY_MS);
    return days < next;
}

const char *date_text(uint64_t ms, char out[DATE_BYTES])
{
    int64_t days = (int64_t)(ms / DAY_MS), year = 1970, month = 1;
    if (ms == 0 || days >= days_of(10000, 1, 1)) {
        return NULL;
    }
    year += days / 366;
    while (days_of(year + 1, 1, 1) <= days) {
        year++;
    }
    while (month < 12 && days_of(year, month + 1, 1) <= days) {
        month++;
    }
    snprintf(out, DATE_BYTES, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100,
             (unsigned)(days - days_of(year, month, 1) + 1) % 100);
    return out;
}
