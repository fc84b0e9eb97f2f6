/* What jam says about roles. */
#include "phrase.h"
#include "say.h"

void say_role_take(struct page *page, const msgpack_object *result)
{
    const char *role = page_get(page, result, "role");
    const char *others = phrase_others(page, map_get(result, "holders"), page->as);
    page_put(page, _("You're %s in %s now%s"), role, page_get(page, result, "jam"),
             phrase_as(page));
    if (items_of(result, "holders").count > 1) {
        page_say(page, _(", and so is %s. Settle it: jam role give PERSON %s"), others, role);
    } else {
        page_say(page, _(". Pass it on: jam role give PERSON %s"), role);
    }
}

void say_role_give(struct page *page, const msgpack_object *result)
{
    page_say(page, _("Given on%s: %s is %s in %s now. All roles: jam role list"), phrase_as(page),
             phrase_names(page, map_get(result, "holders")), page_get(page, result, "role"),
             page_get(page, result, "jam"));
}

void say_role_drop(struct page *page, const msgpack_object *result)
{
    const char *role = page_get(page, result, "role");
    const char *names = phrase_names(page, map_get(result, "holders"));
    page_put(page, _("You aren't %s in %s any more%s."), role, page_get(page, result, "jam"),
             phrase_as(page));
    if (*names) {
        page_put(page, _(" It is still: %s. All roles: jam role list"), names);
    } else {
        page_put(page, _(" Nobody is: jam role take %s"), role);
    }
    page_end(page);
}

void say_role_list(struct page *page, const msgpack_object *result)
{
    struct items roles = items_of(result, "roles");
    for (uint32_t i = 0; i < roles.count; i++) {
        const msgpack_object *role = &roles.at[i];
        page_say(page, "%s: %s, %s", page_get(page, role, "role"),
                 phrase_names(page, map_get(role, "holders")), phrase_age(page, role));
    }
    if (roles.count == 0) {
        page_say(page, _("Nobody has a role in %s yet. Take one: jam role take ROLE"),
                 page_get(page, result, "jam"));
    }
}
