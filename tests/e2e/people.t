#!/bin/sh
# Who is who, with real passphrases: signing up and in at any machine, cards, names that look alike, lessons, the paper.
test_description='people sign in with passphrases'
ROOM=4
. "$(dirname "$0")/room.sh"

# words WORD...: what a --passphrase-file holds
words() { echo "$*" >"$JAM_ROOM/typed"; }
# hello I NAME [OPTIONS]: with those words
hello() {
    hello_=$1
    shift
    on "$hello_" jam hello "$@" --passphrase-file "$JAM_ROOM/typed" >said 2>&1
}
# refused_with CODE I CMD...
refused_with() {
    code=$1
    i=$2
    shift 2
    test_expect_code 1 on "$i" jam "$@" --json 2>why && jq -e ".error.code == \"$code\"" why
}

test_expect_success 'a class with passphrases, its teacher signed in, a roster' '
    start 1 && found 1 "Period 3" && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" &&
    jq -r .rescue "$JAM_ROOM/1/json" >"$JAM_ROOM/rescue" && fill 2 4 && await "see_all 4" &&
    printf "ana\nben, Ben the Builder\nemil\n" >names && on 1 jam class roster names >said && grep 3 said
'

test_expect_success 'without a passphrase nobody gets in; a weak one is refused, and says why' '
    await "says 2 \"people.choices\" . || on 2 jam names people" &&
    refused_with new-passphrase 2 hello ana && words ana12345 && ! hello 2 ana && grep "easy to guess" said &&
    words aaaaaaaaaaaaaa && ! hello 2 ana && grep "easy to guess" said
'

test_expect_success 'signing up with three words, in again with their first letters, at any machine' '
    words river lamp comet && hello 2 ana && grep "Welcome, ana" said && on 2 jam start bridge && on 2 jam bye &&
    words riv lamp come && await "hello 3 ana" && grep "Welcome back, ana" said && on 3 jam back
'

test_expect_success 'a wrong passphrase: one sentence; after some of them a pause' '
    words river lamp fox && ! hello 4 ana && test "$(wc -l <said)" = 1 && ! hello 4 ana && ! hello 4 ana &&
    ! hello 4 ana && grep "Too many wrong" said && words river lamp comet && await "hello 4 ana"
'

test_expect_success 'she has moved: the first screen says where to, and when' '
    await "refused_with moved 3 note here" && jq -e ".error.message | test(\"^You moved to pc4 at [0-2][0-9]:[0-5][0-9].$\")" why &&
    on 3 jam >said && grep "You moved to pc4 at" said && on 3 jam prompt >said && grep "^moved to pc4$" said &&
    on 3 jam watch --once >said && grep "You moved to pc4 at" said &&
    await "says 1 \"who ana\" \".person.seat == \\\"pc4\\\"\""
'

test_expect_success 'a watch that runs there says it at once' '
    words river lamp comet && hello 3 ana && on 3 stdbuf -oL jam watch --plain >watched & watch=$! &&
    await "grep -q ana watched" && await "hello 4 ana" && await "grep -q \"^You moved to pc4 at\" watched" &&
    kill $watch
'

test_expect_success 'a taken terminal: asked, or told to' '
    words quartz otter banana && refused_with taken 4 hello ben && hello 4 ben --take-over &&
    await "says 1 \"who ana\" \".person.here == false\"" && await "refused_with signed-out 3 note here"
'

test_expect_success 'who is on no roster carries a tail until a teacher confirms; so does who claims a name twice' '
    words violet sugar canoe && hello 2 zoe && grep "zoe~" said &&
    await "on 1 jam people confirm zoe" && await "says 2 \"\" \".person == \\\"zoe\\\"\""
'

test_expect_success 'a pupil can do nothing that is a teacher'"'"'s' '
    refused_with not-a-teacher 2 people confirm ana && refused_with not-a-teacher 2 people reset ana &&
    refused_with not-a-teacher 2 people remove ana && refused_with not-a-teacher 2 class expel 1 &&
    refused_with not-a-teacher 2 lesson end && refused_with not-a-teacher 2 class roster names &&
    refused_with not-a-teacher 2 cards && refused_with not-a-teacher 2 people teacher zoe
'

test_expect_success 'a card opens who forgot, once; then her new words do, and nothing else' '
    json 1 people reset ana && ask 1 ".card.valid_s == 900" && jq -r .card.words "$JAM_ROOM/1/json" >card &&
    words $(cat card) && await "refused_with new-passphrase 3 hello ana --passphrase-file $JAM_ROOM/typed" &&
    refused_with moved 3 note "by a card alone" || refused_with signed-out 3 note "by a card alone" &&
    printf "%s\n" "$(cat card)" "kitten orbit maple" >"$JAM_ROOM/typed" && hello 3 ana && grep "card is used up" said &&
    on 3 jam bye && ! hello 3 ana && words river lamp comet && ! hello 3 ana && words kitten orbit maple && hello 3 ana
'

test_expect_success 'cards for who has not signed up yet' '
    on 1 jam people >said && grep "^   emil, not here yet" said &&
    json 1 cards && ask 1 "[.cards[].person] == [\"emil\"]" && jq -r ".cards[0].words" "$JAM_ROOM/1/json" >card &&
    on 1 jam people >said && grep "emil, not here yet, has a card" said &&
    printf "%s\n" "$(cat card)" "velvet onion tiger" >"$JAM_ROOM/typed" && await "hello 2 emil --take-over" &&
    grep "Welcome, emil" said && ! grep "emil~" said
'

test_expect_success 'a wrong name is struck off the roster, and a right one is put back' '
    printf "finn\ngul\n" >more && on 1 jam class roster more && on 1 jam class roster --remove finn >said &&
    grep "Not on the list any more.*: finn" said && await "says 3 people.choices 1 || on 3 jam people >said" &&
    await "on 3 jam people >said; ! grep -q finn said && grep -q \"gul, not here yet\" said" &&
    test_must_fail on 1 jam class roster --remove nobody && on 1 jam class roster more >said && grep "1 of them new" said &&
    await "on 3 jam people >said; grep -q \"finn, not here yet\" said"
'

test_expect_success 'a wiped machine, and one that is cut off' '
    crash 2 && rm -rf "$JAM_ROOM/2/state" && start 2 && enter 2 && await "see_all 4" &&
    words violet sugar canoe && await "hello 2 zoe" && on 2 jam bye && lab cut 2 && await "see_all 1 2" &&
    hello 2 zoe && lab join 2 && await "see_all 4" && await converged
'

test_expect_success 'the lesson ends: pupils are signed out everywhere, the teacher is not' '
    on 1 jam lesson start && on 1 jam lesson end &&
    for i in 2 3 4
    do
        await "refused_with signed-out $i note still" || return 1
    done &&
    on 1 jam note "she stays"
'

test_expect_success 'who was removed is told so, and comes back as somebody new once the roster has the name' '
    words violet sugar canoe && await "hello 2 zoe" && json 1 who zoe && jq -r .person.id "$JAM_ROOM/1/json" >zoe &&
    on 1 jam people remove zoe && await "refused_with no-such-person 3 who zoe" &&
    await "refused_with removed 2 note still" && on 2 jam >said && grep "Your teacher took zoe.* out of this class" said &&
    refused_with removed 3 hello $(cat zoe) && ! hello 3 zoe && grep "took zoe out of this class" said &&
    echo zoe >names && on 1 jam class roster names && await "hello 3 zoe" && grep "a new name" said
'

test_expect_success 'a list as a spreadsheet saves it' '
    printf "\"g\374nter\";\"G\374nter M\"\r\njos\351\tJos\351 L\r\n" >names && on 1 jam class roster names >said && grep "2 of them new" said &&
    for name in günter "Günter M" josé "José L"
    do
        says 1 people "[.. | strings] | any(. == \"$name\")" || return 1
    done
'

test_expect_success 'the words on paper bring the class back to its teacher' '
    on 1 jam bye && words frozen maple tunnel orchid pepper &&
    on 3 jam class rescue $(cat "$JAM_ROOM/rescue") --passphrase-file "$JAM_ROOM/typed" >said &&
    on 3 jam people >out && on 3 jam bye && await "hello 1 lee" && await converged
'

test_done
