#!/bin/sh
# Daemons are killed in the middle of everything. What was acknowledged is there afterwards.
test_description='kill -9, and start again'
ROOM=3
. "$(dirname "$0")/room.sh"

test_expect_success 'a room of three' '
    open_room 3 && sign_in 2 ana && on 2 jam start bridge && sign_in 1 ben && sign_in 3 chloe &&
    await "on 1 jam join bridge"
'

# write at machine 2 until it is killed; what jam said yes to goes into acknowledged
write_on() {
    n=0
    while on 2 jam note "round $1, note $n" >/dev/null 2>&1
    do
        echo "round $1, note $n" >>"$JAM_ROOM/acknowledged"
        n=$((n + 1))
    done
}

test_expect_success 'five times killed while it writes, five times started' '
    : >"$JAM_ROOM/acknowledged" &&
    for round in 1 2 3 4 5
    do
        before=$(wc -l <"$JAM_ROOM/acknowledged") &&
        write_on $round &
        writer=$! &&
        await "test \$(wc -l <\"$JAM_ROOM/acknowledged\") -ge $((round * 7))" &&
        crash 2 && wait $writer
        start 2 && sign_in 2 ana && test_might_fail on 2 jam back || return 1
    done
'

test_expect_success 'every acknowledged note is at every machine' '
    await "see_all 3" && await converged &&
    for i in 1 2 3
    do
        json $i journal bridge && jq -r ".journal[].text // empty" "$JAM_ROOM/$i/json" >texts &&
        sort texts >sorted && sort "$JAM_ROOM/acknowledged" >wanted &&
        comm -13 sorted wanted >lost && test_must_be_empty lost || return 1
    done
'

test_expect_success 'all killed at once: all of it is there after the power cut' '
    crash 1 && crash 2 && crash 3 && start 1 && start 2 && start 3 &&
    await "see_all 3" && await converged && journal_has 3 bridge "round 1, note 0"
'

test_done
