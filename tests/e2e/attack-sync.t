#!/bin/sh
# A member lies about what it has, asks without end, or floods: what honest machines write passes as ever, and what they keep for
# it is bounded.
test_description='a member lies, asks and floods'
ROOM=4
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

entries() { json "$1" status && jq .status.entries "$JAM_ROOM/$1/json"; }

# beside NAME [OPTIONS]: an op passes meanwhile, and it costs little
beside() {
    begin "$@" && lasts 20 && at_work && end && unharmed
}

test_expect_success 'a room of three' 'open_attack_room'

test_expect_success 'one that always differs and never answers' 'beside mute'
test_expect_success 'heads of feeds that do not exist' 'beside false-heads'
test_expect_success 'ranges without end' 'beside endless-ranges'
test_expect_success 'asks for everything, again and again' 'beside endless-wants'
test_expect_success 'the same, and never reads an answer' 'beside slow-reader'
test_expect_success 'asks who is who, and tells keys that nobody asked for' 'beside asking --text ana'

test_expect_success 'says that it has all, as twenty devices: they count as one machine' '
    begin false-ack --count 20 && lasts 20 && probe_end && await "says 1 status \".status.copies == 3\"" && on 1 jam note "is it safe?" &&
    await "says 1 status \"[.status.machines[] | select(.safe)] | length >= 6\"" &&
    says 1 status ".status.copies <= 3 and .status.lasting_machines <= 1" && end && unharmed
'
test_expect_success 'pushes valid entries as fast as it can: they are taken slowly, at all machines alike' '
    before=$(entries 1) && begin flood && lasts 40 && at_work && end && unharmed &&
    grew=$(($(entries 1) - before)) && echo "$grew entries" && test "$grew" -gt 100 && test "$grew" -lt 5000
'
test_expect_success 'the same with long texts' '
    before=$(entries 1) && beside flood-wide && grew=$(($(entries 1) - before)) && echo "$grew entries" &&
    test "$grew" -lt 3000
'
test_expect_success 'the same, a feed for each' '
    before=$(entries 1) && beside flood-feeds && grew=$(($(entries 1) - before)) && echo "$grew entries" &&
    test "$grew" -lt 5000
'
test_expect_success 'feeds of devices that do not exist' '
    before=$(entries 1) && beside flood-devices && grew=$(($(entries 1) - before)) && echo "$grew entries" &&
    test "$grew" -lt 8000
'
test_expect_success 'all that honest machines wrote is everywhere' 'await "converged 1 2 3"'

test_done
