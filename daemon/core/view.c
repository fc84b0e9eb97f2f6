/* The views as one: the table of them, the way of an op into them, and ages as clients see them. */
#include "view.h"

#include "view_rows.h"

const struct view *const views[] = {
    &view_class, &view_person, &view_session, &view_teacher,  &view_seat,  &view_jam, &view_place,
    &view_role,  &view_task,   &view_note,    &view_feedback, &view_state, NULL,
};

void views_fold(struct store *store, const struct fact *fact)
{
    for (size_t i = 0; views[i]; i++) {
        if (views[i]->folds >> fact->op->kind & 1) {
            views[i]->fold(store, fact);
        }
    }
}

const struct method *views_method(struct slice name)
{
    for (size_t i = 0; views[i]; i++) {
        for (const struct method *m = views[i]->methods; m->name; m++) {
            if (slice_is(name, m->name)) {
                return m;
            }
        }
    }
    return NULL;
}

void pack_age(struct pack *p, const struct age *age)
{
    static const char *const clocks[] = {"seen", "class", "guessed"};
    pack_str(p, "at");
    pack_int(p, age->at_ms);
    pack_str(p, "age_s");
    pack_int(p, age->age_ms / 1000);
    pack_str(p, "clock");
    pack_str(p, clocks[age->clock]);
}
