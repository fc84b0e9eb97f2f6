#!/bin/sh
# What is redacted is gone from every machine's files, also from those that slept, and never comes to those that join later.
test_description='erased is erased'
ROOM=5
. "$(dirname "$0")/room.sh"

canary=canary-4711-straw

holds() { # I: does any file of machine I have the text?
    grep -rqF "$canary" "$JAM_ROOM/$1/state"
}

line_of() { # I JAM TEXT: the journal's line that says so, as a number
    json "$1" journal "$2" &&
        jq -e ".journal[] | select(.text != null and (.text | contains(\"$3\"))) | .n" "$JAM_ROOM/$1/json"
}

test_expect_success 'a note is on four machines' '
    open_room 4 && sign_in 2 ana && sign_in 3 ben && sign_in 4 dina && on 2 jam start bridge &&
    on 2 jam note "it is at $canary lane" && on 2 jam note "and this stays" &&
    await "on 3 jam join bridge" && on 3 jam note "by ben" &&
    await "holds 1 && holds 2 && holds 3 && holds 4" && await converged
'

test_expect_success 'another pupil can not take it back' '
    n=$(line_of 3 bridge "$canary") &&
    test_expect_code 1 on 3 jam redact $n --why nosy 2>said && grep "isn.t yours" said &&
    test_expect_code 1 on 3 jam redact 99 --why nosy 2>said &&
    test_expect_code 1 on 3 jam redact nothing --why nosy 2>said && grep "no entry" said &&
    test_expect_code 2 on 3 jam redact --why nosy 2>said && holds 1
'

test_expect_success 'its author can, and is told who sleeps' '
    stop 4 && await "says 2 status \"[.status.machines[] | select(.host == \\\"pc4\\\")][0].state == \\\"left\\\"\"" &&
    n=$(line_of 2 bridge "$canary") && on 2 jam redact $n --why "a home address" >said &&
    grep "Erased on 3 of 4" said && grep "pc4 will when it wakes" said && grep ana said
'

test_expect_success 'what is open of it stands in the status' '
    says 2 status ".status.redactions | length == 1 and .[0].done == 3 and .[0].waiting == [\"pc4\"]" &&
    on 2 jam status >said && grep "Erased on 3 of 4 machines. pc4 will when it wakes" said && says 3 status ".status.redactions == []"
'

test_expect_success 'no file of the machines that run has it' '
    await "! holds 1 && ! holds 2 && ! holds 3" && await converged && holds 4
'

test_expect_success 'the journal says by whom and why, the rest stays' '
    on 3 jam journal bridge >said && grep "erased by ana: a home address" said && grep "and this stays" said &&
    n=$(line_of 2 bridge "a home address") &&
    test_expect_code 1 on 2 jam redact $n --why again --json 2>said && jq -e ".error.code == \"erased\"" said
'

test_expect_success 'the receipt completes when the last one wakes' '
    says 2 "redact --receipt" ".redactions[0] | .done == 3 and .of == 4 and .waiting == [\"pc4\"]" &&
    start 4 && await "! holds 4" && await converged &&
    await "says 2 \"redact --receipt\" \".redactions[0] | .done == 4 and .of == 4 and .waiting == []\"" &&
    says 2 status ".status.redactions == []"
'

test_expect_success 'a machine that joins later never gets it' '
    start 5 && enter 5 && await "see_all 5" && await converged && ! holds 5 &&
    sign_in 5 emil && on 5 jam journal bridge >said && grep "erased by ana" said
'

test_expect_success 'so it is after all of them were killed' '
    for i in 1 2 3 4 5; do crash $i || return 1; done &&
    for i in 1 2 3 4 5; do start $i || return 1; done &&
    await "see_all 5" && await converged &&
    for i in 1 2 3 4 5; do ! holds $i || return 1; done
'

test_expect_success 'all of a person is forgotten, of themselves or by a teacher' '
    sign_in 2 ana && on 2 jam back && sign_in 3 ben &&
    for i in $(test_seq 1 70); do on 2 jam note "$canary $i" >/dev/null || return 1; done &&
    on 2 jam feedback ben --glow "$canary" && await "holds 1 && holds 3 && holds 5" &&
    test_expect_code 1 on 3 jam people forget ana --why nosy 2>said && grep "isn.t yours" said &&
    on 2 jam people forget ana --why "she moved away" >said && grep "Erased 72 texts on 5 of 5" said &&
    for i in 1 2 3 4 5; do await "! holds $i" || return 1; done &&
    await converged && on 2 jam people forget ana --why again >said && grep "nothing of ana" said &&
    json 3 inbox && ask 3 ".inbox == []"
'

test_expect_success 'a disk that is restored to what it was erases it again, and so says the receipt' '
    sign_in 3 ben && on 3 jam join bridge && on 3 jam note "$canary once more" && await "holds 4 && holds 1" && await converged &&
    stop 4 && cp -a "$JAM_ROOM/4/state" "$JAM_ROOM/image" && stop 5 &&
    n=$(line_of 3 bridge "$canary once more") && on 3 jam redact $n --why "again" >said && grep "Erased on 3 of 5" said &&
    start 4 && await "! holds 4" && await "says 3 \"redact --receipt\" \".redactions[0] | .done == 4 and .waiting == [\\\"pc5\\\"]\"" &&
    stop 4 && rm -rf "$JAM_ROOM/4/state" && mv "$JAM_ROOM/image" "$JAM_ROOM/4/state" && holds 4 && start 4 &&
    await "! holds 4" && await "converged 1 2 3 4" && says 3 "redact --receipt" ".redactions[0].done == 4"
'

test_expect_success 'a disk that was wiped meanwhile has nothing, and the receipt is complete' '
    rm -rf "$JAM_ROOM/5/state" && start 5 && enter 5 && await "see_all 5" && await converged && ! holds 5 && sign_in 5 emil &&
    await "says 3 \"redact --receipt\" \".redactions[0] | .done == 5 and .of == 5 and .waiting == []\""
'

test_expect_success 'who is forgotten while signed in goes on, and what comes after stays' '
    sign_in 2 ana && test_might_fail on 2 jam join bridge && on 2 jam note "$canary before" && await "holds 4" && await converged &&
    teach && on 1 jam people forget ana --why "as her parents asked" >said && grep "as lee" said &&
    for i in 1 2 3 4 5; do await "! holds $i" || return 1; done &&
    on 2 jam note "ana after" && says 2 "" ".person == \"ana\"" && await converged && journal_has 3 bridge "ana after" &&
    on 3 jam journal bridge >said && grep "erased by lee: as her parents asked" said
'

test_expect_success 'a watch tells it' '
    on 3 jam watch --json >changes & watch=$!
    await "test -s changes" && on 2 jam note "$canary again" &&
    n=$(line_of 2 bridge "$canary") && on 2 jam redact $n --why "once more" &&
    await "jq -e \"select(.type == \\\"redact\\\") | .jam == \\\"bridge\\\" and .by == \\\"ana\\\"\" changes" && kill $watch
'

test_done
