#!/bin/sh
# What jamd is told and can't do: it says why, ends with the right status, and harms nobody.
test_description='a daemon that cannot start says why'
ROOM=1
. "$(dirname "$0")/room.sh"

# refuses STATUS OPTIONS...: jamd ends by itself with a sentence and never says ready
refuses() {
    want=$1 &&
    shift &&
    test_expect_code "$want" at 1 timeout 60 jamd "$@" >out 2>said && ! grep -q ready out && test -s said
}

test_expect_success 'wrong usage is exit 2' '
    mkdir state && refuses 2 --frobnicate && refuses 2 --state && refuses 2 --state state --socket s extra &&
    refuses 2 --state state --socket s --listen nonsense:port &&
    refuses 2 --state state --socket s --peer host:99999
'

test_expect_success 'help and version' '
    at 1 jamd --help >out && grep -e --state out && at 1 jamd --version >out && test -s out
'

test_expect_success 'a second daemon on the same state is refused, the first goes on' '
    start 1 && make_class && refuses 1 --state "$JAM_ROOM/1/state" --socket "$JAM_ROOM/other" &&
    grep "Another jamd already uses " said && on 1 jam status >out
'

test_expect_success 'a socket that is in use is refused, the first goes on' '
    mkdir state2 && refuses 1 --state state2 --socket "$JAM_ROOM/1/socket" && grep " can.t be used: " said && on 1 jam status >out
'

test_expect_success 'a socket left behind by a crash is taken over' '
    crash 1 && test -S "$JAM_ROOM/1/socket" && start 1 && on 1 jam status >out
'

test_expect_success 'a file that is no socket stays what it is' '
    echo precious >file && refuses 1 --state state2 --socket file && grep precious file
'

test_expect_success 'a socket path that is too long, or nowhere' '
    refuses 1 --state state2 --socket "$JAM_ROOM/$(printf "%0120d" 1)" &&
    refuses 1 --state state2 --socket "$JAM_ROOM/no/such/folder/socket"
'

test_expect_success 'a state folder that is a file' '
    refuses 1 --state file --socket s && grep precious file
'

test_expect_success 'a folder that cannot be written' '
    mkdir readonly && mount -t tmpfs -o ro none readonly &&
    refuses 1 --state readonly --socket s && refuses 1 --state readonly/state --socket s &&
    refuses 1 --state state2 --socket readonly/socket
'

test_expect_success 'a port that is taken' '
    port=$(port_of 1) && refuses 1 --state state2 --socket s --listen 0.0.0.0:$port || test -s out
'

test_expect_success 'a device key that was erased, but not unlinked, is none' '
    crash 1 && key=$JAM_ROOM/1/state/device.key && dd if=/dev/zero of="$key" bs=1 count=32 conv=notrunc && start 1 &&
    test "$(head -c 32 "$key" | tr -d "\\0" | wc -c)" -gt 16
'

test_expect_success 'a state folder full of nonsense: set aside or refused, never deleted' '
    crash 1 && mkdir kept && cp -r "$JAM_ROOM/1/state" kept &&
    for file in $(find "$JAM_ROOM/1/state" -type f -name "*.db")
    do
        printf "this was a database" >"$file" || return 1
    done &&
    launch 1 && await "grep -q ready \"$JAM_ROOM/1/out\" || ! alive 1" && alive 1 &&
    grep -rl "this was a database" "$JAM_ROOM/1/state" >found && test -s found
'

test_done
