#!/bin/sh
# A disk that turns read-only, as a kernel makes one that it found broken: writes are refused with a sentence, nothing that was
# said to be saved is lost, and all works again once it can be written.
test_description='a disk that turns read-only'
ROOM=2
. "$(dirname "$0")/room.sh"

sit() { on "$1" jam hello "$2" --take-over; }
state=$JAM_ROOM/2/state
flag=$JAM_ROOM/read-only
start_over() { # machine 2, on the disk that turns read-only while the flag is there
    (export LD_PRELOAD="$SHARNESS_BUILD_DIRECTORY/readonly.so" JAM_READ_ONLY="$flag"; start 2)
}
# has I TEXT...
has() {
    has_=$1
    shift
    for text; do await "journal_has $has_ bridge '$text'" || return 1; done
}

test_expect_success 'a room of two' '
    mkdir -p "$state" && mount -t tmpfs -o size=30m none "$state" && start 1 && make_class && start_over && enter 2 &&
    await "see_all 2" && sit 1 ana && on 1 jam start bridge && await "sit 2 ben" && await "on 2 jam join bridge" &&
    on 2 jam note before
'

test_expect_success 'what cannot be written is refused in a sentence; reading goes on' '
    : >"$flag" && test_expect_code 1 on 2 jam note refused 2>said && cat said && grep -i "disk" said && alive 2 &&
    has 2 before && json 2 status && ask 2 ".status.disk != null" && on 2 jam status >said && grep -i disk said &&
    test_expect_code 1 on 2 jam doctor >said && grep "disk can.t take" said && on 1 jam note meanwhile && await "see_all 2"
'

test_expect_success 'once it can be written it goes on, and nothing is missing' '
    rm "$flag" && await "on 2 jam note after" && await converged && has 1 before after meanwhile && has 2 before after meanwhile &&
    ! journal_has 2 bridge refused && ! journal_has 1 bridge refused && await "says 2 status \".status.disk == null\""
'

test_expect_success 'killed while it was read-only: what was said to be saved is there' '
    await "sit 2 ben" && await "on 2 jam join bridge || says 2 \"\" \".place.jam == \\\"bridge\\\"\"" && on 2 jam note last &&
    : >"$flag" && test_expect_code 1 on 2 jam note "refused too" && crash 2 && rm "$flag" && start_over && await "see_all 2" &&
    await converged && has 2 before after meanwhile last && has 1 last && ! journal_has 2 bridge "refused too"
'

test_expect_success 'it does not start on a disk that is read-only, says why, and does once it is not' '
    stop 2 && mount -o remount,ro "$state" && launch 2 && await "! alive 2" && tail -n 2 "$JAM_ROOM/2/log" >said && cat said &&
    grep -i "disk\|read-only" said && mount -o remount,rw "$state" && start 2 && await "see_all 2" && await converged && has 2 last
'

test_done
