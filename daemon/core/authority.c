/* Who may do what in a class. */
#include "authority.h"

bool authority_is_teacher(struct store *store, const struct person_id *person)
{
    uint8_t seed[32];
    (void)person;
    bool made_here = store_local_get(store, "root seed", seed, sizeof(seed));
    memset(seed, 0, sizeof(seed));
    return made_here;
}

uint64_t class_policy(struct store *store)
{
    uint64_t policy = 0;
    sqlite3_stmt *stmt = store_query(store, "SELECT policy FROM class");
    if (store_row(store, stmt)) {
        policy = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    return policy;
}
