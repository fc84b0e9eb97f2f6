#!/bin/sh
# Addresses change while everything runs: a peer is a key, never an address.
test_description='addresses change while everything runs'
ROOM=3
. "$(dirname "$0")/room.sh"

test_expect_success 'a room of three' '
    open_room 3 && sign_in 1 ana && on 1 jam start bridge
'

test_expect_success 'a machine with a new address is the same machine' '
    lab address 3 10.77.0.103 && sign_in 3 ben && await "on 3 jam join bridge" &&
    on 3 jam note "from a new address" && await "journal_has 1 bridge \"from a new address\"" &&
    await "see_all 3" && await converged
'

test_expect_success 'two machines swap their addresses' '
    lab address 1 10.77.0.201 && lab address 2 10.77.0.1 && lab address 1 10.77.0.2 &&
    on 1 jam note "after the swap" && await "journal_has 2 bridge \"after the swap\"" &&
    await "journal_has 3 bridge \"after the swap\"" && await "see_all 3" && await converged
'

test_done
