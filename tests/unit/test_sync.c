/* What a conversation holds of a peer that presence forgets: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scene.h"
#include "sync.h"

struct talk {
    struct scene scene;
    struct scene_side side;
    struct presence *presence;
    struct sync *sync;
    struct now now;
};

static int begin(void **state)
{
    struct talk *t = calloc(1, sizeof(*t));
    *state = t;
    t->now = (struct now){{1000}, {INT64_C(1790000000000)}};
    scene_side_open(&t->scene, &t->side, 1);
    t->presence = presence_new(&t->side.author.device, 7, &t->side.rng, t->now);
    t->sync = sync_new(t->side.replica, t->presence);
    return t->sync ? 0 : -1;
}

static int end(void **state)
{
    struct talk *t = *state;
    sync_free(&t->sync);
    presence_free(&t->presence);
    scene_side_close(&t->side);
    free(t);
    return 0;
}

static struct peer *new_peer(void)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    assert_non_null(peer);
    peer->state = PEER_HERE;
    peer->linked = peer->up = true;
    return peer;
}

static void hears(struct talk *t, struct peer *peer, enum message_kind kind)
{
    struct message message = {.kind = kind, .credit_bytes = 1000};
    assert_int_equal(sync_receive(t->sync, peer, &message, t->now), OK);
}

static void nothing_is_sent_to_one_that_is_forgotten(void **state)
{
    struct talk *t = *state;
    struct peer *gone = new_peer(), *stays = new_peer(), *to;
    struct slice bytes;
    hears(t, stays, MESSAGE_LACKS); /* each is answered at once */
    hears(t, gone, MESSAGE_LACKS);
    sync_forget(t->sync, gone);
    free(gone);
    t->now.mono.ms += 60000;
    hears(t, stays, MESSAGE_LACKS);
    for (int i = 0; i < 2; i++) {
        assert_true(sync_next(t->sync, &to, &bytes));
        assert_ptr_equal(to, stays);
    }
    assert_false(sync_next(t->sync, &to, &bytes));
    free(stays);
}

static void what_it_wanted_is_not_served(void **state)
{
    struct talk *t = *state;
    struct peer *gone = new_peer();
    hears(t, gone, MESSAGE_WANT); /* waits for its turn */
    sync_forget(t->sync, gone);
    free(gone);
    t->now.mono.ms += 60000;
    sync_tick(t->sync, t->now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_sent_to_one_that_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(what_it_wanted_is_not_served, begin, end),
    };
    return keys_init() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
