/* What each command says to people: one function an answer, one file a family (cmd_*.c). proto/LOCAL.md has the answers'
 * keys. */
#ifndef JAM_SAY_H
#define JAM_SAY_H

#include "page.h"

/* cmd_class.c */
void say_class_create(struct page *, const msgpack_object *);
void say_class_invite(struct page *, const msgpack_object *);
void say_class_join(struct page *, const msgpack_object *);
void say_class_list(struct page *, const msgpack_object *);
void say_class_use(struct page *, const msgpack_object *);
void say_class_until(struct page *, const msgpack_object *);
void say_class_seat(struct page *, const msgpack_object *);
/* cmd_export.c */
void say_class_export(struct page *, const msgpack_object *);
/* cmd_admit.c */
void say_class_knocks(struct page *, const msgpack_object *);
void say_class_admit(struct page *, const msgpack_object *);
void say_knocking(struct page *, const msgpack_object *knock); /* a machine in no class */
/* cmd_people.c */
void say_hello(struct page *, const msgpack_object *);
void say_over(struct page *, const msgpack_object *); /* if the class's last day is, or comes */
void say_bye(struct page *, const msgpack_object *);
void say_who(struct page *, const msgpack_object *);
/* cmd_hello.c */
void say_passphrase(struct page *, const msgpack_object *);
void say_class_rescue(struct page *, const msgpack_object *);
/* cmd_teacher.c */
void say_class_roster(struct page *, const msgpack_object *);
void say_people(struct page *, const msgpack_object *);
void say_people_confirm(struct page *, const msgpack_object *);
void say_people_rename(struct page *, const msgpack_object *);
void say_people_remove(struct page *, const msgpack_object *);
void say_removed(struct page *, const char *person);
void say_people_teacher(struct page *, const msgpack_object *);
void say_class_devices(struct page *, const msgpack_object *);
void say_class_expel(struct page *, const msgpack_object *);
void say_class_rotate(struct page *, const msgpack_object *);
void say_class_close(struct page *, const msgpack_object *);
void say_lesson_start(struct page *, const msgpack_object *);
void say_lesson_end(struct page *, const msgpack_object *);
/* cmd_cards.c */
void say_people_reset(struct page *, const msgpack_object *);
void say_cards(struct page *, const msgpack_object *);
void cards_page(FILE *, const msgpack_object *result); /* as HTML */
/* cmd_redact.c */
void say_redact(struct page *, const msgpack_object *);
/* One receipt: "Erased on 28 of 30. PC 7, PC 12 will when they wake." */
void say_receipt(struct page *, const msgpack_object *receipt);
/* cmd_jam.c */
void say_start(struct page *, const msgpack_object *);
void say_join(struct page *, const msgpack_object *);
void say_solo(struct page *, const msgpack_object *);
void say_back(struct page *, const msgpack_object *);
void say_leave(struct page *, const msgpack_object *);
void say_set(struct page *, const msgpack_object *);
void say_list(struct page *, const msgpack_object *);
void say_show(struct page *, const msgpack_object *);
/* cmd_role.c */
void say_role_take(struct page *, const msgpack_object *);
void say_role_give(struct page *, const msgpack_object *);
void say_role_drop(struct page *, const msgpack_object *);
void say_role_list(struct page *, const msgpack_object *);
/* cmd_task.c */
void say_task_add(struct page *, const msgpack_object *);
void say_task_take(struct page *, const msgpack_object *);
void say_task_done(struct page *, const msgpack_object *);
void say_task_open(struct page *, const msgpack_object *);
void say_task_list(struct page *, const msgpack_object *);
void say_tasks(struct page *,
               const msgpack_object *result); /* only the lines, of the key "tasks" */
/* cmd_note.c */
const char *phrase_story(struct page *, const msgpack_object *line); /* of a journal */
void say_note(struct page *, const msgpack_object *);
void say_journal(struct page *, const msgpack_object *);
/* cmd_feedback.c */
void say_feedback(struct page *, const msgpack_object *);
void say_inbox(struct page *, const msgpack_object *);
/* cmd_status.c */
void say_here(struct page *, const msgpack_object *);
void say_status(struct page *, const msgpack_object *);
void say_names(struct page *, const msgpack_object *);
void say_prompt(struct page *, const msgpack_object *);
/* cmd_doctor.c */
void say_doctor(struct page *, const msgpack_object *);
/* cmd_watch.c: one change in a sentence */
void say_change(struct page *, const msgpack_object *);

#endif
