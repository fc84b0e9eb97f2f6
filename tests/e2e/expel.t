#!/bin/sh
# A machine that a teacher puts out: cut off by all, at once and for good, also after a restart.
test_description='an expelled machine'
ROOM=4
. "$(dirname "$0")/room.sh"

# how many connections of machine J's address are at machine I's inboxes
from_machine() { at "$1" ss -Hnt state established "( sport >= :7733 and sport <= :7748 )" | grep -c "10.77.0.$2[]:]"; }
device_of() { wire 1 class.devices | jq -r ".machines[] | select(.host == \"$(at "$1" hostname)\") | .device"; }
refusal() { says "$1" status ".status.refusal == \"$2\""; }

test_expect_success 'a room; everybody wrote something' '
    open_room 4 && teach && sign_in 2 ana && sign_in 3 ben && sign_in 4 mallory && await converged &&
    await "from_machine 2 4"
'

test_expect_success 'the teacher expels a machine: all cut it off, and none counts it' '
    wire 1 class.expel "{\"device\": \"$(device_of 4)\"}" >out && await "see_all 3 1 2 3" &&
    await "! from_machine 1 4 && ! from_machine 2 4 && ! from_machine 3 4"
'

test_expect_success 'it says so itself' '
    await "refusal 4 expelled" && test_must_fail on 4 jam hello mallory 2>err && grep "put out" err &&
    on 4 jam status >err && grep "^This machine was put out of the class" err &&
    test_must_fail on 4 jam doctor >err && grep "bad: this machine was put out of the class" err
'

test_expect_success 'what the others write stays among them' '
    on 2 jam start bridge && await "converged 1 2 3" && says 4 list ".jams == []"
'

test_expect_success 'a restart opens no door' '
    stop 4 && start 4 && stop 2 && start 2 && await "see_all 3 1 2 3" && await "refusal 4 expelled" &&
    says 4 list ".jams == []" && says 4 status ".status.peers == 0"
'

test_done
