#!/bin/sh
# A member makes work for others: letters that open for nobody, and what makes all fold a long log again. Whoever sits at a machine
# doesn't wait for it.
test_description='a member makes work'
ROOM=4
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

entries() { json "$1" status && jq .status.entries "$JAM_ROOM/$1/json"; }
has() { says "$1" status ".status.entries > $2"; }

# the shortest of five hellos with a look into the inbox at machine 1, in ms
hello() {
    best=999999
    for hello_ in 1 2 3 4 5; do
        on 1 jam bye >/dev/null && hello_=$(date +%s%N) && sign_in 1 ana >/dev/null &&
            on 1 jam inbox >/dev/null || return 1
        hello_=$((($(date +%s%N) - hello_) / 1000000))
        [ "$hello_" -gt "$best" ] || best=$hello_
    done
    echo "$best"
}

test_expect_success 'a room of three' 'open_attack_room'

test_expect_success 'ten thousand letters for nobody: who signs in and looks hardly waits for it' '
    before=$(hello) && on 1 jam back && begin letters --count 10000 && await "has 1 10000 && has 2 10000 && has 3 10000" && end &&
    unharmed && after=$(hello) && echo "hello: $before ms, with the letters $after ms" && test $after -lt $((before + 250)) && on 1 jam back
'

refolds() { json 1 status && jq .status.refolds "$JAM_ROOM/1/json"; }

test_expect_success 'a long log, and each second something that makes all fold it again: they do so now and then, and an op passes' '
    before=$(refolds) && unwatched=yes && begin refold --count 20000 &&
    await "has 1 30000 && has 2 30000 && has 3 30000" && unwatched= && watch_over refold &&
    lasts 80 && await "grep -qx \"forced 20\" \"$JAM_ROOM/said-refold\"" &&
    often=$(($(refolds) - before)) && forced=$(sed -n "s/^forced //p" "$JAM_ROOM/said-refold" | tail -n 1) &&
    echo "folded $often times of $forced" && test $often -gt 1 && test $often -lt $((forced * 2 / 3)) && end && unharmed
'

test_done
