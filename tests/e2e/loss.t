#!/bin/sh
# A bad switch loses every fifth packet.
test_description='a fifth of all packets is lost'
ROOM=4
. "$(dirname "$0")/room.sh"

test_expect_success 'they find each other all the same' '
    lab loss 20 && start 1 && make_class && fill 2 4 && await "see_all 4" 120
'

test_expect_success 'what is written arrives everywhere' '
    sign_in 1 ana && sign_in 3 ben && on 1 jam start bridge && await "on 3 jam join bridge" 120 &&
    for i in $(test_seq 1 20)
    do
        on 1 jam note "note $i" && on 3 jam note "answer $i" || return 1
    done &&
    await converged 120 && journal_has 4 bridge "answer 20"
'

test_expect_success 'and nobody is taken for gone once the switch is mended' '
    lab loss 0 && await "see_all 4"
'

test_done
