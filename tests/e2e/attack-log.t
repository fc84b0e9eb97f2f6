#!/bin/sh
# A member tells entries that are false, and feeds that say two things: nothing of it is believed, and all agree on what is void.
test_description='a member forges entries and feeds'
ROOM=6
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

shows() { # I TEXT: anywhere in what people see
    { on "$1" jam who --json && on "$1" jam list --json && on "$1" jam watch --once --plain; } >"$JAM_ROOM/$1/shown" 2>&1 &&
        grep -q "$2" "$JAM_ROOM/$1/shown"
}
nowhere() { ! shows 1 "$1" && ! shows 2 "$1" && ! shows 3 "$1"; }

test_expect_success 'a room of three' 'open_attack_room'

test_expect_success 'forged signature, hash, Lamport number, after, seq, feed, class, device: nothing of it is believed' '
    attack forged --text mallory && test "$(grep -c told "$JAM_ROOM/said-forged")" = 9 && unharmed && nowhere mallory &&
    says 1 status ".status.forks == []"
'
test_expect_success 'who forges again and again is told off and cut off' '
    attack forger && grep -qx "refused 6" "$JAM_ROOM/said-forger" && unharmed
'
test_expect_success 'payloads that were taken out on the way' '
    attack withheld && grep -qx "refused 4" "$JAM_ROOM/said-withheld" && unharmed
'
test_expect_success 'a text said to be redacted that was not: the headers are taken, nobody counts on them, the text comes from others' '
    on 1 jam note "not redacted" && await "converged 1 2 3" && crash 3 && rm -rf "$JAM_ROOM/3/state" && targets_of 1 &&
    targets="$targets --to 10.77.0.3:7733" && unwatched=yes && begin stubs && crash 1 && crash 2 && start 3 && enter 3 && weigh 3 &&
    await "says 3 status \".status.lacking | length > 0\"" && sign_in 3 chloe && ! journal_has 3 bridge "not redacted" &&
    start 1 && weigh 1 && start 2 && weigh 2 && await "journal_has 3 bridge \"not redacted\"" && await "says 3 status \".status.lacking == []\"" &&
    end && targets_of 1 2 3 && sign_in 1 ana && on 1 jam join bridge && on 3 jam join bridge && cost_little 1 2 3 && unharmed && unwatched=
'
test_expect_success 'a feed without causes comes first of all, and gains nothing by it' '
    attack backdated --text ana && unharmed
'
# from a machine that nobody has refused yet: else its connections are rationed, and what it tells may not come in time
test_expect_success 'one feed shown otherwise to each half: the proof reaches all, and all agree on what is void' '
    targets_of 1 2 && lab split 3,5 && await "see_all 1 3" &&
    from=6 && there=2 && begin fork --seed 7 --text left && await "shows 1 left && shows 2 left && sees 1 2 && ! sees 1 3" && lasts 20 &&
    end && held && there= && unwatched=yes &&
    targets_of 3 && from=5 && begin fork --seed 7 --text right && await "shows 3 right" && end && from=4 &&
    lab heal && unharmed && unwatched= && await "says 1 status \".status.forks | length == 1\"" && targets_of 1 2 3 &&
    for i in 1 2 3
    do
        says $i status ".status.forks | length == 1" || return 1
    done &&
    nowhere left && nowhere right
'
test_expect_success 'causes that nobody has: what waits is bounded, and an op passes as ever' '
    begin orphans --count 12000 && lasts 20 && at_work && end && unharmed
'
test_done
