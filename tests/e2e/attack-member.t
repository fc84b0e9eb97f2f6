#!/bin/sh
# A member says what can't be: every number at and beyond its limits, bombs, lies about itself and others. Nobody falls over, all
# still see each other.
test_description='a member breaks the protocol'
ROOM=5
. "$(dirname "$0")/room.sh"
. "$top/tests/e2e/attack.sh"

said() { sed -n "s/^$2 //p" "$JAM_ROOM/said-$1"; }

test_expect_success 'a room of three' 'open_attack_room'

test_expect_success 'every number of every message at its limits, beyond them, and at 2^31, 2^32, 2^63, 2^64' '
    attack numbers && test "$(said numbers numbers)" -gt 300 && unharmed
'
test_expect_success 'MessagePack bombs, depth, counts that lie: nothing is allocated for them' '
    attack bombs && unharmed
'
test_expect_success 'messages beyond the limit, and of many parts: the link is cut' '
    attack long && unharmed && attack parts && unharmed
'
test_expect_success 'noise of a key that never said HELLO: it is cut off all the same' '
    attack nameless && test "$(said nameless said)" -lt 20000 && unharmed
'
test_expect_success 'the HELLO of one that is here, from another key: it is told off, the real one stays' '
    attack other-device && grep -qx "refused 4" "$JAM_ROOM/said-other-device" && unharmed
'
test_expect_success 'a HELLO that names a port: it is called at the address where the HELLO came from, and seldom' '
    attack victim-port && calls=$(said victim-port calls) && test "$calls" -gt 0 && test "$calls" -lt 90 &&
    test "$(said victim-port bytes)" -lt 8000 && unharmed
'
test_expect_success 'an INBOX that names a port: the same, three times a second at most of each machine' '
    attack victim-inbox && calls=$(said victim-inbox calls) && test "$calls" -gt 0 && test "$calls" -lt 90 &&
    test "$(said victim-inbox bytes)" -lt 4000 && unharmed
'
test_expect_success 'addresses that lead to a victim: it is called seldom, and told nothing' '
    at 5 sh -c "cat /proc/net/snmp" | awk "/^Tcp:/ && \$2 ~ /[0-9]/ { print \$15 }" >resets &&
    begin lure --text 10.77.0.5 && lasts 20 && at_work && end && unharmed &&
    at 5 sh -c "cat /proc/net/snmp" | awk "/^Tcp:/ && \$2 ~ /[0-9]/ { print \$15 }" >after &&
    called=$(($(cat after) - $(cat resets))) && echo "called $called times" && test "$called" -lt 2000
'
test_expect_success 'all are gone, says one to all: they see each other still' '
    begin slander && for i in 1 2 3 4 5
    do
        lasts 5 && sees 1 2 3 && sees 2 1 3 && sees 3 1 2 || return 1
    done && at_work && end && unharmed
'
test_expect_success 'a class of its own is offered to a machine that waits for the root key' '
    stop 1 && stop 2 && stop 3 && start 5 && enter 5 && weigh 5 && targets_of 5 && unwatched=yes && begin wrong-root &&
    await "grep -q \"another class\" \"\$JAM_ROOM/5/log\"" && json 5 class list && ask 5 ".classes[0].waits" &&
    cost_little 5 && start 1 && await "says 5 \"class list\" \".classes[0].waits | not\"" && end &&
    await "sees 5 1" && await "says 5 \"class list\" \".classes[0].name == \\\"Period 3\\\"\""
'

test_done
