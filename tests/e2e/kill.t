#!/bin/sh
# Daemons are killed hundreds of times, at any instant, while several clients write through each. KILLS and KILL_SEED
# choose another number and another order; every thousand kills the room begins anew.
test_description='SIGKILL at random instants under load'
ROOM=4
. "$(dirname "$0")/room.sh"

killer() { "$top/tests/e2e/kill.py" "$@"; }

stop_all() { for i in $(running); do stop $i || return 1; done; }

# A room whose disks are empty: nobody in it knows of the one before.
begin() {
    rm -rf "$JAM_ROOM"/[0-9]* && : >"$JAM_ROOM/record" && open_room $ROOM && sign_in 1 pupil1 && on 1 jam start bridge &&
    await converged
}

left=${KILLS:-200}
while [ "$left" -gt 0 ]
do
    now=$((left < 1000 ? left : 1000))
    left=$((left - now))

    test_expect_success "a room of $ROOM" begin

    test_expect_success "$now times killed while they write, and started" '
        seed=${KILL_SEED:-$(date +%s)} && killer run $ROOM $now "$seed $left" "$JAM_ROOM/record" >out &&
        sed "s/^/# /" out >&5
    '

    test_expect_success 'what was acknowledged is everywhere, once' '
        await "see_all $ROOM" && await converged 300 && stop_all && killer judge $ROOM "$JAM_ROOM/record"
    '
done

test_done
