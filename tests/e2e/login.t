#!/bin/sh
# The end of a login is a goodbye, without anybody typing it.
test_description='the end of a login'
ROOM=2
. "$(dirname "$0")/room.sh"

place_of() { says 1 "who $1" ".person.place.kind == \"$2\""; }

test_expect_success 'who signs in at a terminal of their own sits there until it ends' '
    open_room 2 && teach && mkfifo hold || return 1
    on 2 setsid -w sh -c "jam hello ana && cat" <hold >said 2>&1 &
    terminal=$!
    exec 9>hold && await "place_of ana solo" && exec 9>&- && wait $terminal && await "place_of ana away" 20
'

test_expect_success 'the others stay: who sits at that machine from another login, and the teacher' '
    sign_in 2 ben && await "place_of ben solo" && on 2 setsid -w sh -c "jam who" >seen &&
    mkfifo other || return 1
    on 2 setsid -w sh -c "jam hello dina && cat" <other >said 2>&1 &
    terminal=$!
    exec 9>other && await "place_of dina solo" && exec 9>&- && wait $terminal && await "place_of dina away" 20 &&
    place_of ben solo && place_of lee solo && on 2 jam note "still here"
'

test_done
