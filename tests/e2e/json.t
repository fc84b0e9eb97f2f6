#!/bin/sh
# Every command with --json prints one object that begins with "v":1.
test_description='every command speaks JSON'
ROOM=2
. "$(dirname "$0")/room.sh"

# prints_json CMD...: at machine 1, and it holds FILTER (the first argument)
prints() {
    filter=$1 &&
    shift &&
    on 1 jam "$@" --json >out && test "$(head -c 6 out)" = "{\"v\":1" && test "$(wc -l <out)" = 1 &&
    jq -e ".v == 1 and ($filter)" out
}

test_expect_success 'classes' '
    start 1 && echo "cobweb item comet lamp domino" >"$JAM_ROOM/words" && prints ".class.name == \"Period 3\" and .class.policy == [\"open\"] and .class.until == \"2027-07-01\" and (.invite | length > 0)" class create "Period 3" --open --until 2027-07-01 --as lee --passphrase-file "$JAM_ROOM/words" &&
    jq -r .invite out >"$JAM_ROOM/invite" && prints ".invite | length > 0" class invite && prints ".person == \"lee\"" bye
'
test_expect_success 'a second machine joins' '
    start 2 && on 2 jam class join $(cat "$JAM_ROOM/invite") --json >out && jq -e ".v == 1 and has(\"waits\")" out &&
    await "see_all 2" && sign_in 2 ben
'
test_expect_success 'hello' 'prints ".person != null and .new == true and .readers != null" hello ana'
test_expect_success 'invite, list, use, seat' '
    prints ".invite | length > 0" class invite && prints ".classes[0].name == \"Period 3\"" class list &&
    prints ".class.name != null" class use "Period 3" && prints ".seat == \"PC 7\"" class seat "PC 7"
'
test_expect_success 'start, join, solo, back, leave' '
    prints ".jam.name == \"bridge\" and .place.jam == \"bridge\" and (.entry | length > 0)" start bridge "span a metre" &&
    on 1 jam start volcano && prints ".was.jam == \"volcano\" and (.member_of | length == 2)" join bridge &&
    prints ".place.solo == \"diagrams\"" solo diagrams && prints ".place.jam == \"bridge\" and .away_s >= 0" back &&
    prints ".left == \"volcano\"" leave volcano
'
test_expect_success 'here, list, show, who' '
    prints ".place.jam == \"bridge\" and .seat != null" && prints ".jams[0].name == \"bridge\"" list &&
    prints ".jam.name == \"bridge\" or .name == \"bridge\"" show bridge && prints ".people | length == 3" who &&
    prints ".person.handle != null" who ben
'
test_expect_success 'roles' '
    prints ".holders == [\"ana\"] or (.holders | length == 1)" role take recorder && prints ".roles | length == 1" role list &&
    await "on 2 jam join bridge" && prints ".role == \"recorder\"" role give ben recorder &&
    test_might_fail on 1 jam role drop recorder && on 1 jam role take timekeeper && prints ".holders == []" role drop timekeeper
'
test_expect_success 'tasks' '
    prints ".task.title == \"measure\" and .task.state == \"open\"" task add measure &&
    prints ".task.state == \"trying\"" task take 1 && prints ".task.state == \"done\"" task done 1 &&
    prints ".tasks | length == 1" task list && prints ".tasks | type == \"array\"" task list --solo
'
test_expect_success 'notes, journal, feedback, inbox' '
    prints ".entry != null" note "triangles hold" &&
    prints "[.journal[] | select(.text == \"triangles hold\")] | length == 1" journal &&
    prints ".feedback.entry != null and .feedback.readers != null" feedback ben --glow "clean joints" &&
    prints ".inbox | type == \"array\"" inbox
'
test_expect_success 'status, doctor, prompt' '
    prints ".status | .fingerprint != null and .views != null and (.machines | length == 1)" status &&
    test_might_fail on 1 jam doctor --json >out && jq -e ".v == 1 and (.checks | length > 3)" out &&
    prints ".text | type == \"string\"" prompt
'
test_expect_success 'help: of all commands, of a family, of one; and a kind of names that there is not' '
    prints "(.commands | length > 30) and (.options | any(.name == \"json\"))" help &&
    jq -e ".commands | all(.name != null and .help != \"\" and (.usage | startswith(\"jam\")))" out &&
    prints "[.commands[].name] | contains([\"task add\", \"task done\"])" help task &&
    prints "[.commands[].name] == [\"join\"]" help join && prints "[.commands[].name] == [\"join\"]" join --help &&
    prints ".text | contains(\"on one line\")" help json && prints ".version | type == \"string\"" --version &&
    test_expect_code 2 on 1 jam names jam --json 2>said && jq -e ".error.code == \"usage\" and (.error.try | contains(\"jams|people\"))" said
'

test_expect_success 'times are RFC 3339, with an age and how it is known' '
    prints "[.. | objects | select(has(\"age_s\")) | select((.at | test(\"^[0-9-]+T[0-9:]+Z\")) and
        (.clock | IN(\"seen\", \"class\", \"guessed\")) and .age_s >= 0)] | length >= 1" list &&
    jq -e "[.. | objects | select(has(\"age_s\")) | select((.at | type) != \"string\")] | length == 0" out
'

test_expect_success 'watch prints JSON lines: the state first, then changes' '
    on 1 jam watch --json >watched 2>&1 & watcher=$!
    await "test -s watched" && on 2 jam note "seen live" && on 2 jam solo reading &&
    await "grep -q \"\\\"type\\\":\\\"place\\\"\" watched" && await "grep -q fresh watched" && kill $watcher &&
    head -n 1 watched >first && jq -e ".v == 1 and .type == \"state\"" first && jq -e . watched >/dev/null
'

test_expect_success 'bye' 'prints ".person != null" bye'

test_done
