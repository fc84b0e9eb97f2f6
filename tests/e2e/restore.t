#!/bin/sh
# Disks that go back in time, and one disk in two machines. Every start writes a feed of its own, so nothing forks and nothing
# is lost; what was erased meanwhile comes back nowhere else; and people are told of machines that have one key.
test_description='a state folder that is put back, and one that runs twice'
ROOM=5
. "$(dirname "$0")/room.sh"

put_back() { # I: the state folder as it was when it was kept
    rm -rf "$JAM_ROOM/$1/state" && cp -a "$JAM_ROOM/$1/kept" "$JAM_ROOM/$1/state"
}
keep() { # I
    rm -rf "$JAM_ROOM/$1/kept" && cp -a "$JAM_ROOM/$1/state" "$JAM_ROOM/$1/kept"
}

# sit I NAME: also where somebody came to read
sit() { on "$1" jam hello "$2" --take-over; }

# write I TEXT: whoever sits at machine I, in the jam; $JAM_ROOM/entry is its id
write() {
    on "$1" jam join bridge
    wire "$1" note "{\"text\": \"$2\"}" | jq -er .entry >"$JAM_ROOM/entry"
}

nothing_forks() {
    for i in $(running); do json $i status && ask $i '.status.forks == []' || return 1; done
}

test_expect_success 'a room of three' '
    open_room 3 && sit 1 ana && on 1 jam start bridge && await "sit 2 ben" && await "write 2 first" && await converged
'

test_expect_success 'a folder is put back while its machine is off: it goes on, and gets what it had' '
    stop 2 && keep 2 && start 2 && await "sit 2 ben" && await "write 2 second" && await converged &&
    stop 2 && put_back 2 && start 2 && await "sit 2 ben" && await "write 2 third" && await "see_all 3" && await converged &&
    for text in first second third; do await "journal_has 2 bridge $text" && await "journal_has 3 bridge $text" || return 1; done &&
    nothing_forks
'

test_expect_success 'so it does with a copy that was made while it ran, and after a crash' '
    sit 2 ben && kill -STOP $(cat "$JAM_ROOM/2/pid") && keep 2 && kill -CONT $(cat "$JAM_ROOM/2/pid") &&
    await "write 2 fourth" && await converged && crash 2 && put_back 2 && start 2 && await "sit 2 ben" &&
    await "write 2 fifth" && await "see_all 3" && await converged &&
    for text in fourth fifth; do await "journal_has 2 bridge $text" && await "journal_has 3 bridge $text" || return 1; done &&
    nothing_forks
'

test_expect_success 'what was erased meanwhile is erased again, and reached nobody who came just then' '
    await "write 2 \"hurt-and-erased\"" && await converged && stop 3 && keep 3 && start 3 && await "see_all 3" &&
    wire 2 redact "{\"entry\": \"$(cat "$JAM_ROOM/entry")\", \"why\": \"it hurt\"}" && await converged &&
    ! grep -rq hurt-and-erased "$JAM_ROOM/3/state" && stop 3 && put_back 3 && grep -rq hurt-and-erased "$JAM_ROOM/3/state" &&
    start 3 && start 4 && enter 4 && await "see_all 4" && await converged && ! grep -rq hurt-and-erased "$JAM_ROOM/4/state" &&
    await "! grep -rq hurt-and-erased \"$JAM_ROOM/3/state\"" && stop 4
'

# Machines 4 and 5 look alike by their hardware, and keep their things at the same place.
image() { # I: starts it
    mkdir -p "$JAM_ROOM/$1/state" "$JAM_ROOM/image" && : >"$JAM_ROOM/$1/out" || return 1
    nsenter "--net=$JAM_LAB/net/$1" "--uts=$JAM_LAB/uts/$1" -- unshare --mount sh -c '
        mount -t sysfs none /sys # that of its own cards: no other looks more like a real one
        mount --bind "$1/state" "$2" && exec jamd --state "$2" --socket "$1/socket"' sh "$JAM_ROOM/$1" "$JAM_ROOM/image" \
        >"$JAM_ROOM/$1/out" 2>>"$JAM_ROOM/$1/log" </dev/null 3>&- 4>&- 5>&- 6>&- &
    echo $! >"$JAM_ROOM/$1/pid"
    await "grep -q ready '$JAM_ROOM/$1/out' || ! alive $1" && alive "$1"
}

test_expect_success 'one disk in two machines: both work' '
    for i in 4 5; do at $i ip link add image0 address 02:00:00:00:00:01 type bridge || return 1; done &&
    rm -rf "$JAM_ROOM/4/state" && image 4 && enter 4 && sit 4 chloe && await "write 4 original" && await "converged 1 4" &&
    stop 4 && mkdir "$JAM_ROOM/5" && cp -a "$JAM_ROOM/4/state" "$JAM_ROOM/5/state" && image 4 && image 5 &&
    sit 4 chloe && sit 5 dora && await "write 4 \"by the original\"" && await "write 5 \"by the copy\"" &&
    await "journal_has 1 bridge \"by the original\"" && await "journal_has 1 bridge \"by the copy\""
'

doctor_says() { # I OK TEXT
    json "$1" doctor
    ask "$1" ".checks[] | select(.id == \"copy\") | .ok == $2 and (.what // \"\" | contains(\"$3\"))"
}

test_expect_success 'each says whose disk is a copy, and that both must start again' '
    await "doctor_says 4 false pc5" && await "doctor_says 5 false pc4" &&
    test_expect_code 1 on 4 jam doctor >said && grep "one key" said && grep "one key\|this one.s key" "$JAM_ROOM/4/log"
'

test_expect_success 'switched off and on again each has a key of its own' '
    stop 4 && stop 5 && image 4 && image 5 && ! cmp "$JAM_ROOM/4/state/device.key" "$JAM_ROOM/5/state/device.key" &&
    await "see_all 5" && await converged && doctor_says 4 true "" && doctor_says 5 true "" && nothing_forks &&
    for i in 1 4 5
    do
        journal_has $i bridge "by the original" && journal_has $i bridge "by the copy" || return 1
    done
'

test_done
