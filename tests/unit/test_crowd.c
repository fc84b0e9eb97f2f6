/* Presence in a room of a hundred: nobody can link to everybody at once, and what one is told must do. */
#include "network.h"

static struct world *crowd_new(int64_t handshake_us, int64_t turn_us)
{
    struct world *w = world_new(120, 26);
    w->handshake_us = handshake_us;
    w->turn_us = turn_us;
    for (int i = 0; i < w->count; i++) {
        node_start(w, i);
        run_for(w, 20);
    }
    return w;
}

static void a_crowd_that_is_too_much_at_once_comes_together(void **state)
{
    (void)state;
    struct world *w = crowd_new(2000, 50);
    run_for(w, 90 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void a_crowd_that_is_split_accuses_nobody_who_is_only_late(void **state)
{
    (void)state;
    struct world *w = crowd_new(1000, 25);
    run_for(w, MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    cut_in_half(w);
    run_for(w, 30 * SECOND);
    assert_int_equal(state_of(w, 0, w->count - 1), PEER_GONE);
    mend_cut(w);
    run_for(w, 20 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void a_large_room_hears_of_most_from_others(void **state)
{
    (void)state;
    struct world *w = world_new(120, 33);
    for (int i = 0; i < w->count; i++) {
        node_start(w, i);
    }
    run_for(w, 5 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_in_range(w->links, 120, 120 * 60);
    run_for(w, MINUTE);
    cut_in_half(w);
    run_for(w, 30 * SECOND);
    assert_int_equal(state_of(w, 0, w->count - 1), PEER_GONE);
    uint32_t links = w->links;
    mend_cut(w);
    run_for(w, 6 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_in_range(w->links - links, 120, 120 * 60);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void who_only_others_told_of_is_met_in_time(void **state)
{
    (void)state;
    struct world *w = room_new(60, 35);
    run_for(w, HOUR);
    for (int i = 0; i < w->count; i++) {
        for (int k = 0; k < w->count; k++) {
            assert_true(i == k || peer_at(w, i, k)->heard.ms != 0);
        }
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_that_is_too_much_at_once_comes_together),
        cmocka_unit_test(a_crowd_that_is_split_accuses_nobody_who_is_only_late),
        cmocka_unit_test(a_large_room_hears_of_most_from_others),
        cmocka_unit_test(who_only_others_told_of_is_met_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
