#!/bin/sh
# A room works for long: a random lesson, cables that come and go, daemons that are killed, stopped and asleep. Afterwards
# all hold the same, and nobody grew beyond what the log explains. SOAK_MINUTES, SOAK_ROOM, SOAK_SEED choose another one.
test_description='a long lesson with cables cut and daemons killed'
ROOM=${SOAK_ROOM:-8}
. "$(dirname "$0")/room.sh"

soak() { "$top/tests/e2e/soak.py" "$@"; }
show() { sed 's/^/# /' "$1" >&5; }

test_expect_success "a room of $ROOM" 'open_room $ROOM'

test_expect_success "a lesson of ${SOAK_MINUTES:-5} minutes, in which anything happens" '
    seed=${SOAK_SEED:-$(date +%s)} &&
    soak run $ROOM $((${SOAK_MINUTES:-5} * 60)) $seed "$JAM_ROOM/samples" >lesson && show lesson
'

test_expect_success 'in the end all are here, and hold the same' '
    await "see_all $ROOM" 300 && await converged 300 && json 1 status &&
    ask 1 ".status.entries > 100 and .status.waiting == 0 and .status.forks == [] and .status.lacking == []"
'

test_expect_success 'none grew beyond what the log explains' '
    test_might_fail soak judge "$JAM_ROOM/samples" >grown && show grown && soak judge "$JAM_ROOM/samples"
'

test_done
