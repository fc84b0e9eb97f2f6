#!/bin/sh
# The room falls into two halves for a while; both go on, and then they merge.
test_description='two halves of a room work apart and merge'
ROOM=6
. "$(dirname "$0")/room.sh"

test_expect_success 'a room of six, two people in one jam' '
    open_room 6 && sign_in 1 ana && sign_in 4 ben && sign_in 2 chloe && sign_in 5 dina &&
    on 1 jam start bridge && await "on 4 jam join bridge" && on 4 jam task add "measure" &&
    await "says 1 \"task list\" \".tasks | length == 1\""
'

test_expect_success 'it splits three to three' '
    lab split 4,5,6 && await "see_all 3"
'

test_expect_success 'both halves write about the same things' '
    on 1 jam role take recorder && on 4 jam role take recorder &&
    on 1 jam task take 1 && on 4 jam task done 1 &&
    on 2 jam start volcano && on 5 jam start volcano &&
    for i in $(test_seq 1 20)
    do
        on 1 jam note "left $i" && on 4 jam note "right $i" || return 1
    done
'

test_expect_success 'healed, all six hold the same' '
    lab heal && await "see_all 6" && await converged
'

test_expect_success 'both hold the role, for people to settle' '
    says 3 "show bridge" "[.. | objects | select(.role? == \"recorder\") | .holders[]] | unique | length == 2"
'

test_expect_success 'the two jams of one name both live, and a join by that name is refused' '
    says 3 list "[.jams[] | select(.name | startswith(\"volcano\"))] | length == 2" &&
    sign_in 3 emil &&
    test_expect_code 1 on 3 jam join volcano 2>said && grep -i volcano said
'

test_expect_success 'every note of both halves is there' '
    sign_in 6 gul && json 6 journal bridge && jq -r ".journal[].text // empty" "$JAM_ROOM/6/json" >texts &&
    test "$(grep -c "^left " texts)" = 20 && test "$(grep -c "^right " texts)" = 20
'

test_done
