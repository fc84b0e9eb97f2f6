/* What jam says about tasks. */
#include "phrase.h"
#include "say.h"

/* "Task 2, measure load" */
static const char *the_task(struct page *page, const msgpack_object *result)
{
    return page_format(page, _("Task %s"), phrase_task(page, map_get(result, "task")));
}

/* How the task is named when it is typed. */
static const char *typed(struct page *page, const msgpack_object *result)
{
    const msgpack_object *task = map_get(result, "task");
    unsigned n = number_of(task, "n");
    return n > 0 ? page_format(page, "%u", n) : page_get(page, task, "title");
}

void say_task_add(struct page *page, const msgpack_object *result)
{
    const char *jam = page_get(page, result, "jam");
    if (*jam) {
        page_say(page, _("%s: %s has it on its list%s. Take it: jam task take %s"),
                 the_task(page, result), jam, phrase_as(page), typed(page, result));
    } else {
        page_say(page, _("%s: on your own list%s. Begin: jam task take %s"), the_task(page, result),
                 phrase_as(page), typed(page, result));
    }
}

void say_task_take(struct page *page, const msgpack_object *result)
{
    page_say(page, _("%s: you took it%s. When it's done: jam task done %s"), the_task(page, result),
             phrase_as(page), typed(page, result));
}

void say_task_done(struct page *page, const msgpack_object *result)
{
    page_say(page, _("%s: done%s. What is left: jam task list"), the_task(page, result),
             phrase_as(page));
}

void say_task_open(struct page *page, const msgpack_object *result)
{
    page_say(page, _("%s: open again%s. Take it: jam task take %s"), the_task(page, result),
             phrase_as(page), typed(page, result));
}

void say_tasks(struct page *page, const msgpack_object *result)
{
    struct items tasks = items_of(result, "tasks");
    for (uint32_t i = 0; i < tasks.count; i++) {
        const msgpack_object *task = &tasks.at[i];
        const char *holder = page_get(page, task, "holder");
        page_put(page, "%2u %s: %s", number_of(task, "n"), page_get(page, task, "title"),
                 phrase_task_state(task));
        page_put(page, *holder ? " (%s)" : "%s", holder);
        page_say(page, ", %s", phrase_age(page, task));
    }
}

void say_task_list(struct page *page, const msgpack_object *result)
{
    say_tasks(page, result);
    if (items_of(result, "tasks").count == 0) {
        page_say(page, _("There is no task yet. Add one: jam task add WHAT IS TO DO"));
    }
}
