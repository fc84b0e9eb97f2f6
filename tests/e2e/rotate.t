#!/bin/sh
# New words for a class: machines that stay go over by themselves, also who was away; the old words let nobody in.
test_description='new words for a class'
ROOM=6
. "$(dirname "$0")/room.sh"

device_of() { wire 1 class.devices | jq -r ".machines[] | select(.host == \"$(at "$1" hostname)\") | .device"; }
has_words() { says "$1" "class invite" ".invite == \"$(cat "$2")\""; }

test_expect_success 'a room of five; one is switched off, one is expelled' '
    open_room 5 && teach && for i in 2 3 4 5; do sign_in $i pupil$i || return 1; done && await converged &&
    stop 4 && wire 1 class.expel "{\"device\": \"$(device_of 5)\"}" >out && jq -e .rotate out && await "see_all 3 1 2 3"
'

test_expect_success 'only a teacher rotates' '
    test_must_fail wire 2 class.rotate >out && grep not-a-teacher out
'

test_expect_success 'all that are here go over at once; the expelled one does not' '
    cp "$JAM_ROOM/invite" old && wire 1 class.rotate | jq -r .invite >"$JAM_ROOM/invite" &&
    ! cmp -s old "$JAM_ROOM/invite" &&
    await "has_words 1 \"$JAM_ROOM/invite\" && has_words 2 \"$JAM_ROOM/invite\" && has_words 3 \"$JAM_ROOM/invite\"" &&
    has_words 5 old && on 2 jam start bridge && await "converged 1 2 3" && see_all 3 1 2 3
'

test_expect_success 'who was away comes over, by the secret that it had' '
    start 4 && await "has_words 4 \"$JAM_ROOM/invite\"" && await "see_all 4 1 2 3 4" && await "converged 1 2 3 4"
'

test_expect_success 'the old words let nobody in any more, the new ones do' '
    stop 5 && start 6 && test_must_fail on 6 jam class join $(cat old) 2>err && grep "other words" err &&
    enter 6 && await "see_all 5 1 2 3 4 6" && sign_in 6 pupil6 && await "converged 1 2 3 4 6"
'

test_expect_success 'after a start it is so still; and once more' '
    for i in 1 2 3 4 6; do stop $i || return 1; done && for i in 1 2 3 4 6; do start $i || return 1; done &&
    await "see_all 5 1 2 3 4 6" && teach &&
    wire 1 class.rotate | jq -r .invite >"$JAM_ROOM/invite" &&
    await "has_words 6 \"$JAM_ROOM/invite\" && has_words 4 \"$JAM_ROOM/invite\"" && await "see_all 5 1 2 3 4 6" &&
    sign_in 6 pupil6 && on 6 jam start tower && await "converged 1 2 3 4 6"
'

test_expect_success 'where beacons are filtered, who was away comes over by the address that it was given' '
    for i in $(running); do stop $i || return 1; done && lab filter all both &&
    start 1 && start 2 --peer 10.77.0.1 && start 3 --peer 10.77.0.1 && await "see_all 3 1 2 3" && teach &&
    stop 3 && wire 1 class.rotate | jq -r .invite >"$JAM_ROOM/invite" && await "has_words 2 \"$JAM_ROOM/invite\"" &&
    await "see_all 2 1 2" && start 3 --peer 10.77.0.1 && await "has_words 3 \"$JAM_ROOM/invite\"" &&
    await "see_all 3 1 2 3" && sign_in 3 pupil3 && on 3 jam start filtered && await "converged 1 2 3"
'

test_expect_success 'so do one that starts again, and one that never knew the old words' '
    stop 2 && start 2 --peer 10.77.0.1 && await "see_all 3 1 2 3" &&
    stop 6 2>/dev/null; rm -rf "$JAM_ROOM/6/state" && start 6 --peer 10.77.0.1 && enter 6 && await "see_all 4 1 2 3 6" 120 &&
    sign_in 6 pupil6 && await "converged 1 2 3 6" && stop 6 && lab filter all off
'

test_expect_success 'put out and new words in one breath: the others go over, that one never' '
    start 4 && await "see_all 4 1 2 3 4" && cp "$JAM_ROOM/invite" old && victim=$(device_of 4) && teach &&
    wire 1 class.expel "{\"device\": \"$victim\"}" >out && wire 1 class.rotate | jq -r .invite >"$JAM_ROOM/invite" &&
    await "has_words 2 \"$JAM_ROOM/invite\" && has_words 3 \"$JAM_ROOM/invite\"" && await "see_all 3 1 2 3" &&
    await "says 4 status \".status.refusal == \\\"expelled\\\"\"" && has_words 4 old &&
    sign_in 2 pupil2 && on 2 jam start afterwards && await "converged 1 2 3" && stop 4 && start 4 &&
    await "says 4 status \".status.refusal != null\"" && has_words 4 old && test_must_fail on 4 jam show afterwards &&
    see_all 3 1 2 3
'

test_done
