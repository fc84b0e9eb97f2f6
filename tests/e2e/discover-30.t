#!/bin/sh
# A whole lab: thirty machines find each other, and what is done everywhere arrives everywhere.
test_description='thirty machines find each other and hold the same'
ROOM=30
. "$(dirname "$0")/room.sh"

test_expect_success 'everybody sees everybody' '
    start 1 && make_class && fill 2 30 && await "see_all 30" 120
'

test_expect_success 'somebody signs in at each and they all write' '
    for i in $(test_seq 1 30)
    do
        sign_in $i pupil$i || return 1
    done &&
    on 1 jam start tower &&
    for i in $(test_seq 2 30)
    do
        await "on $i jam join tower" || return 1
    done &&
    for i in $(test_seq 1 30)
    do
        on $i jam note "note of pupil$i" || return 1
    done
'

test_expect_success 'all thirty hold the same' '
    await converged 120
'

test_expect_success 'and every note is there' '
    for i in $(test_seq 1 30)
    do
        journal_has 17 tower "note of pupil$i" || return 1
    done
'

test_done
