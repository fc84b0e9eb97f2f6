#!/bin/sh
# A disk that keeps something else than what it was given. It is noticed, the database is set aside, what can be read of it is
# saved, the rest comes from the others, and people are told.
test_description='a damaged database'
ROOM=3
. "$(dirname "$0")/room.sh"

database() { ls "$JAM_ROOM/2/state"/class-*.db; }
asides() { ls "$JAM_ROOM/2/state" | grep -c 'damaged-[0-9]*$'; }

# write FROM TO: as ben, at machine 2
write() { python3 "$top/tests/e2e/many_notes.py" 2 "$@"; }

# all_there TEXT...: what ben was told is saved is at machines 2 and 1
all_there() {
    await "see_all 3" && await "converged" &&
    for text; do await "journal_has 2 bridge '$text'" && await "journal_has 1 bridge '$text'" || return 1; done
}

# set_aside: there is one more than before, and status and doctor say so; machine 2 works
set_aside() {
    before=$((before + 1))
    await "[ \$(asides) = $before ]" && grep "is damaged" "$JAM_ROOM/2/log" &&
    on 2 jam status >said && grep "damaged" said &&
    test_might_fail on 2 jam doctor >said && grep "damaged" said &&
    await "sit 2 ben" && await "on 2 jam join bridge"
}
before=0

sit() { on "$1" jam hello "$2" --take-over; }

test_expect_success 'a room of three' '
    open_room 3 && sit 2 ben && on 2 jam start bridge && write 1 400 && on 2 jam note first && await converged
'

for where in header interior leaf index payload view
do
    test_expect_success "a bit of its $where flips while it is off" '
        await "sit 2 ben" && await "on 2 jam join bridge" && on 2 jam note "before the $where" && await converged && stop 2 &&
        python3 "$top/tests/e2e/damage.py" "$(database)" $where "before the $where" && start 2 && set_aside &&
        all_there first "before the $where"
    '
done

test_done
