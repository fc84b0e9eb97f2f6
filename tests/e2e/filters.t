#!/bin/sh
# Switches that swallow multicast, broadcast, or both.
test_description='switches that filter'
ROOM=4
. "$(dirname "$0")/room.sh"

fresh() { # what filters, before anything starts
    for i in $(running)
    do
        crash $i || return 1
    done &&
    rm -rf "$JAM_ROOM"/[1-4] && lab filter all off && lab filter all "$1"
}

test_expect_success 'without multicast they find each other by broadcast' '
    fresh multicast && open_room 4
'

test_expect_success 'without broadcast they find each other by multicast' '
    fresh broadcast && open_room 4
'

test_expect_success 'doctor tells which of them works' '
    test_might_fail json 2 doctor &&
    ask 2 "[.checks[] | select(.id == \"broadcast\" and .ok == false)] | length >= 1" &&
    ask 2 "[.checks[] | select((.id | startswith(\"multicast\")) and .ok == true)] | length >= 1"
'

test_expect_success 'without either, one address at one machine is enough for all' '
    fresh both && start 1 && make_class && start 2 && start 3 &&
    enter 2 && enter 3 &&
    port=$(port_of 1) && crash 2 && start 2 --peer 10.77.0.1:$port &&
    crash 3 && start 3 --peer 10.77.0.1:$port &&
    await "see_all 3"
'

test_done
