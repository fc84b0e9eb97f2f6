#!/bin/sh
# What jam asks at a terminal, against a daemon that says what the test tells it to.
test_description='passphrases are asked for at the terminal, unseen, or come from a file'
ROOM=1
. "$(dirname "$0")/room.sh"

hand=$top/tests/e2e/terminal.py
words="river lamp about"

# told ANSWER...: a daemon that answers so, in turn
told() {
    hush
    mkdir -p "$JAM_ROOM/1" && printf '%s\n' "$@" >answers && : >asked || return 1
    "$hand" daemon "$JAM_ROOM/1/socket" answers asked 2>>said 3>&- 4>&- &
    daemon=$!
    await '[ -S "$JAM_ROOM/1/socket" ]'
}
hush() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null
    rm -f "$JAM_ROOM/1/socket"
}

# asked FILTER: does it hold for the list of all questions?
asked() { jq -es "$1" asked >/dev/null || { cat asked && return 1; }; }

typed() { on 1 "$hand" type "$@" >screen || { status=$?; cat screen; return $status; }; }

known='{"code":"passphrase","what":"ana","detail":""}'
wrong='{"code":"wrong-passphrase","what":"ana","detail":""}'
new='{"code":"new-passphrase","what":"ana","detail":"river lamp about"}'
in='{"person":"ana","name":"ana"}'

test_expect_success 'a passphrase is asked for when it is needed, and nobody sees it' '
    told "$known" "$in" && typed jam hello ana <<-EOF &&
	expect Your passphrase .*: \$
	mute
	type riv lam abou
	expect Welcome back, ana
	echo
	EOF
    asked "map(.passphrase) == [null, \"riv lam abou\"] and map(.handle) == [\"ana\", \"ana\"]" &&
    ! grep "riv" screen
'

test_expect_success 'a wrong one may be mended twice' '
    told "$known" "$wrong" "$wrong" "$in" && typed jam hello ana <<-EOF &&
	expect Your passphrase
	mute
	type one
	expect isn.t the passphrase of ana(.|\n)*Your passphrase
	mute
	type two
	expect isn.t the passphrase of ana(.|\n)*Your passphrase
	mute
	type three
	expect Welcome back
	EOF
    asked "map(.passphrase) == [null, \"one\", \"two\", \"three\"]" &&
    told "$known" "$wrong" "$wrong" "$wrong" && test_expect_code 1 typed jam hello ana <<-EOF
	expect Your passphrase
	mute
	type one
	expect Your passphrase
	mute
	type two
	expect Your passphrase
	mute
	type three
	expect never chose one\? A teacher can\s+give you a card
	EOF
'

test_expect_success 'new: the words that are proposed are typed once' '
    told "$new" "$in" && typed jam hello ana <<-EOF &&
	expect ana needs a passphrase. These words can be it
	expect    river lamp about\n
	expect Type them once .*: \$
	mute
	type RIV-lam-abou
	expect Welcome back
	EOF
    asked ".[1].new == \"RIV-lam-abou\" and length == 2"
'

test_expect_success 'new: one of their own is typed twice, and again if the two differ' '
    told "$new" "$in" && typed jam hello ana <<-EOF &&
	expect Type them once .*: \$
	mute
	type my dog eats socks
	expect The same again: \$
	mute
	type my dog eats sicks
	expect Those two differ
	expect Type them once .*: \$
	mute
	type my dog eats socks
	expect The same again: \$
	mute
	type my dog  eats socks
	expect Welcome back
	EOF
    asked "map(.new) == [null, \"my dog eats socks\"]" && ! grep socks screen
'

test_expect_success 'a weak one is refused, saying why, and another can be typed' '
    told "$new" "{\"code\":\"weak-passphrase\",\"what\":\"it is short\",\"detail\":\"\"}" "$in" &&
    typed jam hello ana <<-EOF &&
	expect Type them once .*: \$
	mute
	type xk7
	expect again: \$
	mute
	type xk7
	expect too easy to guess: it is short
	expect Type them once .*: \$
	mute
	type $words
	expect Welcome back
	EOF
    asked "map(.new) == [null, \"xk7\", \"$words\"]"
'

test_expect_success 'nothing typed: refused, as without a terminal' '
    told "$known" && test_expect_code 1 typed jam hello ana <<-EOF &&
	expect Your passphrase
	mute
	key \x04
	EOF
    grep "ana has a passphrase" screen && told "$known" && test_expect_code 1 on 1 jam hello ana </dev/null 2>said &&
    grep "ana has a passphrase" said &&
    told "$known" && test_expect_code 1 typed jam hello ana --json <<-EOF
	expect .error.:..code.:.passphrase
	EOF
'

for signal in HUP:129 INT:130 QUIT:131 TERM:143
do
    test_expect_success "SIG${signal%:*} ends it, and the terminal isn't mute" "
        told '$known' && printf '%s\n' 'expect Your passphrase' mute 'signal ${signal%:*}' echo >script &&
        test_expect_code ${signal#*:} typed jam hello ana <script
    "
done

test_expect_success 'stopped and continued, it asks again' '
    told "$known" "$in" && typed jam hello ana <<-EOF &&
	expect Your passphrase
	mute
	signal TSTP
	echo
	signal CONT
	expect Your passphrase
	mute
	type $words
	expect Welcome back
	EOF
    asked ".[1].passphrase == \"$words\""
'

test_expect_success 'whoever is signed in there stays, unless one says so' '
    taken="{\"code\":\"taken\",\"what\":\"Ben\",\"detail\":\"ana\"}" &&
    told "$taken" "$known" "$in" && typed jam hello ana <<-EOF &&
	expect Ben is signed in here. Take over\? \[y/N\] \$
	type y
	expect Your passphrase
	mute
	type $words
	expect Welcome back
	EOF
    asked "map(.take_over) == [null, true, true]" &&
    told "$taken" && test_expect_code 1 typed jam hello ana <<-EOF &&
	expect \[y/N\]
	type
	expect jam hello ana --take-over
	EOF
    told "$in" && on 1 jam hello ana --take-over && asked ".[0].take_over"
'

test_expect_success 'jam hello alone: by number, by a new name, also where there is no list' '
    told "{\"names\":[\"ana\",\"ben\",\"Zo\u00e9 \u001b[2J\"]}" "$in" && typed jam hello <<-EOF &&
	expect Who are you\?  1 ana  2 ben  3 Zo
	expect > \$
	type 7
	expect > \$
	type 3
	expect Welcome back
	EOF
    asked ".[1].handle == \"Zo\u00e9 \u001b[2J\"" && ! grep "$(printf "\033")" screen &&
    told "{\"names\":[\"ana\"]}" "$in" && typed jam hello <<-EOF &&
	expect > \$
	type chloe
	expect Welcome back
	EOF
    asked ".[1].handle == \"chloe\"" &&
    told "{\"code\":\"unknown-method\",\"what\":\"\",\"detail\":\"\"}" "$in" && typed jam hello <<-EOF &&
	expect Your name> \$
	type dina
	expect Welcome back
	EOF
    asked ".[1].handle == \"dina\"" && test_expect_code 2 on 1 jam hello </dev/null
'

test_expect_success 'from a file, or standard input: the first line, never from arguments' '
    printf "$words\r\nmore\n" >secret && told "$in" && on 1 jam hello ana --passphrase-file secret </dev/null &&
    asked "map(.passphrase) == [\"$words\"]" &&
    told "$in" && printf "$words" | on 1 jam hello ana --passphrase-file - && asked ".[0].passphrase == \"$words\"" &&
    told "$wrong" && test_expect_code 1 typed jam hello ana --passphrase-file secret </dev/null &&
    grep "isn.t the passphrase" screen
'

test_expect_success 'files that hold none: exit 2, and nothing is asked' '
    told "$in" && test_expect_code 2 on 1 jam hello ana --passphrase-file nowhere 2>said && grep nowhere said &&
    : >empty && test_expect_code 2 on 1 jam hello ana --passphrase-file empty 2>said && grep "no passphrase" said &&
    printf "%0257d" 7 >long && test_expect_code 2 on 1 jam hello ana --passphrase-file long 2>said &&
    grep "too long" said && printf "a\000b" >zero && test_expect_code 2 on 1 jam hello ana --passphrase-file zero &&
    test_must_be_empty asked && printf "%0256d" 7 >most && on 1 jam hello ana --passphrase-file most &&
    asked ".[0].passphrase | length == 256"
'

test_expect_success 'another passphrase: the old one, then a new one' '
    done="{\"person\":\"ana\",\"as\":\"ana\"}" && told "$known" "$new" "$done" && typed jam passphrase <<-EOF &&
	expect Your passphrase
	mute
	type old words here
	expect Type them once
	mute
	type $words
	expect another one now, as ana
	EOF
    asked "map([.old, .new]) == [[null, null], [\"old words here\", null], [\"old words here\", \"$words\"]]" &&
    printf "the old\nthe new\n" >secret && told "$done" && on 1 jam passphrase --passphrase-file secret &&
    asked "map([.old, .new]) == [[\"the old\", \"the new\"]]"
'

test_expect_success 'a class: its maker has a name and a passphrase, and words for paper' '
    told "{\"code\":\"new-passphrase\",\"what\":\"mia\",\"detail\":\"river lamp about fox zoo\"}" \
        "{\"class\":{\"name\":\"P 3\"},\"invite\":\"a b\",\"rescue\":\"c d\"}" &&
    typed jam class create P 3 --as mia <<-EOF &&
	expect river lamp about fox zoo\n
	expect Type them once
	mute
	type riv lam abou fox zoo
	expect Made the class P 3
	expect bring your class back(.|\n)*    c d\n
	EOF
    asked ".[1].passphrase == \"riv lam abou fox zoo\" and (map(.handle) | unique) == [\"mia\"]" &&
    told "$in" && on 1 jam class create P 3 && asked ".[0].handle | length > 0"
'

test_expect_success 'the words on paper: typed, or asked for' '
    back="{\"class\":{\"name\":\"P 3\"}}" && told "$new" "$back" && typed jam class rescue <<-EOF &&
	expect words on your paper> \$
	type one two three
	expect Type them once
	mute
	type $words
	expect class is yours again
	EOF
    asked "map([.words, .passphrase]) == [[\"one two three\", null], [\"one two three\", \"$words\"]]" &&
    test_expect_code 2 on 1 jam class rescue </dev/null
'

test_expect_success 'a roster goes in batches of whole lines, whatever its length' '
    seq -f "pupil%03g, Pupil of the Class" 300 >names && batch="{\"people\":60,\"new\":59}" &&
    told "$batch" "$batch" "$batch" "$batch" "$batch" && on 1 jam class roster names >out && grep "300 people on the list, 295" out &&
    jq -r .names asked | cmp - names && asked "length == 5 and all(.names | length <= 3000)"
'

looks='{"class":{"name":"Period 3","until":"2027-07-01"},"closed":false,"of":4}'
class_record='{"type":"class","name":"Period 3","for":"lee","at":1795600000000,"until":null,"teacher":true,"sealed":true}'

test_expect_success 'a class is closed only by a yes' '
    told "$looks" "$in" && test_expect_code 2 on 1 jam class close </dev/null && test_must_be_empty asked &&
    test_expect_code 1 typed jam class close <<-EOF &&
	expect Period 3: 4 machines, its last day is 2027-07-01
	expect Keep what it wrote, in a file here\? \[Y/n\] \$
	type n
	expect for ever. Close it\? \[y/N\] \$
	type n
	EOF
    asked "map([.method, .yes]) == [[\"class.close\", null]]"
'

test_expect_success 'what it wrote is kept first' '
    mkdir keep && cd keep &&
    told "$looks" "{\"records\":[$class_record],\"next\":null}" "{\"class\":{\"name\":\"Period 3\"},\"closed\":true,\"done\":4,\"of\":4,\"behind\":[]}" &&
    typed jam class close <<-EOF &&
	expect \[Y/n\] \$
	type
	expect Kept in Period 3, lee, (.*)\.md
	expect Close it\? \[y/N\] \$
	type y
	expect Period 3 is closed and erased on 4 of 4 machines
	EOF
    asked "map([.method, .yes]) == [[\"class.close\", null], [\"class.export\", null], [\"class.close\", true]]" &&
    grep "^# Period 3" Period*.md && told "{\"code\":\"not-yours\",\"what\":\"\",\"detail\":\"\"}" &&
    test_expect_code 1 typed jam class close <<-EOF && ! grep Keep screen && cd ..
	expect isn.t yours
	EOF
'

test_expect_success 'cards on a page: only its owner reads it, and none is made if it cannot be written' '
    cards="{\"cards\":[{\"person\":\"ana\",\"words\":\"sun owl ink\"}]}" && told "$cards" "$cards" "{\"cards\":[]}" "$cards" &&
    test_expect_code 2 on 1 jam cards --html /nowhere/cards.html && test_must_be_empty asked &&
    on 1 jam cards --html cards.html >out && grep "2 cards" out && ! grep sun out &&
    test "$(grep -c "sun owl ink" cards.html)" = 2 && test "$(stat -c %a cards.html)" = 600 &&
    chmod 644 cards.html && on 1 jam cards ana --html cards.html && test "$(grep -c "sun owl ink" cards.html)" = 1 &&
    test "$(stat -c %a cards.html)" = 600 && told "{\"cards\":[]}" "{\"cards\":[]}" &&
    on 1 jam cards --html cards.html >out && grep "Another card for one" out && grep "sun owl ink" cards.html &&
    on 1 jam cards --html none.html >out && test ! -e none.html
'

test_expect_success 'who waits for an answer is told so, and it comes' '
    told "$in" && kill -STOP "$daemon" && typed sh -c "jam hello ana & read go; kill -CONT $daemon; wait" <<-EOF
	expect One moment: this machine waits for others
	type go
	expect Welcome back, ana
	EOF
'

hush
test_done
