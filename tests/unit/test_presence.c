/* Presence, in a small world of its own: many instances in one process, with simulated time,
 * delays, loss and cuts. */
#include "network.h"

static void machines_that_start_together_find_each_other(void **state)
{
    (void)state;
    static const int counts[] = {2, 5, 30, 60};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = world_new(counts[i], 1);
        for (int j = 0; j < counts[i]; j++) {
            node_start(w, j);
        }
        run_for(w, counts[i] > NEIGHBOURS_MAX ? 4 * SECOND : 300);
        assert_int_equal(blind_pairs(w), 0);
        run_for(w, MINUTE);
        assert_int_equal(blind_pairs(w), 0);
        assert_int_equal(false_alarms(w), 0);
        world_free(w);
    }
}

/* So many on one processor, as in a lab of namespaces, or on a slow one each: in all, their links take it longer than a call waits. */
static void one_that_comes_later_is_seen_at_once(void **state)
{
    (void)state;
    struct world *w = world_new(30, 2);
    for (int i = 0; i < 29; i++) {
        node_start(w, i);
    }
    run_for(w, 10 * MINUTE);
    node_start(w, 29);
    run_for(w, 50);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void one_that_leaves_is_seen_to_leave_at_once(void **state)
{
    (void)state;
    struct world *w = room_new(30, 3);
    presence_leave(w->nodes[7].presence, node_now(w, 7));
    pull(w, 7);
    run_for(w, 5);
    node_kill(w, 7);
    for (int i = 0; i < 30; i++) {
        assert_true(i == 7 || state_of(w, i, 7) == PEER_LEFT);
    }
    uint64_t before = sum_messages(w);
    run_for(w, 10);
    assert_true(sum_messages(w) - before < 30);
    run_for(w, MINUTE);
    assert_int_equal(state_of(w, 0, 7), PEER_LEFT);
    node_start(w, 7);
    run_for(w, 100);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void a_machine_without_power_is_gone_for_all_within_four_seconds(void **state)
{
    (void)state;
    static const int counts[] = {2, 3, 5, 30, 60};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int phase = 0; phase < 8; phase++) {
            struct world *w = room_new(counts[i], (uint8_t)(40 + phase));
            run_for(w, 5 * SECOND + phase * 250);
            node_stop(w, 1);
            run_for(w, 3900);
            assert_int_equal(believers(w, 1), 0);
            assert_int_equal(blind_pairs(w), 0);
            assert_int_equal(false_alarms(w), 0);
            world_free(w);
        }
    }
}

static void a_killed_daemon_is_gone_for_all_within_two_seconds(void **state)
{
    (void)state;
    static const int counts[] = {2, 3, 30};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 5);
        node_kill(w, 1);
        run_for(w, 1500);
        assert_int_equal(believers(w, 1), 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void a_daemon_that_starts_again_is_here_again(void **state)
{
    (void)state;
    struct world *w = room_new(30, 6);
    node_kill(w, 4);
    run_for(w, 200);
    node_start(w, 4);
    run_for(w, 2 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    struct peer *peer = presence_by_device(w->nodes[9].presence, &w->nodes[4].device);
    assert_true(peer->run == w->nodes[4].run);
    run_for(w, MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void an_hour_of_idling_on_a_bad_network_raises_no_alarm(void **state)
{
    (void)state;
    static const int counts[] = {2, 30};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 7);
        w->delay_max = 200;
        w->loss_percent = 1;
        run_for(w, HOUR);
        assert_int_equal(false_alarms(w), 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void a_network_that_loses_a_fifth_leaves_nothing_wrong_behind(void **state)
{
    (void)state;
    struct world *w = world_new(30, 8);
    w->loss_percent = 20;
    w->delay_max = 100;
    for (int i = 0; i < 30; i++) {
        node_start(w, i);
    }
    run_for(w, 5 * MINUTE);
    node_stop(w, 3);
    run_for(w, 5 * MINUTE);
    assert_int_equal(believers(w, 3), 0);
    w->loss_percent = 0;
    run_for(w, 5 * MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(believers(w, 3), 0);
    world_free(w);
}

static void two_halves_lose_each_other_and_find_each_other(void **state)
{
    (void)state;
    static const int64_t lengths[] = {10 * SECOND, 5 * MINUTE};
    for (size_t length = 0; length < 2; length++) {
        struct world *w = room_new(30, 36);
        cut_in_half(w);
        run_for(w, 6 * SECOND); /* whose four watchers are all in the other half takes longer */
        for (int i = 0; i < 15; i++) {
            for (int j = 15; j < 30; j++) {
                assert_int_equal(state_of(w, i, j), PEER_GONE);
                assert_int_equal(state_of(w, j, i), PEER_GONE);
            }
        }
        assert_int_equal(blind_pairs(w), 0);
        uint64_t beacons = 0;
        for (int i = 0; i < 30; i++) {
            beacons -= w->nodes[i].beacons;
        }
        run_for(w, lengths[length]);
        for (int i = 0; i < 30; i++) {
            beacons += w->nodes[i].beacons;
        }
        /* at most five a second in the whole room, give or take the jitter */
        assert_true(beacons <= (uint64_t)lengths[length] / SECOND * 7 + 30);
        mend_cut(w);
        run_for(w, 5 * SECOND);
        assert_int_equal(blind_pairs(w), 0);
        assert_int_equal(false_alarms(w), 0);
        world_free(w);
    }
}

static void one_whose_cable_is_cut_knows_that_it_is_alone(void **state)
{
    (void)state;
    struct world *w = room_new(30, 10);
    struct mono alone;
    assert_false(presence_alone(w->nodes[5].presence, &alone));
    int64_t when = w->now;
    cut(w, 5, 1);
    run_for(w, 3950);
    assert_int_equal(believers(w, 5), 0);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(presence_here(w->nodes[5].presence), 0);
    assert_true(presence_alone(w->nodes[5].presence, &alone));
    assert_in_range(alone.ms - w->nodes[5].clock, when - 2000, when + 5);
    run_for(w, MINUTE);
    w->nodes[5].group = 0;
    run_for(w, 5 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_false(presence_alone(w->nodes[5].presence, &alone));
    world_free(w);
}

static void one_behind_a_firewall_is_heard_and_knows_that_it_hears_nobody(void **state)
{
    (void)state;
    struct world *w = world_new(10, 11);
    w->nodes[0].deaf = true;
    for (int i = 1; i < 10; i++) {
        node_start(w, i);
    }
    run_for(w, 10 * SECOND);
    node_start(w, 0);
    run_for(w, 10 * MINUTE);
    assert_int_equal(blind_pairs(w), 9);
    assert_int_equal(presence_here(w->nodes[0].presence), 0);
    for (int i = 1; i < 10; i++) {
        assert_in_range(w->nodes[i].changes, 9, 9 + 4); /* it doesn't come and go */
    }
    world_free(w);
}

static void one_whom_only_one_other_does_not_hear_stays_here(void **state)
{
    (void)state;
    for (uint8_t seed = 24; seed < 30; seed++) {
        struct world *w = room_new(5, seed);
        w->nodes[1].unheard_by = 0;
        while (peer_at(w, 0, 1)->accused.ms == 0) {
            run_for(w, 1);
        }
        /* two are asked; one that denies it thrice counts once */
        struct message no = {
            .kind = MESSAGE_HEARD, .device = w->nodes[1].device, .run = w->nodes[1].run};
        for (int i = 0; i < 3; i++) {
            presence_message(w->nodes[0].presence, peer_at(w, 0, 2), &no, node_now(w, 0));
        }
        pull(w, 0);
        run_for(w, 5 * MINUTE);
        assert_int_equal(false_alarms(w), 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void one_that_vanished_before_anybody_watched_it_is_found_out(void **state)
{
    (void)state;
    struct world *w = world_new(31, 9);
    for (int i = 0; i < 30; i++) {
        node_start(w, i);
    }
    run_for(w, MINUTE);
    /* the last one greets each, and isn't there any more when they call it */
    for (int i = 0; i < 30; i += 3) {
        struct message hello = {.device = w->nodes[30].device, .run = 1, .port = INBOX_PORT};
        struct address from = address_of(30, 0);
        struct peer *peer;
        presence_hello(w->nodes[i].presence, &hello, &w->nodes[30].link, &from, node_now(w, i),
                       &peer);
        pull(w, i);
    }
    assert_int_equal(believers(w, 30), 10);
    run_for(w, 3 * MINUTE);
    assert_int_equal(believers(w, 30), 0);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void a_liar_takes_nobody_out(void **state)
{
    (void)state;
    struct world *w = room_new(30, 12);
    for (int turn = 0; turn < 200; turn++) {
        for (int victim = 1; victim < 30; victim++) {
            for (int to = 1; to < 30; to++) {
                struct pack pack;
                pack_init(&pack);
                pack_gone(&pack, &w->nodes[victim].device, w->nodes[victim].run);
                send_packed(w, 0, to, w->nodes[0].links[to], &pack);
            }
        }
        run_for(w, 130);
    }
    assert_int_equal(false_alarms(w), 0);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

/* Where all called all it would take more than 20,000 links to come together, and 10,000 after the cut. */
static void say_heard(struct world *w, int liar, int about, uint64_t ago_ms)
{
    for (int to = 0; to < w->count; to++) {
        struct pack pack;
        pack_init(&pack);
        pack_heard(&pack, &w->nodes[about].device, w->nodes[about].run, true, ago_ms);
        struct peer *peer = w->nodes[to].alive && to != liar ? peer_at(w, to, liar) : NULL;
        struct doc doc;
        struct message m;
        assert_int_equal(doc_open(&doc, pack_bytes(&pack), PACK_STRICT), OK);
        assert_int_equal(message_read(&doc.root, &m), OK);
        if (peer != NULL) {
            presence_message(w->nodes[to].presence, peer, &m, node_now(w, to));
            pull(w, to);
        }
        doc_clear(&doc);
        pack_clear(&pack);
    }
}

static void a_liar_brings_nobody_back(void **state)
{
    (void)state;
    struct world *w = room_new(60, 34);
    run_for(w, MINUTE);
    node_kill(w, 1);
    while (believers(w, 1) > 0) {
        run_for(w, 10);
    }
    /* what two heard before it was found gone isn't news */
    say_heard(w, 2, 1, 2400);
    say_heard(w, 3, 1, 2400);
    assert_int_equal(believers(w, 1), 0);
    for (int turn = 0; turn < 100; turn++) {
        say_heard(w, 0, 1, 0);
        assert_int_equal(believers(w, 1), 0);
        run_for(w, 130);
    }
    /* two who lie together are found out by those whom it should beat */
    say_heard(w, 2, 1, 0);
    say_heard(w, 3, 1, 0);
    assert_true(believers(w, 1) > 50);
    run_for(w, 15 * SECOND);
    assert_int_equal(believers(w, 1), 0);
    world_free(w);
}

static void a_liar_who_denies_every_question_takes_nobody_out(void **state)
{
    (void)state;
    struct world *w = room_new(5, 13);
    w->loss_percent = 5;
    for (int turn = 0; turn < 3000; turn++) {
        for (int victim = 1; victim < 5; victim++) {
            int to = 1 + turn % 4;
            struct pack pack;
            pack_init(&pack);
            pack_heard(&pack, &w->nodes[victim].device, w->nodes[victim].run, false, 0);
            send_packed(w, 0, to, w->nodes[0].links[to], &pack);
        }
        run_for(w, 100);
    }
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void one_that_stood_still_accuses_nobody(void **state)
{
    (void)state;
    static const int counts[] = {2, 30};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 14);
        w->nodes[1].asleep_until = w->now + 5 * SECOND;
        run_for(w, 5 * SECOND);
        assert_int_equal(believers(w, 1), 0);
        assert_int_equal(w->nodes[1].false_alarms, 0);
        run_for(w, 4 * SECOND);
        assert_int_equal(w->nodes[1].false_alarms, 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void one_that_stood_still_in_the_middle_of_a_question_asks_again(void **state)
{
    (void)state;
    struct world *w = room_new(2, 31);
    w->nodes[1].unheard_by = 0;
    while (peer_at(w, 0, 1)->accused.ms == 0) {
        run_for(w, 1);
    }
    w->nodes[0].asleep_until = w->now + 5 * SECOND;
    run_for(w, 5 * SECOND - 1);
    w->nodes[1].unheard_by = -1; /* what was sent meanwhile is lost */
    run_for(w, 5 * SECOND);
    assert_int_equal(w->nodes[0].false_alarms, 0);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void idling_costs_the_same_in_a_small_and_in_a_large_room(void **state)
{
    (void)state;
    static const int counts[] = {2, 5, 10, 30, 60};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 15);
        run_for(w, MINUTE);
        uint64_t messages = sum_messages(w);
        uint64_t beacons = w->nodes[0].beacons;
        run_for(w, 10 * MINUTE);
        messages = (sum_messages(w) - messages) / (uint64_t)counts[i];
        /* two beats a second, and a probe with its answer now and then */
        assert_true(messages <= 600 * 2 + 300);
        assert_true(w->nodes[0].beacons - beacons <= 40);
        world_free(w);
    }
}

static void where_beacons_are_filtered_one_address_is_enough(void **state)
{
    (void)state;
    struct world *w = world_new(20, 16);
    w->no_beacons = true;
    struct address first = address_of(0, INBOX_PORT);
    for (int i = 0; i < 20; i++) {
        node_start(w, i);
        presence_call(w->nodes[i].presence, &first, node_now(w, i));
        run_for(w, 100);
    }
    run_for(w, 4 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static struct beacon beacon_of(const struct node *node, uint64_t flags)
{
    return (struct beacon){flags, node->device, node->run, INBOX_PORT, PATH_BROADCAST};
}

static uint32_t count_acts(struct presence *p, enum act_kind kind)
{
    struct act act;
    uint32_t count = 0;
    while (presence_next(p, &act)) {
        count += act.kind == kind;
    }
    return count;
}

static void a_beacon_sent_again_and_again_costs_a_call_every_few_seconds(void **state)
{
    (void)state;
    struct world *w = world_new(2, 17);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[1], BEACON_ANSWER);
    struct address from = address_of(1, UDP_PORT);
    uint32_t links = 0;
    uint32_t answers = 0;
    struct act act;
    count_acts(p, ACT_LINK);
    for (int i = 0; i < 1000; i++) {
        w->now += 10;
        presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
        while (presence_next(p, &act)) {
            links += act.kind == ACT_LINK;
            answers += act.kind == ACT_BEACON;
        }
    }
    assert_in_range(links, 1, 4);
    assert_in_range(answers, 1, 11);
    assert_int_equal(presence_here(p), 0);
    assert_int_equal(presence_at(p, 0)->paths, PATH_BROADCAST);
    world_free(w);
}

static void beacons_of_made_up_devices_fill_no_table(void **state)
{
    (void)state;
    struct world *w = world_new(1, 18);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct address from = address_of(1, UDP_PORT);
    uint32_t answers = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        struct beacon beacon = beacon_of(&w->nodes[0], BEACON_ANSWER);
        uint8_t seed[32];
        struct sign_key key;
        struct sign_pk pk;
        rng_fill(&w->rng, seed, sizeof(seed));
        sign_keypair(seed, &key, &pk);
        memcpy(beacon.device.b, pk.b, sizeof(pk.b));
        presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
        answers += count_acts(p, ACT_BEACON);
    }
    assert_in_range(presence_count(p), 1, 128);
    assert_in_range(answers, 1, 128);
    w->no_beacons = true;
    run_for(w, 5 * MINUTE);
    assert_int_equal(presence_count(p), 0);
    world_free(w);
}

static void a_hello_under_another_key_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(3, 19);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct message hello = {.device = w->nodes[1].device, .run = 1, .port = INBOX_PORT};
    struct address from = address_of(1, 0);
    struct peer *peer;
    enum err err = presence_hello(p, &hello, &w->nodes[2].link, &from, node_now(w, 0), &peer);
    assert_int_equal(err, ERR_MALFORMED);
    assert_null(peer);
    assert_int_equal(presence_count(p), 0);
    err = presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer);
    assert_int_equal(err, OK);
    assert_int_equal(peer->state, PEER_HERE);
    assert_int_equal(peer->address.port, INBOX_PORT);
    world_free(w);
}

static void a_copy_of_this_disk_is_noticed_by_its_hello_alone(void **state)
{
    (void)state;
    struct world *w = world_new(1, 20);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[0], 0);
    struct address from = address_of(9, UDP_PORT);
    beacon.run++;
    count_acts(p, ACT_CALL);
    presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
    assert_int_equal(count_acts(p, ACT_CALL), 1);
    assert_null(presence_twin(p));
    struct message hello = {.device = w->nodes[0].device,
                            .run = beacon.run,
                            .port = INBOX_PORT,
                            .host = slice_str("pc7")};
    struct peer *peer;
    enum err err = presence_hello(p, &hello, &w->nodes[0].link, &from, node_now(w, 0), &peer);
    assert_int_equal(err, ERR_YOURSELF);
    assert_string_equal(presence_twin(p)->host, "pc7");
    world_free(w);
}

/* Two that have found each other; *peer is the second one, for the first, by a link that works. */
static struct world *world_of_two(uint8_t seed, struct peer **peer)
{
    struct world *w = world_new(2, seed);
    node_start(w, 0);
    node_start(w, 1);
    run_for(w, 10 * SECOND);
    *peer = presence_by_device(w->nodes[0].presence, &w->nodes[1].device);
    assert_true(*peer && (*peer)->up);
    return w;
}

/* Two machines swap their addresses: a link to one is a working link to the other, in the same class. */
static void one_that_hears_nothing_of_us_is_called_where_it_says_so(void **state)
{
    (void)state;
    struct peer *peer;
    struct world *w = world_of_two(22, &peer);
    struct presence *p = w->nodes[0].presence;
    struct address from = address_of(9, 0), before = peer->address;
    struct message hello = {.device = w->nodes[1].device, .run = peer->run, .port = INBOX_PORT};
    count_acts(p, ACT_LINK);
    presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer);
    assert_int_equal(count_acts(p, ACT_LINK), 0); /* it may have two addresses */
    assert_memory_equal(&peer->address, &before, sizeof(before));
    hello.flags = HELLO_UNHEARD;
    presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer);
    from.port = INBOX_PORT;
    assert_int_equal(count_acts(p, ACT_LINK), 1);
    assert_memory_equal(&peer->address, &from, sizeof(from));
    world_free(w);
}

/* Both of two that swapped their addresses reach themselves instead of one another. */
static void a_link_that_leads_to_ourselves_is_given_up(void **state)
{
    (void)state;
    struct peer *peer;
    struct world *w = world_of_two(23, &peer);
    struct presence *p = w->nodes[0].presence;
    struct message hello = {
        .device = w->nodes[0].device, .run = w->nodes[0].run, .port = INBOX_PORT};
    struct address elsewhere = address_of(9, 0);
    struct peer *self;
    count_acts(p, ACT_UNLINK);
    presence_hello(p, &hello, &w->nodes[0].link, &elsewhere, node_now(w, 0), &self);
    assert_int_equal(count_acts(p, ACT_UNLINK), 0);
    presence_hello(p, &hello, &w->nodes[0].link, &peer->address, node_now(w, 0), &self);
    assert_int_equal(count_acts(p, ACT_UNLINK), 1);
    assert_false(peer->linked);
    world_free(w);
}

/* It is gone, but a beacon of its comes from another place than a link to it leads to, which works. */
static void one_that_is_gone_is_called_where_its_beacons_come_from(void **state)
{
    (void)state;
    struct peer *peer;
    struct world *w = world_of_two(24, &peer);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[1], 0);
    struct address there = peer->address, from = address_of(9, UDP_PORT);
    beacon.run = peer->run;
    w->no_beacons = true;
    w->nodes[1].unheard_by = 0;
    for (int i = 0; i < 20 && (peer->state == PEER_HERE || !peer->up); i++) {
        run_for(w, SECOND);
    }
    assert_int_equal(peer->state, PEER_GONE);
    assert_true(peer->up);
    presence_beacon(p, &beacon, &there, "eth0", node_now(w, 0));
    assert_memory_equal(&peer->address, &there, sizeof(there));
    presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
    assert_memory_equal(peer->address.ip, from.ip, sizeof(from.ip));
    assert_true(peer->linked);
    assert_false(peer->up);
    world_free(w);
}

/* A restart brings a new run; only two daemons take turns. */
static void a_run_that_comes_back_after_another_is_counted(void **state)
{
    (void)state;
    struct world *w = world_new(2, 21);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct address from = address_of(9, UDP_PORT);
    struct message hello = {.device = w->nodes[1].device, .port = INBOX_PORT};
    static const uint64_t runs[] = {5, 6, 7, 6, 7, 7, 6};
    static const uint32_t returns[] = {0, 0, 0, 1, 2, 2, 3};
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct peer *peer = NULL;
        hello.run = runs[i];
        assert_int_equal(presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer),
                         OK);
        assert_int_equal(peer->returns, returns[i]);
    }
    world_free(w);
}

static void addresses_that_mean_nothing_elsewhere_are_not_passed_on(void **state)
{
    (void)state;
    struct world *w = world_new(5, 21);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    /* two on the LAN, one on this machine, one by a link-local address */
    struct address from[] = {address_of(1, 0),
                             address_of(2, 0),
                             {.ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}},
                             {.ip = {0xfe, 0x80, [15] = 7}, .scope = 3}};
    struct peer *peers[4];
    for (int i = 0; i < 4; i++) {
        struct message hello = {.device = w->nodes[i + 1].device, .run = 1, .port = INBOX_PORT};
        presence_hello(p, &hello, &w->nodes[i + 1].link, &from[i], node_now(w, 0), &peers[i]);
    }
    static const uint32_t told[] = {1, 1, 2, 2};
    for (int i = 0; i < 4; i++) {
        struct pack pack;
        struct doc doc;
        struct message message;
        pack_init(&pack);
        presence_hints(p, peers[i], node_now(w, 0), &pack);
        assert_int_equal(doc_open(&doc, pack_bytes(&pack), PACK_STRICT), OK);
        assert_int_equal(message_read(&doc.root, &message), OK);
        assert_int_equal(message.count, told[i]);
        doc_clear(&doc);
        pack_clear(&pack);
    }
    world_free(w);
}

static void a_change_of_addresses_is_announced_and_calls_everybody_anew(void **state)
{
    (void)state;
    struct world *w = room_new(5, 22);
    struct presence *p = w->nodes[0].presence;
    presence_network(p, node_now(w, 0));
    struct act act;
    uint32_t links = 0;
    uint32_t beacons = 0;
    while (presence_next(p, &act)) {
        links += act.kind == ACT_LINK;
        beacons += act.kind == ACT_BEACON && (act.flags & BEACON_ANSWER);
        do_act(w, 0, &act);
    }
    assert_int_equal(links, 4);
    assert_int_equal(beacons, 1);
    presence_network(p, node_now(w, 0));
    assert_int_equal(count_acts(p, ACT_LINK), 0); /* not again at once */
    run_for(w, MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void an_idle_machine_sleeps_most_of_the_time(void **state)
{
    (void)state;
    struct world *w = room_new(30, 23);
    run_for(w, MINUTE);
    uint64_t ticks = w->ticks;
    run_for(w, 10 * MINUTE);
    assert_true((w->ticks - ticks) / 30 <= 600 * 4);
    world_free(w);
}

/* Others hold pointers to it, for what they have to say to it in this turn. */
static void who_is_forgotten_is_said_to_be_first(void **state)
{
    (void)state;
    struct peer *peer;
    struct act act;
    struct world *w = world_of_two(25, &peer);
    struct presence *p = w->nodes[0].presence;
    presence_bar(p, &w->nodes[1].device, 1, node_now(w, 0));
    count_acts(p, ACT_UNLINK);
    presence_tick(p, node_now(w, 0));
    assert_null(presence_by_device(p, &w->nodes[1].device));
    bool said = false;
    while (presence_next(p, &act)) {
        said = said || (act.kind == ACT_FORGET && act.peer == peer &&
                        SAME(act.peer->device, w->nodes[1].device));
    }
    assert_true(said);
    world_free(w);
}

/* Between the moment when it is given up and the one when it can be forgotten, as acts are queued, it may come. */
static void who_comes_while_it_is_being_forgotten_stays(void **state)
{
    (void)state;
    struct world *w = world_new(2, 27);
    struct peer *peer = NULL;
    struct address from = address_of(1, UDP_PORT);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[1], 0);
    presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
    for (int i = 0; i < 300; i++) { /* nobody takes its calls, and no act is pulled */
        w->now += SECOND;
        presence_tick(p, node_now(w, 0));
    }
    assert_non_null(presence_by_device(p, &w->nodes[1].device));
    struct message hello = {.version = PROTOCOL_VERSION,
                            .device = w->nodes[1].device,
                            .run = 5,
                            .port = INBOX_PORT,
                            .host = slice_str("pc1")};
    from.port = 0;
    assert_int_equal(presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer),
                     OK);
    count_acts(p, ACT_LINK);
    presence_tick(p, node_now(w, 0));
    assert_int_equal(presence_here(p), 1);
    assert_ptr_equal(presence_by_device(p, &w->nodes[1].device), peer);
    world_free(w);
}

/* A beacon that was recorded, sent again from where an outsider is. */
static void replay(struct world *w, int to, const struct beacon *beacon)
{
    enum { OUTSIDER = 99 };
    struct address from = address_of(OUTSIDER, UDP_PORT);
    if (w->nodes[to].alive) {
        presence_beacon(w->nodes[to].presence, beacon, &from, "eth0", node_now(w, to));
        pull(w, to);
    }
}

/* After a cut each one's own beacon comes once a second from elsewhere too. */
static void replays_keep_nobody_apart(void **state)
{
    (void)state;
    enum { MACHINES = 6 };
    struct world *w = room_new(MACHINES, 3);
    cut_in_half(w);
    run_for(w, 2 * MINUTE);
    mend_cut(w);
    for (int t = 0; t < 30 && blind_pairs(w) > 0; t++) {
        for (int of = 0; of < MACHINES; of++) {
            struct beacon beacon = {0, w->nodes[of].device, w->nodes[of].run, INBOX_PORT,
                                    PATH_BROADCAST};
            for (int to = 0; to < MACHINES; to++) {
                if (to != of) {
                    replay(w, to, &beacon);
                }
            }
        }
        run_for(w, SECOND);
    }
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

/* Of a week of wiped disks: machines that aren't there any more. */
static void record(struct world *w, struct beacon *beacons, int count)
{
    for (int i = 0; i < count; i++) {
        uint8_t seed[32];
        struct sign_key key;
        struct sign_pk pk;
        rng_fill(&w->rng, seed, sizeof(seed));
        sign_keypair(seed, &key, &pk);
        beacons[i] = (struct beacon){0, {{0}}, 77, INBOX_PORT, PATH_BROADCAST};
        memcpy(beacons[i].device.b, pk.b, sizeof(pk.b));
    }
}

static void replays_of_many_that_are_gone_keep_no_newcomer_out(void **state)
{
    (void)state;
    enum { RECORDED = 150, STEP_MS = 10 };
    struct beacon beacons[RECORDED];
    struct world *w = world_new(4, 1);
    record(w, beacons, RECORDED);
    for (int i = 0; i < 3; i++) {
        node_start(w, i);
    }
    run_for(w, 10 * SECOND);
    for (int t = 0; t < 15 * SECOND && (t <= 5 * SECOND || blind_pairs(w) > 0); t += STEP_MS) {
        for (int to = 0; to < 4; to++) {
            replay(w, to, &beacons[t / STEP_MS % RECORDED]);
        }
        if (t == 5 * SECOND) {
            node_start(w, 3);
        }
        run_for(w, STEP_MS);
    }
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

/* Where it is large, some links go, and what two say counts. */
static void replays_make_no_room_large(void **state)
{
    (void)state;
    enum { MACHINES = 30, RECORDED = 100 };
    struct beacon beacons[RECORDED];
    struct world *w = room_new(MACHINES, 5);
    record(w, beacons, RECORDED);
    for (int t = 0; t < 20; t++) {
        for (int k = 0; k < RECORDED; k++) {
            for (int to = 0; to < MACHINES; to++) {
                replay(w, to, &beacons[k]);
            }
        }
        run_for(w, 500);
        for (int i = 0; i < MACHINES; i++) {
            assert_false(presence_large(w->nodes[i].presence));
        }
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_that_start_together_find_each_other),
        cmocka_unit_test(one_that_comes_later_is_seen_at_once),
        cmocka_unit_test(one_that_leaves_is_seen_to_leave_at_once),
        cmocka_unit_test(a_machine_without_power_is_gone_for_all_within_four_seconds),
        cmocka_unit_test(a_killed_daemon_is_gone_for_all_within_two_seconds),
        cmocka_unit_test(a_daemon_that_starts_again_is_here_again),
        cmocka_unit_test(an_hour_of_idling_on_a_bad_network_raises_no_alarm),
        cmocka_unit_test(a_network_that_loses_a_fifth_leaves_nothing_wrong_behind),
        cmocka_unit_test(two_halves_lose_each_other_and_find_each_other),
        cmocka_unit_test(one_whose_cable_is_cut_knows_that_it_is_alone),
        cmocka_unit_test(one_behind_a_firewall_is_heard_and_knows_that_it_hears_nobody),
        cmocka_unit_test(one_whom_only_one_other_does_not_hear_stays_here),
        cmocka_unit_test(one_that_vanished_before_anybody_watched_it_is_found_out),
        cmocka_unit_test(a_liar_takes_nobody_out),
        cmocka_unit_test(a_liar_brings_nobody_back),
        cmocka_unit_test(a_liar_who_denies_every_question_takes_nobody_out),
        cmocka_unit_test(one_that_stood_still_accuses_nobody),
        cmocka_unit_test(one_that_stood_still_in_the_middle_of_a_question_asks_again),
        cmocka_unit_test(idling_costs_the_same_in_a_small_and_in_a_large_room),
        cmocka_unit_test(where_beacons_are_filtered_one_address_is_enough),
        cmocka_unit_test(a_beacon_sent_again_and_again_costs_a_call_every_few_seconds),
        cmocka_unit_test(beacons_of_made_up_devices_fill_no_table),
        cmocka_unit_test(replays_keep_nobody_apart),
        cmocka_unit_test(replays_of_many_that_are_gone_keep_no_newcomer_out),
        cmocka_unit_test(replays_make_no_room_large),
        cmocka_unit_test(a_hello_under_another_key_is_refused),
        cmocka_unit_test(a_copy_of_this_disk_is_noticed_by_its_hello_alone),
        cmocka_unit_test(one_that_hears_nothing_of_us_is_called_where_it_says_so),
        cmocka_unit_test(a_link_that_leads_to_ourselves_is_given_up),
        cmocka_unit_test(one_that_is_gone_is_called_where_its_beacons_come_from),
        cmocka_unit_test(who_is_forgotten_is_said_to_be_first),
        cmocka_unit_test(who_comes_while_it_is_being_forgotten_stays),
        cmocka_unit_test(a_run_that_comes_back_after_another_is_counted),
        cmocka_unit_test(addresses_that_mean_nothing_elsewhere_are_not_passed_on),
        cmocka_unit_test(a_change_of_addresses_is_announced_and_calls_everybody_anew),
        cmocka_unit_test(an_idle_machine_sleeps_most_of_the_time),
    };
    return keys_init() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
