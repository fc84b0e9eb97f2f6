#!/bin/sh
# Machines with two interfaces, in two networks that know nothing of each other.
test_description='machines with two interfaces'
ROOM=4
. "$(dirname "$0")/room.sh"

test_expect_success 'machine 2 stands in both networks, 3 and 4 only in the second' '
    for i in 2 3 4
    do
        lab second-interface $i || return 1
    done &&
    lab cut 3 && lab cut 4 &&
    start 1 && make_class && fill 2 4
'

test_expect_success 'what machine 1 writes arrives at 4 through 2' '
    sign_in 1 ana && on 1 jam start bridge &&
    await "says 4 list \".jams[0].name == \\\"bridge\\\"\"" && await converged
'

test_expect_success 'a machine with two ways to another counts once' '
    lab join 3 && lab join 4 && await "see_all 4" && await converged
'

test_expect_success 'one of two cables out: it stays with us' '
    sign_in 4 dina && lab cut 4 && await "on 4 jam join bridge" && on 4 jam note "by the other cable" &&
    await "journal_has 2 bridge \"by the other cable\"" && await "see_all 4 2 3 4"
'

test_done
