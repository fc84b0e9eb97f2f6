#!/bin/sh
# Signing up and in with passphrases, at real terminals and machines.
test_description='who has the passphrase is the person, at any machine'
ROOM=2
. "$(dirname "$0")/room.sh"

hand=$top/tests/e2e/terminal.py
typed() { # I CMD...: at a terminal there, as stdin says
    typed_=$1
    shift
    on "$typed_" "$hand" type "$@" >screen || { status=$?; cat screen; return $status; }
}

# comes I NAME WORDS [OPTIONS]: signs in with a passphrase from a file
comes() {
    comes_=$1
    comes_name=$2
    printf '%s\n' "$3" >secret
    shift 3
    on "$comes_" jam hello "$comes_name" --passphrase-file secret "$@"
}
refused() { # CODE CMD...: by that code, exit 1
    code=$1
    shift
    test_expect_code 1 "$@" --json 2>said && jq -e ".error.code == \"$code\"" said >/dev/null || { cat said; return 1; }
}

test_expect_success 'a class with passphrases: its teacher sits there, and has words for paper' '
    start 1 && found 1 "Period 3" && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" &&
    jq -r .rescue "$JAM_ROOM/1/json" >paper && test "$(wc -w <paper)" = 12 &&
    says 1 "" ".handle == \"lee\"" && fill 2 2 && await "see_all 2"
'

test_expect_success 'a teacher needs five words' '
    echo "cobweb item comet" >secret &&
    refused weak-passphrase on 1 jam class create Period 4 --as lee --passphrase-file secret
'

test_expect_success 'signing up at a terminal: three words, typed by their first letters' '
    refused new-passphrase on 2 jam hello ana </dev/null && typed 2 sh -c "jam hello ana && jam bye" <<-EOF &&
	expect These words can be it:\n
	expect  ([a-z]{3,4})[a-z]* ([a-z]{3,4})[a-z]* ([a-z]{3,4})[a-z]*\n
	expect Type them once .*: \$
	mute
	type {1} {2} {3}
	expect Welcome, ana
	EOF
    sed -n "s/^ *\([a-z]* [a-z]* [a-z]*\)$/\1/p" screen >words && test "$(wc -w <words)" = 3
'

test_expect_success 'signing in elsewhere, with the words in full' '
    refused passphrase on 1 jam hello ana --take-over </dev/null &&
    await "comes 1 ana \"$(cat words)\" --take-over" && says 1 "" ".handle == \"ana\""
'

test_expect_success 'a wrong passphrase changes nothing' '
    refused wrong-passphrase comes 2 ana "river lamp about" && says 2 "" ".person == null" &&
    says 1 "" ".handle == \"ana\""
'

test_expect_success 'one of their own: what is easy to guess is refused, case counts, spaces do not' '
    refused weak-passphrase comes 2 ben 1234567890 && refused weak-passphrase comes 2 ben "ben ben ben ben" &&
    refused weak-passphrase comes 2 ben qwertyuiop && comes 2 ben "My dog eats socks" && on 2 jam bye &&
    refused wrong-passphrase comes 2 ben "my dog eats socks" && comes 2 ben "  My dog  eats socks "
'

test_expect_success 'whoever sits there stays until somebody says so' '
    refused taken comes 2 ana "$(cat words)" && says 2 "" ".handle == \"ben\"" &&
    echo "My dog eats socks" >secret &&
    typed 2 sh -c "jam hello ben --passphrase-file secret && jam hello ana && jam bye" <<-EOF &&
	expect ben.* is signed in here. Take over\? .*\$
	type y
	expect Your passphrase
	mute
	type $(cat words)
	expect ben.* is signed out here(.|\n)*Welcome back, ana
	EOF
    says 2 "" ".person == null"
'

test_expect_success 'another passphrase: the old one is no good any more' '
    comes 2 ana "$(cat words)" && printf "%s\nfour new long words\n" "$(cat words)" >secret &&
    on 2 jam passphrase --passphrase-file secret &&
    on 2 jam bye && refused wrong-passphrase comes 2 ana "$(cat words)" && comes 2 ana "four new long words" &&
    await "comes 1 ana \"four new long words\" --take-over" && on 1 jam bye
'

test_expect_success 'the paper brings the teacher back, with a new passphrase' '
    refused wrong-words on 1 jam class rescue $(cut -d" " -f1-11 paper) </dev/null &&
    echo "thimble vault geese bushel unseen" >secret && on 1 jam class rescue $(cat paper) --passphrase-file secret &&
    says 1 "" ".handle == \"lee\"" && on 1 jam bye &&
    refused wrong-passphrase comes 1 lee "cobweb item comet lamp domino" &&
    comes 1 lee "thimb vault geese bushel unseen"
'

test_expect_success 'a roster, a card, and jam hello alone: by number' '
    printf "chloe, Chloe C\ndina\n" >names && on 1 jam class roster names && json 1 cards chloe &&
    jq -r ".cards[0].words" "$JAM_ROOM/1/json" >card && test -s card &&
    await "test \$(on 2 jam names people | wc -l) -ge 3" && typed 2 jam hello --take-over <<-EOF
	expect ([0-9]+) chloe
	expect > \$
	type {1}
	expect Your passphrase
	mute
	type $(cat card)
	expect That card is good only once, so chloe needs words of their own now
	expect  ([a-z]{3,4})[a-z]* ([a-z]{3,4})[a-z]* ([a-z]{3,4})[a-z]*\n
	expect Type them once .*: \$
	mute
	type {1} {2} {3}
	expect Welcome, (chloe|Chloe)
	EOF
'

test_expect_success 'no machine has kept a passphrase' '
    for secret in "$(cat words)" "four new long words" "My dog eats socks" "thimble vault geese bushel unseen" "$(cat card)" "$(cat paper)"
    do
        ! grep -raoF "$secret" "$JAM_ROOM/1/state" "$JAM_ROOM/2/state" || return 1
    done
'

test_done
