#!/bin/sh
# A cable is pulled while people work, and put back.
test_description='a cable is pulled and put back'
ROOM=3
. "$(dirname "$0")/room.sh"

test_expect_success 'a room of three, two people in a jam' '
    open_room 3 && sign_in 1 ana && sign_in 3 ben &&
    on 1 jam start bridge && await "on 3 jam join bridge"
'

test_expect_success 'the others notice that the cable is out' '
    lab cut 3 && await "see_all 2 1 2" && await "see_all 1 3"
'

test_expect_success 'work goes on at both ends' '
    on 3 jam note "written without a cable" && on 1 jam note "written meanwhile" &&
    on 3 jam role take sceptic && on 1 jam role take recorder
'

test_expect_success 'with the cable back they see each other and hold the same' '
    lab join 3 && await "see_all 3" && await converged
'

test_expect_success 'nothing is lost' '
    for i in 1 2 3
    do
        journal_has $i bridge "written without a cable" && journal_has $i bridge "written meanwhile" || return 1
    done
'

test_expect_success 'a short break does no harm either' '
    lab cut 2 && on 1 jam note "during the short one" && lab join 2 &&
    await "journal_has 2 bridge \"during the short one\"" && await "see_all 3" && await converged
'

test_done
