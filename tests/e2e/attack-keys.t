#!/bin/sh
# Who says hello at a machine whose log is still coming: neighbours are asked for their key, and one of these is hostile. Nobody is
# let in as another, and who has the passphrase comes in all the same.
test_description='false keys for who says hello'
ROOM=4
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

words() { echo "$*" >"$JAM_ROOM/typed"; }
come_in() { on "$1" jam hello "$2" --take-over --passphrase-file "$JAM_ROOM/typed"; }
refused_with() { # CODE, of a hello at machine 2
    test_expect_code 1 on 2 jam hello "$2" --take-over $3 --json </dev/null 2>why && jq -e ".error.code == \"$1\"" why
}
entries() { json "$1" status && jq .status.entries "$JAM_ROOM/$1/json"; }
still_coming() { test "$(entries 2)" -lt 10000; }
asked() { grep -qx "asked $1" "$JAM_ROOM/said-false-keys"; }

# their feed ends behind the long one, so it comes after it
test_expect_success 'a class with a long log; ana, chloe, dora, emil, and ben, whose first key is ended; a machine is wiped' '
    start 1 && found 1 "Period 3" && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" && fill 2 2 && await "see_all 2" &&
    words river lamp comet && await "come_in 2 ana" && words quartz otter banana && come_in 2 chloe &&
    words kitten orbit maple && come_in 2 dora && come_in 2 emil && words velvet onion tiger && come_in 2 ben &&
    await converged && json 1 people reset ben && words $(jq -r .card.words "$JAM_ROOM/1/json") &&
    printf "%s\n" "$(cat "$JAM_ROOM/typed")" "walnut pepper fossil" >"$JAM_ROOM/typed" &&
    await converged && test_expect_code 1 on 2 jam bye && await "come_in 2 ben" && await converged && targets="--to 10.77.0.1:$(port_of 1) --to 10.77.0.2:$(port_of 2)" && unwatched=yes && begin false-keys &&
    on 1 jam start bridge && on 1 "$top/tests/e2e/hostile.py" many "$JAM_ROOM/1/socket" 10000 &&
    await "! still_coming" && on 2 jam bye && await converged && stop 2 && rm -rf "$JAM_ROOM/2/state"
'
test_expect_success 'a secret without a passphrase, told of dora, lets nobody in; hers does' '
    at 1 tc qdisc add dev eth0 root tbf rate 4mbit burst 32kbit latency 400ms && start 2 && enter 2 &&
    await "says 2 status \"[.status.machines[] | select(.host == \\\"hostile\\\" and .state == \\\"here\\\")] | length == 1\"" &&
    await "refused_with passphrase dora" && asked dora && words wrong lamp comet &&
    refused_with wrong-passphrase dora "--passphrase-file $JAM_ROOM/typed" && words kitten orbit maple && await "come_in 2 dora" &&
    says 2 "" ".person | startswith(\"dora\")" && still_coming
'
test_expect_success 'keys that nobody can open, another'"'"'s, and one that she has not, told of ana: her own opens' '
    words river lamp comet && await "come_in 2 ana >said" && grep "Welcome back, ana" said && asked ana &&
    says 2 "" ".person | startswith(\"ana\")" && still_coming
'
test_expect_success 'a key that is dear to try, told of emil: nobody pays for it' '
    words kitten orbit maple && await "come_in 2 emil" && asked emil && still_coming && test "$(peak 2)" -lt 200000
'
test_expect_success 'the key that ben had before a teacher gave him another: once the log is here, it counts for nothing' '
    words velvet onion tiger && await "come_in 2 ben" && asked ben && still_coming && at 1 tc qdisc del dev eth0 root &&
    await "! still_coming" && await "says 2 \"\" \".person == null\"" && await "says 1 \"who ben\" \".person.here | not\"" &&
    words walnut pepper fossil && await "come_in 2 ben" && await "says 1 \"who ben\" \".person.here\""
'
test_expect_success 'all are who they were' '
    end && await converged && on 2 jam join bridge && await "says 1 \"who ben\" \".person.place.jam == \\\"bridge\\\"\"" &&
    for who in ana chloe dora emil
    do
        says 1 "who $who" ".person.handle == \"$who\" and (.person.here | not)" || return 1
    done
'

test_done
