# A room of machines with real daemons, for tests in git's way (sharness). A test sets ROOM to the number
# of its machines, sources this file, and finds itself inside a lab that nobody else sees.
#
#   start I [OPTIONS]   jamd at machine I, up to its `ready`      stop I, crash I    end it
#   on I CMD...         run a command at machine I                await 'CONDITION'  until it holds
#   make_class          machine 1 makes a class                   fill FROM TO       others start and join it
#   converged           all running machines hold the same        see_all N          ... and see N machines
#   sign_in I NAME ...  and `lab` with all that tools/lab can do

top=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin

if [ -z "$JAM_ROOM" ]; then # outside: make the lab, run this test again inside it, and tidy up
    JAM_ROOM=$(mktemp -d "${TMPDIR:-/tmp}/jam.XXXXXX") || exit 1
    JAM_LAB=$JAM_ROOM/lab
    export JAM_ROOM JAM_LAB
    if ! unshare --user --map-root-user --net true 2>/dev/null && ! unshare --net true 2>/dev/null; then
        rm -rf "$JAM_ROOM"
        echo "1..0 # SKIP this computer lets us make no namespaces"
        exit 0
    fi
    trap 'kill "$lab"; wait "$lab"; rm -rf "$JAM_ROOM"; exit 130' INT TERM HUP
    "$top/tools/lab" with "${ROOM:-1}" $ROOM_OPTIONS "$(cd "$(dirname "$0")" && pwd)/$(basename "$0")" "$@" &
    lab=$!
    wait "$lab"
    status=$?
    if [ "$status" != 0 ]; then
        { tail -n 200 "$JAM_ROOM/said"; tail -n 10 "$JAM_ROOM"/[0-9]*/log; } >&2 2>/dev/null
    fi
    [ -n "$KEEP" ] && echo "kept: $JAM_ROOM" >&2 || rm -rf "$JAM_ROOM"
    exit "$status"
fi

SHARNESS_TEST_DIRECTORY=$JAM_ROOM
SHARNESS_TEST_SRCDIR=$top/tests/e2e
SHARNESS_BUILD_DIRECTORY=$top/${JAM_BUILD:-build}
. /usr/share/sharness/sharness.sh
# what tests say is shown by the outer half if one fails
[ -n "$verbose" ] || exec 3>>"$JAM_ROOM/said" 4>&3
unset JAM_SOCKET NO_COLOR ACCESSIBLE
. "$top/tools/room.sh"

# open_room N: N machines in one class, everybody sees everybody
open_room() {
    start 1 && make_class && fill 2 "$1" && await "see_all $1"
}

sign_in() { on "$1" jam hello "$2"; }

# journal_has I JAM TEXT: as the one who sits there; if nobody does, somebody comes to read
journal_has() {
    says "$1" '' '.person != null' || sign_in "$1" "reader$1" >/dev/null
    json "$1" journal "$2" && jq -r '.journal[].text // empty' "$JAM_ROOM/$1/json" >"$JAM_ROOM/$1/texts" &&
        grep -qxF "$3" "$JAM_ROOM/$1/texts"
}

# wire I METHOD [JSON]: asks machine I's daemon itself; prints the result as JSON
wire() { on "$1" python3 "$top/tools/wire.py" "$JAM_ROOM/$1/socket" "$2" "${3:-{\}}"; }
