#!/bin/sh
# The end of a class: erased on all its machines, also on one that wakes later, from one that is off by then.
test_description='the end of a class'
ROOM=4
. "$(dirname "$0")/room.sh"

# is this text anywhere in machine I's state?
kept() { grep -qaF "$2" "$JAM_ROOM/$1"/state/*; }
has_ended() { test_must_fail on "$1" jam list 2>err && grep -q "has ended" err; }

test_expect_success 'a room in which something was written; one machine is off' '
    open_room 4 && teach && sign_in 2 ana && sign_in 3 ben && sign_in 4 dina && on 2 jam start tower && on 2 jam note "triangles hold best" &&
    await converged && kept 1 triangles && kept 3 triangles && kept 4 triangles && stop 4
'

test_expect_success 'only its founder ends it, and only who says yes' '
    test_must_fail wire 2 class.close "{\"yes\": true}" >out && grep not-a-teacher out &&
    test_must_fail wire 2 class.close >out && grep not-a-teacher out &&
    wire 1 class.close >out && jq -e ".closed == false and .of == 4" out && kept 1 triangles &&
    test_expect_code 2 on 1 jam class close --json 2>err && test_expect_code 2 on 1 jam class close --yes 2>err &&
    grep -e "--no-export" err && test_expect_code 2 on 1 jam class close --yes --export x.md --no-export && kept 1 triangles
'

test_expect_success 'what can not be kept stops the closing' '
    test_expect_code 1 on 1 jam class close --yes --export /nowhere/x.md 2>err && grep "can.t be written" err &&
    echo precious >x.md && test_expect_code 1 on 1 jam class close --yes --export x.md && grep precious x.md && kept 1 triangles && kept 3 triangles
'

test_expect_success 'it is erased on all machines that are on; the receipt says where it is not' '
    on 1 jam class close --yes --export kept.md --json >out && grep triangles kept.md &&
    sed -n 1p out | jq -e ".export.file == \"kept.md\"" &&
    sed -n 2p out | jq -e ".closed and .done == 3 and .of == 4 and (.behind | length) == 1" &&
    for i in 1 2 3; do
        has_ended $i && ! kept $i triangles && ! kept $i ana || return 1
    done && kept 4 triangles
'

test_expect_success 'the status names who has not erased it, in another class too' '
    says 1 status ".status.closings | length == 1 and .[0].class.name == \"Period 3\" and .[0].behind == [\"pc4\"]" &&
    on 1 jam status >out && grep "Period 3 is closed and erased on 3 of 4 machines; pc4 when" out
'

test_expect_success 'who wakes hears of it from any of them, and erases it too' '
    stop 1 && stop 2 && start 2 && start 4 && await "has_ended 4" && await "! kept 4 triangles" && ! kept 4 dina
'

test_expect_success 'the receipt is complete then' '
    start 1 && await "wire 1 class.close >out && jq -e \".done == 4 and .behind == []\" out" &&
    says 1 status ".status.closings == []"
'

test_expect_success 'who comes with its old words is told' '
    rm -rf "$JAM_ROOM/3/state.was" && stop 3 && mv "$JAM_ROOM/3/state" "$JAM_ROOM/3/was" && start 3 &&
    test_expect_code 1 on 3 jam class join $(cat "$JAM_ROOM/invite") 2>err && grep "has ended" err &&
    stop 3 && rm -rf "$JAM_ROOM/3/state" && mv "$JAM_ROOM/3/was" "$JAM_ROOM/3/state" && start 3
'

test_expect_success 'another class can be made, and joined' '
    wire 1 class.create "{\"name\": \"Period 4\", \"handle\": \"lee\", \"open\": true,
        \"passphrase\": \"cobweb item comet lamp domino\"}" >made && jq -r .invite made >"$JAM_ROOM/invite" &&
    enter 2 && on 2 jam class use Period 4 && sign_in 2 ana && on 2 jam start bridge && await "says 1 list \".jams[0].name == \\\"bridge\\\"\""
'

test_expect_success 'a machine that was long away, since before new words, is told as well; one wiped since is not waited for' '
    start_over() { rm -rf "$JAM_ROOM/$1/state" && start $1 && enter $1 && sign_in $1 pupil$1; } &&
    enter 4 && sign_in 4 dina && enter 3 && sign_in 3 ben && await "see_all 4" && on 4 jam start cave &&
    on 4 jam note "written in the cave" && await converged &&
    stop 4 && stop 3 && start_over 3 && await converged && teach && wire 1 class.rotate >out &&
    await "on 2 jam class invite --json | jq -e \".invite == \\\"$(jq -r .invite out)\\\"\"" &&
    on 1 jam class close --yes --no-export --json >out && jq -e ".done == 3 and .of == 4 and .behind == [\"pc4\"]" out &&
    stop 1 && stop 2 && stop 3 && start 2 && kept 4 "written in the cave" && start 4 &&
    await "! kept 4 \"written in the cave\"" && await "says 2 status \".status.closings == []\""
'

test_done
