# The verbs of a room of machines with real daemons, for the tests, the demonstration and the bench. Who
# sources this file has set: top (the checkout), JAM_ROOM (a folder for sockets, states and logs), PATH with
# jam and jamd in it, and JAM_LAB if the machines are in a lab; without it they are all on this computer.

lab() { "$top/tools/lab" "$@"; }

# at I CMD...: run it at machine I (like `lab run`, and cheaper)
at() {
    at_=$1
    shift
    if [ -n "$JAM_LAB" ]; then
        nsenter "--net=$JAM_LAB/net/$at_" "--uts=$JAM_LAB/uts/$at_" -- "$@"
    else
        "$@"
    fi
}

# on I CMD...: the same, as somebody who sits there
on() {
    on_=$1
    shift
    JAM_SOCKET=$JAM_ROOM/$on_/socket at "$on_" "$@"
}

# await 'CONDITION' [SECONDS]: the limit is generous, so that only a fault meets it
await() {
    await_end=$(($(date +%s) + ${2:-60}))
    until eval "$1" 2>/dev/null; do
        if [ "$(date +%s)" -gt "$await_end" ]; then
            echo "waited in vain for: $1"
            return 1
        fi
        sleep 0.1
    done
}

alive() { [ -e "$JAM_ROOM/$1/pid" ] && kill -0 "$(cat "$JAM_ROOM/$1/pid")" 2>/dev/null; }

# launch I [OPTIONS]: jamd at machine I, without waiting for it; through $launch_by, if that is a command
launch() {
    launch_=$JAM_ROOM/$1
    mkdir -p "$launch_/state"
    : >"$launch_/out"
    launch_i=$1
    shift
    set -- $launch_by jamd --state "$launch_/state" --socket "$launch_/socket" "$@"
    # no function and no list in the background: $! is to be jamd itself
    [ -z "$JAM_LAB" ] ||
        set -- nsenter "--net=$JAM_LAB/net/$launch_i" "--uts=$JAM_LAB/uts/$launch_i" -- "$@"
    "$@" >"$launch_/out" 2>>"$launch_/log" </dev/null 3>&- 4>&- 5>&- 6>&- &
    echo $! >"$launch_/pid"
}

start() {
    launch "$@" && await "grep -q ready '$JAM_ROOM/$1/out' || ! alive $1" && alive "$1"
}

end_by() { # SIGNAL I
    kill "-$1" "$(cat "$JAM_ROOM/$2/pid")" && await "! alive $2" && rm "$JAM_ROOM/$2/pid"
}
stop() { end_by TERM "$1"; }
crash() { end_by KILL "$1"; }

# running: the machines whose daemon runs
running() {
    for running_ in "$JAM_ROOM"/[0-9]*/pid; do
        running_=${running_%/pid}
        ! alive "${running_##*/}" || echo "${running_##*/}"
    done
}

# json I CMD...: a jam command's JSON into $JAM_ROOM/I/json, for ask
json() {
    json_=$1
    shift
    on "$json_" jam "$@" --json >"$JAM_ROOM/$json_/json"
}

# ask I FILTER: does jq's filter hold for the JSON of the last `json I`?
ask() { jq -e "$2" "$JAM_ROOM/$1/json" >/dev/null; }

# says I 'CMD' FILTER: both in one, for await
says() { json "$1" $2 && ask "$1" "$3"; }

# found I NAME [OPTIONS]: machine I makes a class, whose teacher is lee; its JSON is there for ask
found() {
    found_=$1
    echo 'cobweb item comet lamp domino' >"$JAM_ROOM/words"
    shift
    json "$found_" class create "$@" --as lee --passphrase-file "$JAM_ROOM/words"
}

# make_class [NAME] [OPTIONS]: at machine 1. The teacher is signed out again, and nobody else needs a passphrase here.
make_class() {
    make_class_=${1:-Period 3}
    [ "$#" = 0 ] || shift
    found 1 "$make_class_" --open "$@" &&
        jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" && [ -s "$JAM_ROOM/invite" ] &&
        on 1 jam bye >/dev/null
}

# teach: the teacher signs in at machine 1
teach() { on 1 jam hello lee --passphrase-file "$JAM_ROOM/words"; }

enter() { # I: the class, by its words
    on "$1" jam class join $(cat "$JAM_ROOM/invite")
}

# fill FROM TO [OPTIONS]: these machines start and join the class, two at a time
fill() {
    fill_i=$1
    fill_to=$2
    shift 2
    while [ "$fill_i" -le "$fill_to" ]; do
        start "$fill_i" "$@" && enter "$fill_i" &
        fill_a=$!
        fill_b=
        if [ $((fill_i + 1)) -le "$fill_to" ]; then
            start $((fill_i + 1)) "$@" && enter $((fill_i + 1)) &
            fill_b=$!
        fi
        wait "$fill_a" || return 1
        [ -z "$fill_b" ] || wait "$fill_b" || return 1
        fill_i=$((fill_i + 2))
    done
}

# port_of I: where the inbox of machine I's class listens
port_of() {
    at "$1" ss -Hlnt >"$JAM_ROOM/$1/ports" && awk 'NR == 1 { sub(/.*:/, "", $4); print $4 }' "$JAM_ROOM/$1/ports"
}

# see_all N [I...]: each running machine (or these) knows of N machines here, counting itself
see_all() {
    see_n=$1
    shift
    for see_i in ${*:-$(running)}; do
        says "$see_i" status "[.status.machines[] | select(.state == \"here\")] | length + 1 == $see_n" || return 1
    done
}

# converged [I...]: all running machines (or these) have the same entries, and made the same of them
converged() {
    : >"$JAM_ROOM/digests"
    for converged_ in ${*:-$(running)}; do
        json "$converged_" status || return 1
        jq -c '[.status.fingerprint, .status.views]' "$JAM_ROOM/$converged_/json" >>"$JAM_ROOM/digests"
    done
    [ -s "$JAM_ROOM/digests" ] && ! grep -q null "$JAM_ROOM/digests" &&
        [ "$(sort -u "$JAM_ROOM/digests" | wc -l)" = 1 ]
}
