#!/bin/sh
# What a person types that can't be done: one clear sentence, what to do next, the right exit status.
test_description='wrong usage, no daemon, unknown names'
ROOM=1
. "$(dirname "$0")/room.sh"

refused() { # STATUS CMD...: with a sentence on standard error and nothing on standard output
    status=$1
    shift
    test_expect_code "$status" on 1 "$@" >out 2>said && test_must_be_empty out && test -s said &&
        ! grep -qiE "errno|assert|segmentation|\(null\)|%[12s]" said && return 0
    echo "not refused as it should be: $*" && cat said out
    return 1
}

test_expect_success 'without a daemon: exit 3, and how to start one' '
    mkdir -p "$JAM_ROOM/1" && refused 3 jam && grep jamd said && refused 3 jam list &&
    refused 3 jam --socket /nowhere/at/all status &&
    test_expect_code 3 on 1 jam list --json 2>said && jq -e ".error.code == \"no-daemon\"" said
'

test_expect_success 'wrong usage: exit 2, before any daemon is asked' '
    refused 2 jam frobnicate && refused 2 jam --frobnicate && refused 2 jam start && refused 2 jam join &&
    refused 2 jam class && refused 2 jam class frobnicate && refused 2 jam role give ana &&
    refused 2 jam task add && refused 2 jam feedback && refused 2 jam list --socket &&
    refused 2 jam feedback ben --jam bridge --glow "well done" && grep "not to both" said &&
    refused 2 jam class create
'

test_expect_success 'a mistyped command gets a suggestion' '
    refused 2 jam jion && grep join said && refused 2 jam class invit && grep invite said &&
    refused 2 jam list --jsno && grep -e --json said
'

test_expect_success 'without a class or a person: what to do' '
    start 1 && refused 1 jam hello ana && grep "jam class" said &&
    make_class && refused 1 jam start bridge && grep "jam hello" said
'

test_expect_success 'unknown names: a suggestion' '
    sign_in 1 ana && on 1 jam start bridge && refused 1 jam join brigde && grep "bridge" said &&
    refused 1 jam who anna && grep "ana" said && refused 1 jam show bridges && refused 1 jam who 12 &&
    refused 1 jam task take 99 && refused 1 jam task take nothing && refused 1 jam role drop sceptic
'

test_expect_success 'wrong words of an invite: which one is wrong' '
    refused 1 jam class join one two three && refused 1 jam class join zzzz
'

test_expect_success 'nothing in it, too much of it' '
    refused 1 jam start "" && refused 1 jam start "   " && refused 1 jam note "" &&
    long=$(printf "%05000d" 7) && refused 1 jam note "$long" && refused 1 jam start "$long" &&
    refused 1 jam hello "$long" && refused 1 jam set && grep "Type: jam set \[JAM\]" said &&
    test_expect_code 1 on 1 jam people forget ana --json 2>said && jq -e ".error.code == \"empty\" and (.error.try | contains(\"--why\"))" said
'

test_expect_success 'what is done already' '
    refused 1 jam join bridge && refused 1 jam feedback ana --glow "well done me"
'

test_expect_success 'nobody can read the answer' '
    test_expect_code 1 on 1 jam list 2>said >/dev/full && grep "can.t be written" said &&
    for how in --plain --json
    do
        on 1 sh -c "jam watch $how | head -n 1" >out 3>&- 4>&- & reader=$! && await "! kill -0 $reader" && test -s out || return 1
    done
'

test_expect_success 'and nothing changed' '
    says 1 list ".jams | length == 1" && ask 1 ".jams[0].name == \"bridge\"" &&
    json 1 journal && ask 1 "[.journal[] | select(.op == \"note\")] | length == 0"
'

test_expect_success 'with --json a refusal is an object on standard error' '
    test_expect_code 1 on 1 jam join brigde --json >out 2>said && test_must_be_empty out &&
    jq -e ".error | .code == \"no-such-jam\" and (.message | length > 0) and (.try | contains(\"bridge\"))" said &&
    test_expect_code 2 on 1 jam frobnicate --json 2>said && jq -e ".error.code == \"usage\"" said
'

test_expect_success 'every command explains itself, with an example' '
    on 1 jam help >help && grep -oE "^ +jam [a-z]+( [a-z]+)?" help >lines && test -s lines &&
    while read -r line
    do
        on 1 $line --help >text 2>&1 </dev/null && grep -qE "(e\.g\.|[Ee]xample|\\$) *:?" text && grep -q "jam" text ||
            { echo "no example: $line"; return 1; }
    done <lines
'

test_done
