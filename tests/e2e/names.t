#!/bin/sh
# Names in every script, and names that are meant to play tricks with the terminal.
test_description='names from everywhere, names that play tricks'
ROOM=2
. "$(dirname "$0")/room.sh"

esc=$(printf '\033')
rlo=$(printf '\342\200\256') # right-to-left override
zwsp=$(printf '\342\200\213')
bell=$(printf '\007')

clean() { # FILE: no control characters but line ends, no bidi override
    ! LC_ALL=C grep -q "[$(printf '\001-\010\013-\037\177')]" "$1" && ! grep -qF "$rlo" "$1"
}

test_expect_success 'a room of two' 'open_room 2 && sign_in 1 ana && sign_in 2 "Zoé"'

test_expect_success 'names in wide, right-to-left and combined letters go through' '
    LC_ALL=C.UTF-8 && export LC_ALL &&
    on 1 jam start "橋をつくる" && on 1 jam start "جسر" && on 1 jam start "мост" && on 1 jam start "पुल" &&
    on 1 jam start "cafe$(printf "\314\201")" && on 1 jam start "👩‍🔬 lab" &&
    await "says 2 list \".jams | length == 6\"" &&
    ask 2 "[.jams[].name] | index(\"橋をつくる\") != null and index(\"جسر\") != null"
'

test_expect_success 'they can be joined by what is typed, accents and case folded' '
    on 2 jam join "МОСТ" && on 2 jam join "CAFE" && on 2 jam join "橋"
'

test_expect_success 'ESC, bell and overrides are refused or taken out, never shown' '
    test_might_fail on 1 jam start "${esc}[2Jgone" && test_might_fail on 1 jam start "evil${rlo}gnp.exe" &&
    test_might_fail on 1 jam note "${esc}]0;title${bell}" && test_might_fail on 1 jam note "a${rlo}b${zwsp}c" &&
    test_might_fail on 1 jam hello "a${esc}na" && test_might_fail on 1 jam role take "x${rlo}y" &&
    test_might_fail on 1 jam task add "${esc}[31mred" &&
    on 1 jam >out && on 1 jam list >>out && on 1 jam show >>out && on 1 jam journal >>out && on 1 jam who >>out &&
    on 1 jam task list >>out && on 1 jam role list >>out && test_might_fail on 1 jam join "${esc}[2J${rlo}" >>out 2>&1 &&
    clean out
'

test_expect_success 'nor on the other machine' '
    await converged && on 2 jam list >out && on 2 jam journal >>out && clean out
'

test_expect_success 'what is not UTF-8 is refused' '
    test_expect_code 1 on 1 jam start "$(printf "\377\376")" 2>said || test_expect_code 2 on 1 jam start "$(printf "\377\376")" 2>said
'

test_done
