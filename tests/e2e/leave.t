#!/bin/sh
# How machines and people go: a goodbye, a crash, a cable.
test_description='how machines and people go'
ROOM=3
. "$(dirname "$0")/room.sh"

state_of_3() { # as machine 1 knows it
    says 1 status "[.status.machines[] | select(.host == \"pc3\") | .state] == [\"$1\"]"
}

test_expect_success 'a room of three' '
    open_room 3 && sign_in 3 ana && on 3 jam start bridge && await "state_of_3 here"
'

test_expect_success 'who says bye is away, and still a member' '
    on 3 jam bye && await "says 1 \"who ana\" \".person.place.kind == \\\"away\\\"\"" &&
    ask 1 ".person.member_of == [\"bridge\"]" &&
    test_expect_code 1 on 3 jam note "who speaks?" 2>said && grep "jam hello" said
'

test_expect_success 'who leaves a jam is no member any more' '
    sign_in 3 ana && test_might_fail on 3 jam back && on 3 jam leave bridge &&
    await "says 1 \"who ana\" \".person.member_of == []\""
'

test_expect_success 'a daemon that is stopped says so' '
    stop 3 && await "state_of_3 left"
'

test_expect_success 'it comes back' '
    start 3 && await "state_of_3 here" && await "see_all 3"
'

test_expect_success 'one that crashes is gone, and comes back' '
    crash 3 && await "state_of_3 gone" && start 3 && await "see_all 3" && await converged
'

test_done
