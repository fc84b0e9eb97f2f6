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

refused() { # tries to call machine 3 that its kernel has refused
    at 3 awk '$1 == "Tcp:" && $15 ~ /[0-9]/ { print $15 }' /proc/net/snmp
}

ms() { echo $(($(date +%s%N) / 1000000)); }

# starts 3 and notes in a file how long it took to see both others
starts() { # FILE
    start_from=$(ms) && start 3 && until see_all 3 3; do :; done && echo $(($(ms) - start_from)) >>"$JAM_ROOM/$1"
}

# stops 3 and starts it again: nobody called it meanwhile
back_plainly() { stop 3 && await "state_of_3 left" && starts plain; }

# crashes 3 and starts it again between two calls of the others
back_again() {
    crash 3 && await "state_of_3 gone" && back_tries=$(refused) &&
    await "test \$(refused) -ge $((back_tries + 4))" && starts called
}

least() { sort -n "$JAM_ROOM/$1" | head -n 1; }

test_expect_success 'one that is back after vain calls need not wait for the next of them' '
    back_plainly && back_again && back_plainly && back_again && back_plainly && back_again &&
    test "$(least called)" -lt $(($(least plain) + 250))
'

test_done
