#!/bin/sh
# A member speaks for others, says what only teachers may, and posts what others wrote: none of it has an effect, on any machine.
test_description='a member speaks for others'
ROOM=5
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

come_in() { on "$1" jam hello "$2" --passphrase-file pupils; }
shown() { { on "$1" jam who --json && on "$1" jam class list --json && on "$1" jam names people; } 2>&1; }
nowhere_at() { shown $1 >shown && ! grep -q "$2" shown; }
nowhere() { nowhere_at 1 "$1" && nowhere_at 2 "$1" && nowhere_at 3 "$1"; }
# who signed in is who they were, their passphrases open, and the class is as it was
as_it_was() {
    unharmed && nowhere mallory && says 1 "class list" ".classes[0].name == \"Period 3\"" &&
        says 2 "who ana" ".person.handle == \"ana\" and .person.here" &&
        says 2 "who chloe" ".person.handle == \"chloe\" and .person.here"
}

test_expect_success 'lee, ana and chloe, with passphrases; a letter from ana to chloe' '
    echo "cobweb item comet" >pupils && start 1 && found 1 "Period 3" && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" &&
    fill 2 3 && await "see_all 3" && come_in 2 ana && come_in 3 chloe && on 2 jam start bridge && await "on 3 jam join bridge" &&
    await "on 1 jam join bridge" && on 1 jam people confirm ana && on 1 jam people confirm chloe &&
    on 2 jam feedback chloe --glow "a kestrel in the rafters" && await "converged 1 2 3" && targets_of 1 2 3 && idle=$(latency) &&
    await "says 3 inbox \".inbox | length == 1\""
'
test_expect_success 'without a grant, with one for another feed, with one by another key' '
    attack impostor --text mallory && grep -q "^grants" "$JAM_ROOM/said-impostor" && as_it_was
'
test_expect_success 'after BYE' 'attack after-bye --text mallory && as_it_was && shown 3 | grep guest'
test_expect_success 'a teacher'"'"'s word from a pupil: nothing of it holds, and nothing is erased' '
    on 2 jam note "by ana herself" && await "converged 1 2 3" && attack pupil-as-teacher --text mallory && as_it_was &&
    on 2 jam bye && come_in 2 ana && on 2 jam back && says 1 "class invite" ".invite == \"$(cat "$JAM_ROOM/invite")\"" &&
    journal_has 3 bridge "by ana herself" && says 3 inbox ".inbox | length == 1" &&
    says 2 status "[.status.refused[].count] | max >= 12"
'
test_expect_success 'a name that looks like ana'"'"'s, in Cyrillic: it bears a tail, and ana stays plain' '
    attack backdated --text "$(printf "\320\260n\320\260")" && unharmed &&
    for i in 1 2 3
    do
        says $i "who ana" ".person.handle == \"ana\" and .person.here" && shown $i >shown &&
        test "$(grep -c "$(printf "\320\260n\320\260")" shown)" -gt 0 &&
        ! grep "$(printf "\320\260n\320\260")" shown | grep -v "$(printf "\320\260n\320\260")~" || return 1
    done &&
    on 3 jam feedback "$(printf "\320\260n\320\260")" --glow "typed with the wrong letters" >said && grep "ana alone" said &&
    await "says 2 inbox \".inbox | length == 1\""
'
test_expect_success 'a key whose passphrase asks for 64 GiB: nobody pays for it' '
    attack key-bomb --text bomb && unharmed && weigh 3 && on 3 jam bye &&
    handle=$(shown 3 | grep -o "bomb~[a-z0-9]*" | head -n 1) && test -n "$handle" &&
    ! on 3 jam hello "$handle" --passphrase-file pupils 2>said && cat said && alive 3 && test "$(peak 3)" -lt 200000 &&
    come_in 3 chloe && on 3 jam back
'
test_expect_success 'a sealed letter of somebody, posted again' '
    attack letter-again --text mallet && unharmed && says 3 inbox "[.inbox[] | select(.from != \"ana\")] == []" &&
    says 3 inbox ".inbox | length == 1"
'
test_expect_success 'a machine that was put out: its link is cut, and what others carry for it counts by who wrote it' '
    stop 3 && await "sees 1 2 && sees 2 1" && there=2 && begin outcast --text mallory &&
    await "wire 1 class.devices >devices && jq -e \".machines[] | select(.host == \\\"hostile\\\" and .state == \\\"here\\\")\" devices" &&
    outcast=$(jq -r ".machines[] | select(.host == \"hostile\" and .state == \"here\") | .device" devices) &&
    on 2 jam note "written meanwhile" && await "journal_has 1 bridge \"written meanwhile\"" &&
    wire 1 class.expel "{\"device\": \"$outcast\"}" && await "grep carries \"$JAM_ROOM/said-outcast\"" &&
    grep -qx "said afterwards 0" "$JAM_ROOM/said-outcast" && lasts 20 && probe_end && held &&
    stop 1 && stop 2 && start 3 && come_in 3 chloe && weigh 3 &&
    await "journal_has 3 bridge \"written meanwhile\"" &&
    await "wire 3 class.devices >devices && jq -e \".machines[] | select(.expelled)\" devices" && nowhere_at 3 mallory &&
    end && cost_little 3 && start 1 && start 2 &&
    await "converged 1 2 3" && nowhere mallory
'

test_done
