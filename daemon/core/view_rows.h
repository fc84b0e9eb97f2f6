/* The rows of views[], one a view_*.c. */
#ifndef JAM_VIEW_ROWS_H
#define JAM_VIEW_ROWS_H

#include "view.h"

extern const struct view view_class, view_person, view_session, view_teacher, view_seat, view_jam,
    view_place, view_role, view_task, view_note, view_feedback, view_state;

#endif
