#!/bin/sh
# A disk that is full: writes are refused with a sentence, everything else goes on.
test_description='a disk that is full'
ROOM=2
. "$(dirname "$0")/room.sh"

test_expect_success 'machine 2 has a small disk' '
    mkdir -p "$JAM_ROOM/2/state" && mount -t tmpfs -o size=3m none "$JAM_ROOM/2/state" &&
    open_room 2 && sign_in 1 ana && sign_in 2 ben && on 1 jam start bridge && await "on 2 jam join bridge" &&
    on 2 jam note "before"
'

test_expect_success 'it fills up; what cannot be kept is refused in a sentence' '
    text=$(printf "%03000d" 7) &&
    test_might_fail dd if=/dev/zero of="$JAM_ROOM/2/state/fill" bs=4k 2>/dev/null &&
    n=0 &&
    while on 2 jam note "$text" >/dev/null 2>said
    do
        n=$((n + 1))
        test $n -lt 2000 || return 1
    done &&
    grep -i disk said && alive 2
'

test_expect_success 'it goes on reading and serving, and status says what is wrong' '
    says 2 list ".jams[0].name == \"bridge\"" && journal_has 2 bridge before &&
    json 2 status && ask 2 ".status.disk != null" && await "see_all 2"
'

test_expect_success 'with room on the disk it goes on, and nothing acknowledged is missing' '
    rm "$JAM_ROOM/2/state/fill" && await "on 2 jam note after" && await converged &&
    journal_has 1 bridge before && journal_has 1 bridge after &&
    await "says 2 status \".status.disk == null\""
'

test_done
