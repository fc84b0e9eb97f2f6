#!/bin/sh
# A machine that was wiped this morning, and a log that takes a while to come: who says hello there doesn't wait for it.
test_description='signing in does not wait for a long log'
ROOM=2
. "$(dirname "$0")/room.sh"

come_in() { on "$1" jam hello "$2" --passphrase-file pupils; }
entries() { json "$1" status && jq .status.entries "$JAM_ROOM/$1/json"; }
# card_of NAME: a card for them, into NAME.card
card_of() { on 1 jam people reset "$1" --json >card && jq -r .card.words card >"$1.card"; }
# by_card NAME: signs in at machine 2 with the card, and then with words of their own
by_card() { cat "$1.card" own >typed && on 2 jam hello "$1" --take-over --passphrase-file typed; }
# many N: so many notes by who sits at machine 1, sent without waiting for answers
many() {
    on 1 python3 - "$1" <<-'END'
	import os, sys
	sys.path.insert(0, os.environ["top"] + "/tools")
	from wire import Short, dial, pack, unpack
	s, count, got, seen = dial(os.environ["JAM_SOCKET"]), int(sys.argv[1]), b"", 0
	for first in range(0, count, 50):
	    s.sendall(b"".join(pack([0, i, "note", {"text": "x" * 500}]) for i in range(first, first + 50)))
	    while seen < first + 50:
	        try:
	            answer, used = unpack(got)
	            got, seen = got[used:], seen + 1
	            if answer[2]:
	                sys.exit(str(answer[2]))
	        except Short:
	            got += s.recv(1 << 16)
	END
}

test_expect_success 'a class with a long log, and Ana, who was at a machine that is wiped now' '
    echo "cobweb item comet" >pupils && echo "lamp domino item" >own && start 1 && found 1 "Period 3" && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" &&
    fill 2 2 && await "see_all 2" && come_in 2 ana && on 2 jam bye && come_in 2 ben && on 2 jam bye && await converged && crash 2 && rm -rf "$JAM_ROOM/2/state" &&
    on 1 jam lesson start && on 1 jam lesson end && on 1 jam start bridge && export top && many 20000
'

test_expect_success 'Ben has forgotten his words; and Cleo, who was never here, has a card' '
    echo cleo >roster && on 1 jam class roster roster && card_of ben && card_of cleo
'

test_expect_success 'she signs in while it is still coming' '
    at 1 tc qdisc add dev eth0 root tbf rate 8mbit burst 32kbit latency 400ms && start 2 && enter 2 &&
    test_expect_code 1 on 2 jam hello ana --json </dev/null 2>why && jq -e ".error.code == \"passphrase\"" why &&
    test_expect_code 1 on 2 jam hello ana --passphrase-file "$JAM_ROOM/words" 2>why && grep "isn.t the passphrase of ana" why &&
    come_in 2 ana >said && grep "Welcome back, ana" said && test "$(entries 2)" -lt 20000 &&
    test_must_fail on 2 jam hello ben --take-over --passphrase-file own 2>why && grep "isn.t the passphrase of ben" why &&
    by_card cleo >said && grep "Welcome, cleo" said && by_card ben >said && grep "Welcome.* ben" said && test "$(entries 2)" -lt 20000 &&
    on 2 jam hello ana --take-over --passphrase-file pupils &&
    await "test \"\$(entries 2)\" -gt 2000" && says 2 "" ".person | startswith(\"ana\")" && test "$(entries 2)" -lt 20000
'

test_expect_success 'and is there for all once it has come' '
    at 1 tc qdisc del dev eth0 root && await converged && says 1 "who ana" ".person.seat == \"pc2\" and .person.here" &&
    on 2 jam join bridge >said && grep "in bridge.*as ana" said
'

test_expect_success 'the words that Ben and Cleo chose then are theirs, and their cards are used up' '
    for name in ben cleo; do
        on 2 jam hello $name --take-over --passphrase-file own >said && test_must_fail on 1 jam hello $name --take-over \
            --passphrase-file $name.card 2>why && grep "isn.t the passphrase of $name" why || return 1
    done && says 1 status "[.status.refused[].count] == []"
'

test_done
