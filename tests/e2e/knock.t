#!/bin/sh
# Nobody types at the machines: they knock, and the teacher lets them in.
test_description='machines knock and are let in'
ROOM=7
. "$(dirname "$0")/room.sh"

# words_at I: what the screen there shows
words_at() { json "$1" && jq -r .knock.words "$JAM_ROOM/$1/json"; }
knocks() { says 1 "class admit" ".knocks | length == $1"; }
# in_class I: the machine is in the class, and its words are those on the teacher's screen
in_class() {
    says "$1" "class list" ".classes[0] | .name == \"Period 3\" and .words == \"$(cat "$JAM_ROOM/class words")\""
}
# at_desk CMD: the teacher at a terminal of their own, told by stdin what to do there
at_desk() {
    on 1 "$top/tests/e2e/terminal.py" type sh -c "jam hello lee --passphrase-file $JAM_ROOM/words && $1"
}
# anew I: another disk on the same hardware
anew() { crash "$1" && rm -rf "$JAM_ROOM/$1/state" && start "$1"; }

test_expect_success 'fresh machines say that they knock, and what their words are' '
    start 2 && start 3 && start 4 && start 5 &&
    await "says 2 \"\" \".knock.words | test(\\\"^[a-z]+ [a-z]+ [a-z]+$\\\")\"" &&
    on 2 jam >said && grep "This machine knocks. Its words: $(words_at 2)\." said &&
    on 2 jam class list >said && grep "Its words: $(words_at 2)\." said &&
    test_expect_code 1 on 2 jam doctor >said && grep "knocks. Its words: $(words_at 2)" said
'

test_expect_success 'the teacher sees them all, with the words on their screens' '
    start 1 && make_class && test_expect_code 1 on 1 jam class admit 2>said && grep teacher said &&
    teach && await "knocks 4" && jq -r .class_words "$JAM_ROOM/1/json" >"$JAM_ROOM/class words" && test -s "$JAM_ROOM/class words" &&
    for i in 2 3 4 5
    do
        await "test \"\$(words_at $i)\" != null" &&
        ask 1 "any(.knocks[]; .host == \"pc$i\" and .words == \"$(words_at $i)\")" || return 1
    done &&
    on 1 jam class admit >said </dev/null && grep "pc3  *$(words_at 3)" said
'

test_expect_success 'admit all: everybody sees everybody, and all hold the same' '
    on 1 jam class admit --all >said && grep "Let in 4 machines" said &&
    await "see_all 5" && await converged && for i in 2 3 4 5
    do
        await "in_class $i" || return 1
    done && on 3 jam class invite >said && grep "$(cat "$JAM_ROOM/invite")" said &&
    says 1 "class admit" ".knocks == []"
'

test_expect_success 'at a terminal they are listed, and asked for' '
    start 6 && await "knocks 1" && await "test \"\$(words_at 6)\" != null" && n=$(jq ".knocks[0].n" "$JAM_ROOM/1/json") &&
    at_desk "jam class admit" >said <<-END &&
	expect pc6  *$(words_at 6)
	expect .n.one >
	type n
	END
    ! grep "Let in" said && says 6 "class list" ".classes == []" &&
    at_desk "jam class admit" >said <<-END &&
	expect .a.ll, numbers, .n.one >
	type $n
	expect Let in 1 machine
	END
    await "see_all 6" && teach && stop 6 && rm -rf "$JAM_ROOM/6"
'

test_expect_success 'a late one whose multicast is swallowed is let in by its name' '
    lab filter 6 multicast && start 6 && await "knocks 1" && on 1 jam class admit PC6 && await "see_all 6"
'

test_expect_success 'one whose broadcast is swallowed too can not be heard: the words bring it in' '
    lab filter 7 both && start 7 && test_expect_code 1 on 1 jam class admit pc7 2>said && grep "knock" said &&
    lab filter 7 off && stop 7 && start 7 --invite-file "$JAM_ROOM/invite" && await "see_all 7" &&
    stop 7 && start 7 --invite-file "$JAM_ROOM/invite" && await "see_all 7" &&
    says 7 "class list" ".classes | length == 1"
'

test_expect_success 'a wrong invite in a file is said, and nothing starts' '
    stop 7 && sed "s/^[a-z]*/itex/" "$JAM_ROOM/invite" >wrong && ! start 7 --invite-file "$PWD/wrong" &&
    grep "mistake in word 1 of" "$JAM_ROOM/7/log" && ! start 7 --invite-file "$PWD/nothing" &&
    grep "can.t be read" "$JAM_ROOM/7/log"
'

test_expect_success 'a machine whose disk was wiped waits, with the seat it had' '
    sign_in 4 ana && on 4 jam class seat "PC 4, window" && await converged && crash 6 && anew 4 &&
    await "says 1 \"class admit\" \".knocks | length == 1 and .[0].seat == \\\"PC 4, window\\\" and .[0].before\"" &&
    says 4 "class list" ".classes == []" && on 1 jam class admit "PC 4, window" && await "in_class 4" &&
    await "says 4 \"\" \".seat == \\\"PC 4, window\\\"\""
'

test_expect_success 'a class that somebody else offers besides: the machine goes into neither' '
    start 7 && rm -rf "$JAM_ROOM/6/state" && start 6 && found 6 "Period 3" --open &&
    crash 7 && rm -rf "$JAM_ROOM/7/state" && start 7 &&
    await "says 1 \"class admit\" \"any(.knocks[]; .host == \\\"pc7\\\")\"" &&
    await "says 6 \"class admit\" \"any(.knocks[]; .host == \\\"pc7\\\")\"" &&
    on 6 jam class admit pc7 && on 1 jam class admit pc7 &&
    await "says 7 \"\" \".knock.calls | length == 2\"" &&
    on 7 jam >said && grep "Two classes call this machine" said &&
    test_might_fail on 7 jam doctor >said && grep "two classes call this machine" said &&
    says 7 "class list" ".classes == []" && enter 7 && await "in_class 7"
'

test_expect_success 'where the class says so, a wiped machine comes back by itself, to its seat' '
    for i in $(running)
    do
        crash $i || return 1
    done && rm -rf "$JAM_ROOM"/[1-7] && start 1 && make_class "Period 3" --readmit && teach &&
    start 2 && start 3 && start 4 && await "knocks 3" && on 1 jam class admit 1-9 && await "see_all 4" &&
    json 1 class admit && jq -r .class_words "$JAM_ROOM/1/json" >"$JAM_ROOM/class words" &&
    sign_in 3 ana && on 3 jam class seat "PC 3, door" && await converged && stop 1 && anew 3 &&
    await "in_class 3" && await "says 3 \"\" \".seat == \\\"PC 3, door\\\"\"" && await "converged 2 3 4" &&
    start 1 && teach && start 5 && await "knocks 1" && says 5 "class list" ".classes == []"
'

test_done
