#!/bin/sh
# A member speaks for others, says what only teachers may, and posts what others wrote: none of it has an effect, on any machine.
test_description='a member speaks for others'
ROOM=4
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

come_in() { on "$1" jam hello "$2" --passphrase-file pupils; }
shown() { { on "$1" jam who --json && on "$1" jam class list --json && on "$1" jam names people; } 2>&1; }
nowhere() {
    for nowhere_ in 1 2 3; do
        shown $nowhere_ >shown && ! grep -q "$1" shown || return 1
    done
}
# who signed in is who they were, their passphrases open, and the class is as it was
as_it_was() {
    at_work && await "converged 1 2 3" && nowhere mallory && says 1 "class list" ".classes[0].name == \"Period 3\"" &&
        says 2 "who ana" ".person.handle == \"ana\" and .person.here" &&
        says 2 "who chloe" ".person.handle == \"chloe\" and .person.here"
}

test_expect_success 'lee, ana and chloe, with passphrases; a letter from ana to chloe' '
    echo "cobweb item comet" >pupils && start 1 && found 1 "Period 3" && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" &&
    fill 2 3 && await "see_all 3" && come_in 2 ana && come_in 3 chloe && on 2 jam start bridge && await "on 3 jam join bridge" &&
    await "on 1 jam join bridge" && on 1 jam people confirm ana && on 1 jam people confirm chloe &&
    on 2 jam feedback chloe --glow "a kestrel in the rafters" && await "converged 1 2 3" && targets_of 1 2 3 &&
    await "says 3 inbox \".inbox | length == 1\""
'
test_expect_success 'without a grant, with one for another feed, with one by another key' '
    attack impostor --text mallory && grep -q "^grants" "$JAM_ROOM/said-impostor" && as_it_was
'
test_expect_success 'after BYE' 'attack after-bye --text mallory && as_it_was && shown 3 | grep guest'
test_expect_success 'a teacher'"'"'s word from a pupil' '
    attack pupil-as-teacher --text mallory && as_it_was && on 2 jam bye && come_in 2 ana && on 2 jam back
'
test_expect_success 'a key whose passphrase asks for 64 GiB: nobody pays for it' '
    weigh && attack key-bomb --text bomb && await "converged 1 2 3" && on 3 jam bye &&
    handle=$(shown 3 | grep -o "bomb~[a-z0-9]*" | head -n 1) && test -n "$handle" &&
    ! on 3 jam hello "$handle" --passphrase-file pupils 2>said && cat said && alive 3 && grown 3 200000 &&
    come_in 3 chloe && on 3 jam back
'
test_expect_success 'a sealed letter of somebody, posted again' '
    attack letter-again --text mallet && await "converged 1 2 3" && says 3 inbox "[.inbox[] | select(.from != \"ana\")] == []" &&
    says 3 inbox ".inbox | length == 1"
'
test_expect_success 'all still work' 'unharmed'

test_done
