/* The rows of views[], one a view_*.c. */
#ifndef JAM_VIEW_ROWS_H
#define JAM_VIEW_ROWS_H

#include "view.h"

extern const struct view view_class, view_person, view_session, view_teacher, view_seat, view_jam,
    view_place, view_role, view_task, view_note, view_feedback, view_redact, view_state,
    view_rotation, view_closing, view_export;

/* Take out again what the only fold of such an op put in. */
void note_unfold(struct store *, const struct fact *);
void feedback_unfold(struct store *, const struct fact *);

#endif
