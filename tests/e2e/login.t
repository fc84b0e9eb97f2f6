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

account() { echo setpriv --reuid "$1" --regid "$1" --clear-groups --; }
as() { # UID CMD...: somebody of that account at machine 2
    as_by=$(account "$1")
    shift
    on 2 $as_by "$@"
}
told() { # UID: it is told the words that let machines in
    as "$1" jam class invite --json >said && jq -e ".invite | length > 0" said
}
kept_from() { # UID
    test_expect_code 1 as "$1" jam class invite --json >out 2>said && test_must_be_empty out &&
        jq -e ".error.code == \"not-a-teacher\"" said
}
# a computer that lets us make only namespaces of one user has no second account
! $(account 65534) true 2>/dev/null || test_set_prereq ACCOUNTS

test_expect_success ACCOUNTS 'the class'"'"'s words: told to root and to the account of jamd, to others only if a teacher sits there' '
    chmod o+x "$JAM_ROOM" && on 2 jam bye && told 0 && kept_from 65533 && as 65534 jam hello dora && kept_from 65534 &&
    await "on 1 jam people teacher dora" && await "told 65534" && stop 2 && chown -R 65533 "$JAM_ROOM/2" &&
    launch_by=$(account 65533) && start 2 && launch_by= && told 0 && told 65533 && kept_from 65532
'

test_done
