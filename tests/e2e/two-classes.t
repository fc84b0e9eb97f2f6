#!/bin/sh
# Several classes on one machine, of which one ends: the others go on, also under the same name.
test_description='one class of several ends'
ROOM=3
. "$(dirname "$0")/room.sh"

# another class at machine 1, and machines 2 and 3 join it; who made it stays signed in there
another() {
    wire 1 class.create "{\"name\": \"$1\", \"handle\": \"lee\", \"open\": true, \"passphrase\": \"cobweb item comet lamp domino\"}" >made &&
        jq -r .invite made >"$JAM_ROOM/invite" && enter 2 && enter 3
}
in_use() { says "$1" "class list" ".classes[] | select(.current) | .name == \"$2\" and (.closed | not)"; }
kept() { grep -qaF "$2" "$JAM_ROOM/$1"/state/*; }

test_expect_success 'three classes on three machines, one after the other' '
    open_room 3 && teach && sign_in 2 ana && on 2 jam start bridge && on 2 jam note "of the first" && await converged &&
    another "Period 4" && sign_in 2 ben && on 2 jam start volcano && on 2 jam note "of the second" &&
    another "Period 5" && await "on 3 jam list --class \"Period 4\" | grep volcano" &&
    printf "Period %s\n" 3 4 5 >all && on 3 jam names classes >names && test_cmp all names
'

test_expect_success 'a watch of a class that ends says so and ends; a watch of another goes on' '
    on 3 jam watch --class "Period 4" --json >second & second=$!
    on 3 jam watch --class "Period 4" --plain >plain & plain=$!
    on 3 jam watch --class "Period 3" --json >first & first=$!
    await "test -s second && test -s plain && test -s first" &&
    on 1 jam class use Period 4 && teach && on 1 jam class close --yes --no-export && await "! kill -0 $second 2>/dev/null && ! kill -0 $plain 2>/dev/null" &&
    wait $second && wait $plain && tail -n 1 second | jq -e ".type == \"ended\" and .class == \"Period 4\"" &&
    tail -n 1 plain | grep "The class Period 4 has ended" &&
    for i in 1 2 3; do ! kept $i "of the second" && kept $i "of the first" || return 1; done &&
    on 2 jam class use Period 3 && sign_in 2 ana && on 2 jam back && on 2 jam note "still live" &&
    await "grep \"still live\" first" && kill $first
'

test_expect_success 'where it was in use another one is now' '
    in_use 1 "Period 5" && in_use 2 "Period 3" && printf "Period %s\n" 3 5 >all && on 2 jam names classes >names && test_cmp all names && test_expect_code 1 on 2 jam list --class "Period 4" 2>err && grep "has ended" err &&
    on 1 jam hello lee --passphrase-file "$JAM_ROOM/words"
'

test_expect_success 'a new class may be called as one that has ended' '
    another "Period 4" && on 2 jam class use Period 4 && sign_in 2 dina && on 2 jam start tower &&
    await "on 3 jam list --class \"Period 4\" | grep tower" && in_use 2 "Period 4"
'

test_expect_success 'all of it is so after a start' '
    for i in 1 2 3; do stop $i || return 1; done && for i in 1 2 3; do start $i || return 1; done &&
    await "says 1 status \".status.peers == 2\"" && in_use 2 "Period 4" && on 2 jam list | grep tower &&
    on 2 jam list --class "Period 3" | grep bridge && says 2 "class list" "[.classes[] | select(.closed)] | length == 1"
'

test_done
