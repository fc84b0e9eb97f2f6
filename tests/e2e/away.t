#!/bin/sh
# Some come late, some were away while the others wrote a lot.
test_description='late joiners, and machines that were away'
ROOM=4
. "$(dirname "$0")/room.sh"

test_expect_success 'a room of three' '
    open_room 3 && sign_in 1 ana && sign_in 2 ben && on 1 jam start bridge && await "on 2 jam join bridge"
'

test_expect_success 'one goes; the others write a lot' '
    stop 3 && await "see_all 2" &&
    for i in $(test_seq 1 150)
    do
        on 1 jam note "ana $i" && on 2 jam note "ben $i" || return 1
    done
'

test_expect_success 'it comes back and catches up' '
    start 3 && await converged && journal_has 3 bridge "ana 150" && journal_has 3 bridge "ben 1"
'

test_expect_success 'a new machine comes late and gets all of it' '
    start 4 && enter 4 && await "see_all 4" && await converged && journal_has 4 bridge "ben 150"
'

test_expect_success 'somebody whose disk was wiped in the night too' '
    crash 4 && rm -rf "$JAM_ROOM/4/state" && start 4 && enter 4 && await "see_all 4" && await converged
'

test_expect_success 'two that were never there together learn from a third' '
    stop 3 && stop 4 && on 1 jam note "while 3 and 4 are away" &&
    await "converged 1 2" && stop 1 && start 3 && await "converged 2 3" && stop 2 &&
    start 4 && await "converged 3 4" && journal_has 4 bridge "while 3 and 4 are away"
'

test_done
