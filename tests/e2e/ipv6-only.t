#!/bin/sh
# A room without any IPv4 address: link-local IPv6 is enough.
test_description='a room with IPv6 only'
ROOM=3
ROOM_OPTIONS=--ipv6-only
. "$(dirname "$0")/room.sh"

test_expect_success 'there is no IPv4 here' '
    at 2 ip -4 address show dev eth0 >found && ! grep inet found
'

test_expect_success 'they find each other and hold the same' '
    open_room 3 && sign_in 2 ana && on 2 jam start bridge && await converged &&
    says 3 list ".jams[0].name == \"bridge\""
'

test_expect_success 'a cable that was out comes back here too' '
    lab cut 3 && await "see_all 2 1 2" && lab join 3 && await "see_all 3"
'

test_done
