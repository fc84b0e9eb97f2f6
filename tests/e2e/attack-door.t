#!/bin/sh
# At the door: connections that say nothing, frames of a gigabyte, storms of handshakes, beacons of others. Half of it needs no
# words of the class.
test_description='attacks on sockets and beacons'
ROOM=5
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

test_expect_success 'a room of three' 'open_attack_room'

# share: of a processor, in percent, that the thread of machine 1's loop takes while the attack lasts for thirty notes
loop_ticks() { sed 's/.*) //' "/proc/$(cat "$JAM_ROOM/1/pid")/task/$(cat "$JAM_ROOM/1/pid")/stat" | awk '{ print $12 + $13 }'; }
share() {
    share_was=$(loop_ticks) && share_from=$(date +%s%N) && lasts 30 &&
        share=$((($(loop_ticks) - share_was) * 1000000000 / ($(date +%s%N) - share_from)))
}

test_expect_success 'a thousand half open connections, opened again and again' '
    no_words=yes && begin half-open --count 1000 && lasts 20 && at_work && end && unharmed
'
test_expect_success 'no spin after it' '
    await "was=\$(ticks 1) && latency && now=\$(ticks 1) && test \$((now - was)) -lt 50" 30
'
test_expect_success 'a gigabyte is announced by a stranger' '
    attack huge-frame && grep -qx "cut 200 of 200" "$JAM_ROOM/said-huge-frame" && unharmed
'
test_expect_success 'beacons recorded and sent again' '
    attack replay-beacons && unharmed && says 1 status "[.status.machines[]] | length == 2"
'
test_expect_success 'beacons of another class' '
    attack forged-beacons && unharmed && says 1 status "[.status.machines[]] | length == 2"
'
test_expect_success 'a flood of beacons: others are heard, and an op passes' '
    begin flood-beacons && share && echo "the loop: $share percent" && test $share -lt 9 && at_work && stop 2 && start 2 && await "sees 1 2 3 && sees 3 1 2" && end && unharmed
'
test_expect_success 'the routing id of the next stranger, and sockets of every kind' '
    no_words= && attack routing-id && unharmed
'
test_expect_success 'a storm of handshakes by a member' '
    begin handshakes && lasts 20 && at_work && end && unharmed
'
test_expect_success 'a storm of strangers: a machine that starts anew comes in all the same' '
    begin strangers && lasts 10 && crash 2 && rm -rf "$JAM_ROOM/2/state" && start 2 && enter 2 &&
    await "sees 2 1 3 && sees 1 2 3 && sees 3 1 2" && end && unharmed
'
test_expect_success 'conversations of garbage within finished sessions: nobody falls, nothing grows' '
    attack zmtp-garbage --count ${CONVERSATIONS:-2000} &&
    grep -qx "conversations ${CONVERSATIONS:-2000}" "$JAM_ROOM/said-zmtp-garbage" && unharmed
'
test_expect_success 'a flood of knocks: an op passes, and the teacher sees who else knocks' '
    no_words=yes && begin flood-knocks && share && echo "the loop: $share percent" && test $share -lt 9 && at_work && end && unharmed &&
    unwatched=yes && begin flood-knocks && on 1 jam hello lee --take-over --passphrase-file "$JAM_ROOM/words" && start 5 &&
    await "says 1 \"class admit\" \".knocks | any(.[]; .host == \\\"pc5\\\") and length <= 9\"" && end && stop 5 &&
    on 1 jam hello ana --take-over && on 1 jam join bridge && at_work &&
    await "converged 1 2 3" && unwatched= no_words=
'
test_expect_success 'descriptors run out: what is there goes on, who sits there is served, nothing is lost, and it recovers' '
    sign_in 2 ben && on 2 jam join bridge && stop 1 && (ulimit -n 96 && launch 1) &&
    await "grep -q ready \"\$JAM_ROOM/1/out\"" && await "sees 1 2 3 && sees 3 1 2" && sign_in 1 ana && on 1 jam join bridge &&
    on 1 jam note "before" && no_words=yes && begin half-open --count 300 &&
    for i in 1 2 3 4 5
    do
        await "on 1 jam status >out && on 1 jam note \"and here\"" || return 1
    done &&
    on 2 jam note "while it lasts" && await "journal_has 3 bridge \"while it lasts\"" && alive 1 && end && no_words= &&
    await "on 1 jam note after" && await "journal_has 3 bridge before && journal_has 3 bridge after" && unharmed
'

test_done
