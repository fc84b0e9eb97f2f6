#!/bin/sh
# A laptop with a firewall: it can call out, nobody can call in.
test_description='a machine that nobody can call'
ROOM=3
. "$(dirname "$0")/room.sh"

test_expect_success 'machine 3 closes itself off and joins' '
    lab firewall 3 && start 1 && make_class && start 2 && enter 2 && start 3 && enter 3 &&
    await "see_all 2 1 2"
'

test_expect_success 'its doctor says that the others cannot reach it, and exits 1' '
    await "test_expect_code 1 json 3 doctor" &&
    ask 3 "[.checks[] | select(.id == \"reached\" and .ok == false)] | length == 1"
'

test_expect_success 'what is written there stays there, and is acknowledged' '
    test_might_fail sign_in 3 ana && sign_in 1 ben && on 1 jam start bridge
'

test_expect_success 'with the firewall open it comes in, and doctor is content with that' '
    lab firewall 3 off && await "see_all 3" && await converged &&
    await "test_might_fail json 3 doctor && ask 3 \".checks[] | select(.id == \\\"reached\\\") | .ok\""
'

test_done
