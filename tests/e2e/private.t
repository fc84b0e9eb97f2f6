#!/bin/sh
# What Ana writes to Ben is nowhere to be found but where the two read it: not on any disk, not in the memory of
# other machines' daemons, not on the wire.
test_description='private text is found nowhere but with those whom it is for'
ROOM=8
. "$(dirname "$0")/room.sh"

seek=$top/tests/e2e/seek.py
open="larks over the open field"
letter="a kestrel sits in the rafters"
own="an owl that nobody hears"
wire="a crow on the wire"

# room_of FROM [OPTIONS]: lee's class with passphrases on machine FROM, and ana, ben, chloe on the three behind it
room_of() {
    first=$1
    shift
    echo "cobweb item comet" >pupils
    start "$first" && found "$first" "Period $first" "$@" && jq -r .invite "$JAM_ROOM/$first/json" >"$JAM_ROOM/invite" &&
        fill $((first + 1)) $((first + 3)) &&
        await "see_all 4 $first $((first + 1)) $((first + 2)) $((first + 3))" &&
        come_in $((first + 1)) ana && come_in $((first + 2)) ben && come_in $((first + 3)) chloe &&
        await "converged $first $((first + 1)) $((first + 2)) $((first + 3))"
}
come_in() { on "$1" jam hello "$2" --passphrase-file pupils; }

# kept TEXT I...: is it in the state folder or the log of any of these machines?
kept() {
    kept_text=$1
    shift
    for kept_ in "$@"; do
        ! grep -rqaF "$kept_text" "$JAM_ROOM/$kept_/state" "$JAM_ROOM/$kept_/log" || return 0
    done
    return 1
}
begin_watch() { # machine 4's, as plain sentences
    on 4 jam watch --plain >watched 2>&1 3>&- 4>&- &
    watcher=$!
    await "test -s watched"
}
in_memory() { "$seek" memory "$(cat "$JAM_ROOM/$2/pid")" "$1"; }
reads() { says "$1" inbox ".inbox | map(select(.glow == \"$letter\")) | length == $2"; }

test_expect_success 'a class with passphrases, and somebody who listens on its wires' '
    room_of 1 || return 1
    "$seek" sniff frames >listens 3>&- 4>&- &
    sniffer=$!
    await "grep -q ready listens"
'

test_expect_success 'what is open is found everywhere: so this test can find things' '
    on 2 jam start bridge && on 2 jam note "$open" && await "converged 1 2 3 4" &&
    for i in 1 2 3 4
    do
        kept "$open" $i && in_memory "$open" $i || return 1
    done &&
    at 2 "$seek" send 10.77.0.4 "$wire" && await "grep -qaF \"$wire\" frames"
'

test_expect_success 'Ana writes to Ben, and to herself' '
    begin_watch || return 1
    on 2 jam feedback ben --glow "$letter" --grow "$letter" >said && grep "alone can read it" said &&
    on 2 jam solo && on 2 jam note "$own" >said && grep "for you alone" said &&
    json 2 feedback ben --grow "$letter" && ask 2 ".feedback.sealed and (.feedback.readers | length == 1)" &&
    await "converged 1 2 3 4"
'

test_expect_success 'who watches sees that Ana gave feedback, and not to whom' '
    await "grep -q \"^ana.* gave feedback\\.\$\" watched" && kill "$watcher" && ! grep "feedback to" watched
'

test_expect_success 'at a terminal, who will read it is said before the first letter' '
    on 4 "$top/tests/e2e/terminal.py" type sh -c "jam hello chloe --passphrase-file pupils &&
        jam feedback lee && jam feedback --jam bridge" >screen <<-EOF &&
	expect lee alone will read this; it comes from you.\n(.|\n)*glow .*> \$
	type good plan
	expect grow .*> \$
	type
	expect Sent to lee.*lee alone can read it
	expect Everybody in the class can read this; it comes from you.\n(.|\n)*glow .*> \$
	type it stands
	expect grow .*> \$
	type
	expect Sent to bridge.*Everybody in the class can read it
	EOF
    come_in 4 chloe && await "converged 1 2 3 4"
'

test_expect_success 'it waits for Ben, who reads it; Chloe and the teacher see nothing of it' '
    says 3 "" ".waiting | length == 1 and .[0].n == 2" && says 4 "" ".waiting == []" &&
    reads 3 1 && reads 4 0 && reads 1 0 && says 4 inbox ".inbox == []" && says 1 inbox "[.inbox[].glow] == [\"good plan\"]" &&
    says 3 "" ".waiting == []" && says 2 "journal --solo" "[.journal[] | select(.text == \"$own\")] | length == 1"
'

test_expect_success 'it is on no disk, in no other daemon, on no wire' '
    ! kept "$letter" 1 2 3 4 && ! kept "$own" 1 2 3 4 && ! kept readers 2 &&
    for i in 1 4
    do
        test_expect_code 1 in_memory "$letter" $i && test_expect_code 1 in_memory "$own" $i || return 1
    done &&
    test_expect_code 1 in_memory "$own" 3 && in_memory "$letter" 3 &&
    kill $sniffer && grep -qaF "$wire" frames && ! grep -qaF -e "$letter" -e "$own" frames
'

test_expect_success 'Ben reads it at another machine, and at his own after its daemon ended badly' '
    on 4 jam bye && come_in 4 ben && reads 4 1 && on 4 jam bye &&
    crash 3 && start 3 && come_in 3 ben && reads 3 1 && ! kept "$letter" 1 2 3 4
'

test_expect_success 'where the policy says so, the teacher reads it too, and nobody else' '
    room_of 5 --teachers-read &&
    json 6 feedback ben --glow "$letter" && ask 6 ".feedback.readers[1] == \"teachers\"" &&
    await "converged 5 6 7 8" && reads 7 1 && reads 8 0 && reads 5 1 &&
    ! kept "$letter" 5 6 7 8 && test_expect_code 1 in_memory "$letter" 8
'

test_expect_success 'who is made a teacher reads from then on, and nothing of before' '
    on 5 jam people teacher chloe && await "converged 5 6 7 8" && before=$letter &&
    letter="a heron stands in the reeds" && on 6 jam feedback ben --glow "$letter" && await "converged 5 6 7 8" &&
    reads 7 1 && reads 5 1 && reads 8 1 && ! kept "$letter" 5 6 7 8 && letter=$before && reads 8 0 && reads 5 1
'

test_done
