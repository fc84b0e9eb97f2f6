#!/bin/sh
# A pupil signs up as a classmate who isn't here yet. The teacher sees where, and gives the name to whose it is.
test_description='a name that another took'
ROOM=3
. "$(dirname "$0")/room.sh"

# come I NAME FILE [OPTIONS]: with the passphrase in that file
come() {
    come_=$1 name=$2 file=$3
    shift 3
    on "$come_" jam hello "$name" --passphrase-file "$file" "$@" >said 2>&1
}

test_expect_success 'a class whose roster has Ben; somebody else comes first, and is Ben' '
    echo "river lamp comet" >anas && echo "quartz otter banana" >takers && printf "ana\nben\n" >names &&
    start 1 && found 1 "Period 3" && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" && fill 2 3 && await "see_all 3" &&
    on 1 jam class roster names && await converged &&
    come 2 ana anas && come 3 ben takers && grep "Welcome, ben, a new name" said && on 3 jam start bridge && on 3 jam note "I am Ben" &&
    on 2 jam bye && ! come 2 ben anas && grep "never chose one? A teacher can give you a card" said
'

test_expect_success 'the teacher sees who signed up at which machine, and is told what can be done' '
    await "on 1 jam people >said && grep \"ben, not confirmed, signed up at pc3 (.* ago)\" said" &&
    grep "ana, not confirmed, signed up at pc2" said && grep "jam people reset NAME --taken" said && ! grep "lee, not" said &&
    on 1 jam cards >said && grep "No card for who signed up without one: ana, ben. Is it them? jam people" said &&
    on 1 jam cards --html cards.html >said && grep "^No card for .*: ana, ben" said &&
    json 1 people && ask 1 ".people[] | select(.person == \"ben\") | .signed_up.seat == \"pc3\" and .signed_up.age_s >= 0" &&
    come 2 ana anas && on 2 jam people >said && grep "ben, not confirmed" said && ! grep taken said
'

test_expect_success 'only a teacher gives names back; nobody theirs to themselves' '
    test_must_fail on 2 jam people reset ben --taken 2>why && grep "Only a teacher" why &&
    test_must_fail on 1 jam people reset lee --taken && on 1 jam people >said && grep "ben, not confirmed" said
'

test_expect_success 'one command puts out who took it, and makes a card for its owner' '
    on 1 jam people reset ben --taken >said && grep "^ben~.* isn.t in this class any more, as lee" said &&
    sed -n "s/^One-time card for ben: \([a-z ]*\)\. .*/\1/p" said >card && test "$(wc -w <card)" = 3 &&
    echo "velvet onion tiger" >bens && cat card bens >first &&
    await "test_must_fail on 3 jam note \"still Ben\" 2>why; grep \"Your teacher took ben~.* out of this class\" why" &&
    ! come 3 ben takers
'

test_expect_success 'he signs in by it, and is Ben; what the other wrote stays, under another name' '
    await "come 2 ben first --take-over" && grep "Welcome, ben" said && ! grep "ben~" said && on 2 jam join bridge >said && grep "as ben" said &&
    on 2 jam note "here I am" && on 2 jam journal >said && grep "ben~.*I am Ben" said && grep "ben: here I am\|ben .*here I am" said &&
    await "on 1 jam people >said && grep \"^ *[0-9]* ben\$\" said && ! grep \"ben~\" said" &&
    on 1 jam bye && on 2 jam bye && come 2 ben bens && grep "Welcome back, ben" said
'

test_expect_success 'who took it is put out for good; by the name they come as somebody else' '
    ! come 3 ben takers && grep "isn.t the passphrase of ben" said && come 3 Ben bens && grep "Welcome back, ben" said
'

test_done
