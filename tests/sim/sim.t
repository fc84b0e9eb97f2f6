#!/bin/sh
# Simulated rooms: anything fails, then a core is healed and must come together with all that was acknowledged. The same seeds for
# everybody: what they do changes with every line of the core, and what passed once passes again. Fresh ones: make sim. Then the
# seeds that ever failed. What a seed did: build/simulated/sim --seed N.
cd "$(dirname "$0")/../.." || exit 1
sim=build/simulated/sim
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
failures=0

result() { # STATUS NUMBER NAME
    if [ "$1" = 0 ]; then
        echo "ok $2 - $3"
    else
        echo "not ok $2 - $3"
        grep -A 3 FAILED "$said" >&2
        failures=1
    fi
}

$sim --first 1 --seeds "${SEEDS:-200}" --minutes 3 --jobs 1 --quiet >"$said"
result $? 1 "all holds in ${SEEDS:-200} rooms"
sed 's/^/# /' "$said"

status=0
# each line: what the program is to be told; # begins a comment
while read -r line; do
    set -- ${line%%#*}
    [ $# = 0 ] || $sim --silent --seed "$@" >>"$said" || { echo "FAILED: --seed $*" >>"$said"; status=1; }
done <tests/sim/seeds.txt
result $status 2 'all holds in the seeds that failed once'
echo 1..2
exit $failures
