#!/bin/sh
# Strangers on the LAN: another class, noise on every port, a crowd at the local socket.
test_description='strangers, noise and crowds'
ROOM=4
. "$(dirname "$0")/room.sh"

hostile() { "$top/tests/e2e/hostile.py" "$@"; }
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$(cat "$JAM_ROOM/$1/pid")/status"; }
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(cat "$JAM_ROOM/$1/pid")/status"; }

test_expect_success 'two classes on one LAN do not see each other' '
    open_room 2 && start 3 && found 3 "Period 4" --open && start 4 &&
    words=$(jq -r .invite "$JAM_ROOM/3/json") && on 3 jam bye && on 4 jam class join $words &&
    await "see_all 2" && sign_in 1 ana && sign_in 3 zoe && on 1 jam start bridge && on 3 jam start tower &&
    await "converged 1 2" && await "converged 3 4" && ! converged &&
    says 2 list "[.jams[].name] == [\"bridge\"]" && says 4 list "[.jams[].name] == [\"tower\"]"
'

test_expect_success 'sixty-four clients are answered, and others told that there are too many' '
    hostile served "$JAM_ROOM/2/socket" 100 >said && cat said && grep -qx "answered 64 busy 36" said
'
test_expect_success 'clients that never read, and half requests: others are served, and the one that watches unread is dropped' '
    { echo 5 >"/proc/$(cat "$JAM_ROOM/1/pid")/clear_refs" || :; } && before=$(peak 1) && mkfifo held && : >there || return 1
    hostile unread "$JAM_ROOM/1/socket" 25 <held >there &
    crowd=$!
    exec 9>held && await "grep -q there there" && hostile many "$JAM_ROOM/1/socket" 1000 &&
    grep -q "read its answers: dropped" "$JAM_ROOM/1/log" && on 1 jam status >out && exec 9>&- && wait $crowd &&
    grew=$(($(peak 1) - before)) && echo "grew by $grew kB" && test $grew -lt 20000
'

test_expect_success 'a machine of one class is called by one of the other: nothing happens' '
    port=$(port_of 1) && stop 4 && start 4 --peer 10.77.0.1:$port && await "see_all 2" &&
    await "converged 3 4" && says 1 list "[.jams[].name] == [\"bridge\"]"
'

test_expect_success 'noise on the beacon port' '
    at 2 ss -Hlnu >ports && port=$(awk "NR == 1 { sub(/.*:/, \"\", \$4); print \$4 }" ports) && test -n "$port" &&
    at 1 true && at 4 "$top/tests/e2e/hostile.py" udp 10.77.0.255 $port 5000 &&
    at 4 "$top/tests/e2e/hostile.py" udp 10.77.0.2 $port 20000 &&
    alive 1 && alive 2 && on 1 jam note "in the noise" && await "journal_has 2 bridge \"in the noise\"" && await "see_all 2"
'

test_expect_success 'noise, silence and half greetings at the inbox: bounded memory' '
    before=$(rss 2) && at 4 "$top/tests/e2e/hostile.py" tcp 10.77.0.2 $(port_of 2) 1000 &&
    alive 2 && on 1 jam note "and still" && await "journal_has 2 bridge \"and still\"" &&
    test $(($(rss 2) - before)) -lt 30000
'

test_expect_success 'half requests, huge ones, lying lengths at the local socket' '
    before=$(rss 2) && hostile local "$JAM_ROOM/2/socket" && alive 2 && on 2 jam status >out &&
    test $(($(rss 2) - before)) -lt 15000
'

test_expect_success 'a crowd of silent clients keeps nobody out for long' '
    mkfifo hold || return 1
    hostile crowd "$JAM_ROOM/2/socket" 1000 <hold >there &
    crowd=$!
    exec 9>hold && await "grep -q there there" && exec 9>&- && wait $crowd &&
    await "on 2 jam status >out"
'

test_expect_success 'all that was written is there' '
    await "converged 1 2" && await "converged 3 4"
'

test_done
