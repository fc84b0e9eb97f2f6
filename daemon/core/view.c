/* The views as one: the table of them, the way of an op into them, and ages as clients see them. */
#include "view.h"

#include "view_rows.h"

const struct view *const views[] = {
    &view_class, &view_person,   &view_session, &view_teacher, &view_seat,     &view_jam,
    &view_place, &view_role,     &view_task,    &view_note,    &view_feedback, &view_redact,
    &view_state, &view_rotation, &view_closing, &view_export,  NULL,
};

void views_fold(struct store *store, const struct fact *fact)
{
    for (size_t i = 0; views[i]; i++) {
        if (views[i]->folds >> fact->op->kind & 1) {
            views[i]->fold(store, fact);
        }
    }
}

/* Only what stands in a set that grows can be taken out alone: no other fact ever hid behind it. */
bool views_unfold(struct store *store, const struct fact *fact)
{
    static const struct {
        enum op_kind kind;
        void (*unfold)(struct store *, const struct fact *);
    } unfolds[] = {{OP_NOTE, note_unfold}, {OP_FEEDBACK, feedback_unfold}};
    for (size_t i = 0; i < sizeof(unfolds) / sizeof(unfolds[0]); i++) {
        if (fact->op->kind == unfolds[i].kind) {
            unfolds[i].unfold(store, fact);
            return true;
        }
    }
    return false;
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
