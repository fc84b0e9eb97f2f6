#!/bin/sh
# A disk that keeps something else than what it was given. It is noticed, the database is set aside, what can be read of it is
# saved, the rest comes from the others, and people are told.
test_description='a damaged database'
ROOM=3
. "$(dirname "$0")/room.sh"

sit() { on "$1" jam hello "$2" --take-over; }
database() { ls "$JAM_ROOM/2/state"/class-*.db; }
asides() { ls "$JAM_ROOM/2/state" | grep -c 'damaged-[0-9]*$'; }
damage() { "$top/tests/e2e/damage.py" "$(database)" "$@"; }

# back: ben sits at machine 2 again, in the jam
back() {
    await "sit 2 ben" && await "on 2 jam join bridge || says 2 '' '.place.jam == \"bridge\"'"
}

# there TEXT...: machines 2 and 1 have it
there() {
    await "see_all 3" && await converged || return 1
    for text; do journal_has 2 bridge "$text" && journal_has 1 bridge "$text" || return 1; done
}

doctor_says() { # ID OK
    json 2 doctor
    ask 2 ".checks[] | select(.id == \"$1\") | .ok == $2"
}

# is_set_aside N: the N-th database of machine 2 is; people are told
is_set_aside() {
    [ "$(asides)" = "$1" ] && on 2 jam status >said && grep "was damaged" said &&
    test_expect_code 1 on 2 jam doctor >said && grep "damaged, and set aside" said && doctor_says damaged false
}

test_expect_success 'a room of three, and a log that fills many pages' '
    open_room 3 && sit 2 ben && on 2 jam start bridge && "$top/tests/e2e/damage.py" fill 2 ben bridge && await converged &&
    doctor_says damaged true && doctor_says kept true
'

n=0
for where in header interior leaf index payload view
do
    n=$((n + 1))
    test_expect_success "a bit flips while it is off: $where" '
        back && on 2 jam note "before the $where" && await converged && stop 2 && damage $where "before the $where" &&
        start 2 && is_set_aside $n && there "before the $where"
    '
done

test_expect_success 'what only this machine has is saved, though bits flip in what it has from others' '
    sit 1 ana && on 1 jam join bridge && on 1 jam note "from afar" && await converged && stop 1 && stop 3 && back &&
    on 2 jam note "told to nobody" && stop 2 && damage payload "from afar" && damage payload "rom afar" && start 2 &&
    is_set_aside 7 && start 1 && start 3 && there "from afar" "told to nobody"
'

# read_all: more than a daemon keeps in memory, so it reads its disk
read_all() { rm -f "$JAM_ROOM/all.jsonl" && on 2 jam class export "$JAM_ROOM/all.jsonl"; }

test_expect_success 'bits flip while it is on: it starts again by itself' '
    back && on 2 jam note "before it starts again" && await converged && before=$(cat "$JAM_ROOM/2/pid") && damage spread &&
    await "read_all; [ \$(asides) = 8 ]" && await "is_set_aside 8" && alive 2 && there "before it starts again"
'

for where in wal cut gone
do
    test_expect_success "what the WAL had comes back from the others: $where" '
        stop 2 && start 2 && await "see_all 3" && back && on 2 jam note "before the $where" && await converged && crash 2 &&
        if [ $where = gone ]; then rm "$(database)-wal"; else damage $where "before the $where"; fi &&
        start 2 && there "before the $where" && on 2 jam doctor >said && grep "lost what was saved" said && doctor_says kept false
    '
done

test_expect_success 'where not even the class can be read, the machine comes in again, and gets all' '
    back && on 2 jam note "before the first page" && await converged && stop 2 && damage first && start 2 &&
    [ "$(asides)" = 9 ] && grep "can.t be read: it is set aside" "$JAM_ROOM/2/log" && enter 2 && there "before the first page"
'

test_done
