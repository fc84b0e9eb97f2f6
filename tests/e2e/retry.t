#!/bin/sh
# A request whose answer was lost is asked again: the same id is the same act.
test_description='a retry is the same act'
ROOM=1
. "$(dirname "$0")/room.sh"

call() { "$top/tests/e2e/hostile.py" call "$JAM_ROOM/1/socket" "$@"; }
id=00112233445566778899aabbccddeeff

test_expect_success 'a note that is sent twice with one id is one note' '
    start 1 && make_class && sign_in 1 ana && on 1 jam start bridge &&
    call note "{\"text\": \"once\"}" $id >first && call note "{\"text\": \"once\"}" $id >second &&
    test_cmp first second && json 1 journal &&
    ask 1 "[.journal[] | select(.text == \"once\")] | length == 1"
'

test_expect_success 'with another id it is another note' '
    call note "{\"text\": \"once\"}" 10112233445566778899aabbccddeeff >third && ! test_cmp first third &&
    json 1 journal && ask 1 "[.journal[] | select(.text == \"once\")] | length == 2"
'

test_expect_success 'so it is after the daemon was killed in between' '
    crash 1 && start 1 && sign_in 1 ana && on 1 jam back &&
    call note "{\"text\": \"once\"}" $id >after && test_cmp first after && json 1 journal bridge && ask 1 "[.journal[] | select(.text == \"once\")] | length == 2"
'

test_expect_success 'unknown methods and params of the wrong kind are refused in a sentence' '
    test_expect_code 1 call frobnicate "{}" >said && jq -e ".code == \"unknown-method\"" said &&
    test_expect_code 1 call join "{\"jam\": 7}" >said && test_expect_code 1 call note "{}" >said &&
    test_expect_code 1 call note "{\"text\": null}" >said && on 1 jam >out
'

test_done
