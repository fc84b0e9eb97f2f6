# What the attacks' tests share: a room of three honest machines, and machine 4, at which nobody's daemon runs. To be sourced
# after room.sh.
#
#   attack NAME [OPTIONS]     the whole attack, from machine 4, at all three; what it says is in $JAM_ROOM/said-NAME
#   begin NAME [OPTIONS]      the same, until `end`; it is under way when this returns
#   at_work                   all three run, see each other, and a note passes
#   unharmed                  and, once an attack is over, they hold the same
#   quick                     an op passes in at most twice the time of an idle room
#   quick_for_long            the same, measured over some seconds
#   grown I KB                machine I's memory has grown by less than this since `weigh`
#   lines I N                 its log has fewer than N lines more

attack_run() { # NAME OPTIONS...: in the place of this shell
    name=$1
    shift
    set -- "$name" $targets "$@"
    [ -n "$no_words" ] || set -- "$@" --invite "$(cat "$JAM_ROOM/invite")"
    exec nsenter "--net=$JAM_LAB/net/${from:-4}" "--uts=$JAM_LAB/uts/${from:-4}" -- \
        hostile "$@" >"$JAM_ROOM/said-$name" 2>&1 </dev/null 3>&- 4>&- 5>&- 6>&-
}

# the inboxes' ports, asked once
targets_of() {
    targets=
    for attack_i in "$@"; do
        targets="$targets --to 10.77.0.$attack_i:$(port_of "$attack_i")"
    done
}

attack() { (attack_run "$@") || { cat "$JAM_ROOM/said-$1" && return 1; }; }

begin() {
    [ -z "$attacker" ] || kill "$attacker" 2>/dev/null # what a failed test left
    begun=$1
    (attack_run "$@") &
    attacker=$!
    await "grep -q 'under way' '$JAM_ROOM/said-$begun' || ! kill -0 $attacker" && kill -0 "$attacker"
}

end() {
    kill -0 "$attacker" && kill "$attacker" && { wait "$attacker" || attacker=; }
}

rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(cat "$JAM_ROOM/$1/pid")/status"; }
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$(cat "$JAM_ROOM/$1/pid")/status"; }
fds() { ls "/proc/$(cat "$JAM_ROOM/$1/pid")/fd" | wc -l; }
ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "$JAM_ROOM/$1/pid")/stat"; }

weigh() {
    for weigh_i in 1 2 3; do
        rss $weigh_i >"$JAM_ROOM/$weigh_i/rss" && wc -l <"$JAM_ROOM/$weigh_i/log" >"$JAM_ROOM/$weigh_i/lines"
    done
}
grown() {
    grown_=$(($(rss "$1") - $(cat "$JAM_ROOM/$1/rss"))) && echo "machine $1 grew by $grown_ kB" && [ "$grown_" -lt "$2" ]
}
lines() {
    lines_=$(($(wc -l <"$JAM_ROOM/$1/log") - $(cat "$JAM_ROOM/$1/lines"))) && echo "machine $1 logged $lines_ lines" &&
        [ "$lines_" -lt "$2" ]
}
bounded() { # KB LINES: all three
    for bounded_i in 1 2 3; do
        grown $bounded_i "$1" && lines $bounded_i "$2" || return 1
    done
}

# sees I J...: machine I has these hosts here
sees() {
    sees_i=$1
    shift
    json "$sees_i" status || return 1
    for sees_j in "$@"; do
        ask "$sees_i" "[.status.machines[] | select(.host == \"pc$sees_j\" and .state == \"here\")] | length == 1" || return 1
    done
}

note_passes() {
    unharmed_n=$((unharmed_n + 1))
    on 1 jam note "still $unharmed_n" >/dev/null && await "journal_has 3 bridge 'still $unharmed_n'" 30
}

at_work() {
    alive 1 && alive 2 && alive 3 && await "sees 1 2 3 && sees 2 1 3 && sees 3 1 2" && note_passes
}
unharmed() { at_work && await "converged 1 2 3"; }

# the median of so many notes' ways from machine 1 to a watch at machine 3, in microseconds
latency() { "$top/tests/e2e/hostile.py" latency "$JAM_ROOM/1/socket" "$JAM_ROOM/3/socket" "${1:-20}"; }

# at least 30 ms are allowed: below that the computer's other work decides
quick() {
    quick_=$(latency) && echo "$quick_ us, idle $idle us" &&
        [ "$quick_" -lt $((2 * idle > 30000 ? 2 * idle : 30000)) ]
}

# the same for what stops a machine now and then: three of four notes, a tenth of a second apart
quick_for_long() {
    quick_=$("$top/tests/e2e/hostile.py" latency "$JAM_ROOM/1/socket" "$JAM_ROOM/3/socket" 40 100) &&
        echo "$quick_ us, idle $idle us" && [ "$quick_" -lt $((2 * idle > 30000 ? 2 * idle : 30000)) ]
}

open_attack_room() {
    open_room 3 && sign_in 1 ana && sign_in 2 ben && sign_in 3 chloe && on 1 jam start bridge &&
        await "on 3 jam join bridge" && await "converged 1 2 3" && targets_of 1 2 3 && idle=$(latency) && weigh
}
